package io.kelpie.wire.peer;

/**
 * Bytes that cannot be a frame, a message or a record of the nodes: damaged, too short, too long or
 * of a version that is not known. The only exception that decoding foreign bytes may throw. A
 * connection they came from is of no further use.
 */
public final class PeerFormatException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates the error.
     *
     * @param message what was wrong, with the value found and the value expected
     */
    public PeerFormatException(String message) {
        super(message);
    }
}
