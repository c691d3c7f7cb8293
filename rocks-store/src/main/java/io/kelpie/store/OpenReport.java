package io.kelpie.store;

/**
 * What was found when a store was opened.
 *
 * @param previousEnd how the store was left
 * @param replayedBytes size of the logs that were replayed
 * @param lossAccepted synced writes were missing, and were given up because the caller said so
 * @param tookNanos how long opening took
 * @param storeId random id given to the store when it was created
 */
public record OpenReport(
        PreviousEnd previousEnd,
        long replayedBytes,
        boolean lossAccepted,
        long tookNanos,
        java.util.UUID storeId) {
    /** How a store was left. */
    public enum PreviousEnd {
        /** The store is new. */
        NONE,
        /** It was closed: everything written is there. */
        CLEAN,
        /**
         * The process ended without closing it: everything acknowledged is there, synced or not.
         */
        PROCESS_CRASH,
        /**
         * The host ended, or may have ended, without closing it: everything synced is there, later
         * writes may be missing.
         */
        HOST_CRASH
    }
}
