package io.kelpie.simulator;

/**
 * One event in the history of a register, which is a block of a virtual disk. Events are in the
 * order in which they happened.
 *
 * @param kind what happened
 * @param operation the operation or the flush it happened to, at least 0; equal numbers belong
 *     together; 0 for a power loss
 * @param value what is written or was read; 0 for a block of zeros
 * @param flags {@link #DURABLE} and {@link #UNCERTAIN} for a write
 */
record RegisterEvent(Kind kind, int operation, long value, int flags) {
    /** The write is on disk when it is acknowledged. */
    static final int DURABLE = 1;
    /** The write was never acknowledged: it took effect before its end, or never does. */
    static final int UNCERTAIN = 2;

    static RegisterEvent of(Kind kind, int operation) {
        return new RegisterEvent(kind, operation, 0, 0);
    }

    boolean isDurable() {
        return (flags & DURABLE) != 0;
    }

    boolean isUncertain() {
        return (flags & UNCERTAIN) != 0;
    }

    /** What can happen to a register. */
    enum Kind {
        /** A client calls for a write. */
        WRITE_START,
        /** A client calls for a read whose answer is known to the history. */
        READ_START,
        /** A write or read has its answer, or its process has died. */
        END,
        /** A client calls for a flush. */
        FLUSH_START,
        /** The flush is answered: it covers the writes acknowledged before it started. */
        FLUSH_END,
        /** Power fails: what was not synced is lost, newest first. */
        POWER_LOSS
    }
}
