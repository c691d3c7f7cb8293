package io.kelpie.jmh.door;

/**
 * What one run did, as the client program tells.
 *
 * @param seconds how long it lasted
 * @param requests requests that were answered
 * @param bytes payload of them, both directions
 */
record Result(double seconds, long requests, long bytes) {
    double requestsPerSecond() {
        return requests / seconds;
    }

    double mebibytesPerSecond() {
        return bytes / seconds / (1 << 20);
    }
}
