package io.kelpie.cluster.replication;

/**
 * A rule without which replication lies. The model in {@code design/model} has a counterexample for
 * the absence of each; the simulator switches them off one by one and must find it. In brackets the
 * model's name for the absence.
 */
public enum Rule {
    /** A member acts only on messages of its own partition epoch (NO_FENCE). */
    FENCE,
    /** Only a map takes a silent member out of the set whose word is needed (UNILATERAL). */
    UNANIMITY,
    /** A new primary brings all copies level before it serves (NO_ROLLFORWARD). */
    ROLL_FORWARD,
    /** An acknowledgement follows the sync (ACK_BEFORE_SYNC). */
    ACKNOWLEDGE_AFTER_SYNC,
    /** A read waits for overlapping writes that are not committed (READ_DIRTY). */
    CLEAN_READ,
    /** A read is answered only under a lease, checked after the data was read (NO_LEASE). */
    LEASE,
    /** A member helps nobody take over while a lease it granted may be in use (NO_GRANT_WAIT). */
    GRANT_WAIT,
    /** A retried operation that took effect is recognised (NO_DEDUP). */
    DEDUP,
    /** Peering and pushes carry operation ids (NO_OPID_LEVEL). */
    LEVEL_OPERATIONS,
    /** A replica applies a write only on top of the one before (NO_PREV_CHECK). */
    PREVIOUS_CHECK,
    /** Only in-sync members vote in peering (STALE_AUTHORITY). */
    SYNC_AUTHORITY,
    /** A line of the log outlives its write's commit by a minute (trimmed at once). */
    LOG_KEPT
}
