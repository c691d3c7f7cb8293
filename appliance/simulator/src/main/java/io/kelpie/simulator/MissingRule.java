package io.kelpie.simulator;

/**
 * A rule of the core that a run leaves out; each must be noticed, or the checkers or the workload
 * have a hole. Named as the model in {@code cluster.md} 20 names the absence.
 */
enum MissingRule {
    NO_FENCE,
    UNILATERAL,
    NO_ROLLFORWARD,
    ACK_BEFORE_SYNC,
    READ_DIRTY,
    NO_LEASE,
    NO_GRANT_WAIT,
    NO_DEDUP,
    NO_OPID_LEVEL,
    NO_PREV_CHECK,
    STALE_AUTHORITY,
    TRIM_AT_ONCE,
    UNCLEAN,
    NO_INCARNATION,
    NO_BOOT_WAIT,
    ADD_WITHOUT_EPOCH_CHECK,
    ADD_EARLY,
    LEASE_SYNC_ONLY,
    FORGET_TOMBSTONES,
    PURGE_AT_ONCE
}
