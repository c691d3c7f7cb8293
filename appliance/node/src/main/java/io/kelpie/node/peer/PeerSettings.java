package io.kelpie.node.peer;

import io.kelpie.cluster.model.PeerId;

/**
 * What the way to the other nodes needs to know.
 *
 * @param self this process
 * @param underWayBytes most bytes that wait for one connection's socket; one more drops the
 *     connections to that node
 * @param receiveBytes most bytes of messages of all nodes that are received but not yet in the
 *     hands of the core
 */
public record PeerSettings(PeerId self, long underWayBytes, long receiveBytes) {
    private static final long DEFAULT_UNDER_WAY_BYTES = 64L << 20;
    private static final long DEFAULT_RECEIVE_BYTES = 256L << 20;

    /** Checks the bounds. */
    public PeerSettings {
        if (underWayBytes < 1 || receiveBytes < 1) {
            throw new IllegalArgumentException(
                    "bounds are at least 1 byte, not " + underWayBytes + " and " + receiveBytes);
        }
    }

    /**
     * The usual bounds.
     *
     * @param self this process
     * @return the settings
     */
    public static PeerSettings of(PeerId self) {
        return new PeerSettings(self, DEFAULT_UNDER_WAY_BYTES, DEFAULT_RECEIVE_BYTES);
    }
}
