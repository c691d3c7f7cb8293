package io.kelpie.cluster.membership;

/**
 * Rules that the simulator takes out one at a time, to prove that it would notice. A cluster that
 * keeps data has none of them.
 */
public enum Mutation {
    /** When all in-sync members of a group are dead, somebody else takes over by itself. */
    UNCLEAN,
    /** A restarted process goes on under the old partition epochs. */
    NO_INCARNATION,
    /** A restarted process takes part in takeovers at once, though it forgot what it granted. */
    NO_BOOT_WAIT,
    /** A learner is added though its request names an older partition epoch. */
    ADD_WITHOUT_EPOCH_CHECK
}
