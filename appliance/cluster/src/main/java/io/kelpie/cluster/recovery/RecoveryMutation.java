package io.kelpie.cluster.recovery;

/**
 * Rules that the simulator takes out one at a time, to prove that it would notice. A cluster that
 * keeps data has none of them.
 */
public enum RecoveryMutation {
    /** The addition is requested when the copies arrived, not the writes sent behind them. */
    ADD_EARLY,
    /** A learner whose addition is requested is not asked for its lease. */
    LEASE_SYNC_ONLY,
    /** What the learner has and the primary has not is left there. */
    FORGET_TOMBSTONES,
    /** Copies are purged as soon as the map does not name the node for their group. */
    PURGE_AT_ONCE
}
