package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.Invariant;

/**
 * How long things take between nodes ({@code cluster.md} 23), all in nanoseconds of monotonic
 * clocks. Every node of a cluster must have the same {@code lease}; the others may differ.
 *
 * @param heartbeatNanos between two heartbeats to a node
 * @param suspectNanos silence after which a node is reported; at least a lease, as a takeover waits
 *     for that anyway
 * @param leaseNanos how long a grant lasts for its holder
 * @param rankNanos what each candidate waits longer than the one before it
 * @param repeatNanos between two sendings of one report
 * @param editNanos between two maps, unless a group has no primary
 * @param persistNanos how long a node that the controller hears is accused before that counts
 * @param deadNanos silence after which a member is dead even if that costs the minimum of copies
 * @param steadyNanos how long a member that was down answers before it is up again
 * @param barNanos how long a member that was evicted from a group does not learn it again
 * @param graceNanos how long a member without an announcement is kept while its heart beats
 * @param outNanos how long a member is down before its copies are made elsewhere
 * @param startGraceNanos at a start of the whole cluster: how long the absent are waited for after
 *     the last arrival
 * @param startLimitNanos how long they are waited for altogether
 * @param formatNanos how long a format waits for nodes that do not empty their stores
 * @param pollNanos between two looks at the coordinator without being told to look
 */
public record ClusterTimes(
        long heartbeatNanos,
        long suspectNanos,
        long leaseNanos,
        long rankNanos,
        long repeatNanos,
        long editNanos,
        long persistNanos,
        long deadNanos,
        long steadyNanos,
        long barNanos,
        long graceNanos,
        long outNanos,
        long startGraceNanos,
        long startLimitNanos,
        long formatNanos,
        long pollNanos) {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1000 * MILLI;
    /** Two clocks differ by at most 2 % in rate. */
    private static final int DRIFT_PERCENT = 2;
    /** What a holder may need between looking at the clock and answering. */
    private static final long SLACK_NANOS = 50 * MILLI;

    /** What a cluster of real hosts uses. */
    public static final ClusterTimes DEFAULT = new ClusterTimes(
            250 * MILLI,
            1500 * MILLI,
            1500 * MILLI,
            500 * MILLI,
            500 * MILLI,
            50 * MILLI,
            1500 * MILLI,
            10 * SECOND,
            SECOND,
            5 * SECOND,
            120 * SECOND,
            30 * SECOND,
            20 * SECOND,
            120 * SECOND,
            20 * SECOND,
            2 * SECOND);

    /** Checks the relations. */
    public ClusterTimes {
        Invariant.check(
                heartbeatNanos > 0 && 2 * heartbeatNanos <= leaseNanos,
                "a lease survives a lost heartbeat",
                leaseNanos);
        Invariant.check(suspectNanos >= leaseNanos, "suspicion waits for a lease", suspectNanos);
        Invariant.check(deadNanos >= suspectNanos, "death is longer than suspicion", deadNanos);
        Invariant.check(repeatNanos > 0 && editNanos > 0 && pollNanos > 0, "periods are positive");
    }

    /**
     * How long a grant binds its giver: the holder's time, with the drift of clocks and a margin.
     *
     * @return nanoseconds
     */
    public long boundNanos() {
        return leaseNanos + leaseNanos / 100 * DRIFT_PERCENT + SLACK_NANOS;
    }

    /**
     * The same with other times for what happens to data while members are away.
     *
     * @param out how long a member is down before its copies are made elsewhere
     * @param startGrace how long a starting cluster waits after the last arrival
     * @param startLimit how long it waits altogether
     * @return the times
     */
    public ClusterTimes withAbsence(long out, long startGrace, long startLimit) {
        return new ClusterTimes(
                heartbeatNanos,
                suspectNanos,
                leaseNanos,
                rankNanos,
                repeatNanos,
                editNanos,
                persistNanos,
                deadNanos,
                steadyNanos,
                barNanos,
                graceNanos,
                out,
                startGrace,
                startLimit,
                formatNanos,
                pollNanos);
    }
}
