// Kelpie, Apache-2.0.
package io.kelpie.nbd;

/**
 * What client and server agreed on in the handshake about the transmission phase.
 *
 * @param replies the form of replies, and with it of requests
 * @param hasAllocation whether the client selected {@code base:allocation} for this export, so that
 *     it may send BLOCK_STATUS
 */
record Terms(Replies replies, boolean hasAllocation) {

    /** The three forms of replies; each understands what the one before does. */
    enum Replies {
        /** One reply, READ with all its bytes. */
        SIMPLE,
        /** READ and BLOCK_STATUS in chunks, errors with a text. */
        STRUCTURED,
        /** Everything in chunks, lengths of 64 bits in both directions. */
        EXTENDED
    }

    /** The terms of a client that asked for nothing. */
    static final Terms SIMPLE = new Terms(Replies.SIMPLE, false);

    /** Returns whether replies may come in chunks. */
    boolean isChunked() {
        return replies != Replies.SIMPLE;
    }

    /** Returns whether headers are the extended ones. */
    boolean isExtended() {
        return replies == Replies.EXTENDED;
    }
}
