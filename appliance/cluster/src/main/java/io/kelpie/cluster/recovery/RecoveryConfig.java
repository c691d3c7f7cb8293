package io.kelpie.cluster.recovery;

import io.kelpie.cluster.model.Invariant;

import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Limits and times of recovery.
 *
 * @param outgoing learning sessions that this node leads at a time, at least 1
 * @param incoming learning sessions that this node receives at a time, at least 1
 * @param bytesPerSecond most that all sessions led here may send; 0: no limit
 * @param backoffNanos wait after a session failed for the first time; doubles with each failure
 * @param purgeNanos for how long the map must have shown a group complete elsewhere before the
 *     copies here are dropped
 * @param mutations rules that are taken out; none but in the simulator
 */
public record RecoveryConfig(
        int outgoing,
        int incoming,
        long bytesPerSecond,
        long backoffNanos,
        long purgeNanos,
        Set<RecoveryMutation> mutations) {
    private static final long SECOND = 1_000_000_000L;

    /** What a cluster that keeps data uses. */
    public static final RecoveryConfig DEFAULT = new RecoveryConfig(
            2, 2, 0, SECOND, 600 * SECOND, EnumSet.noneOf(RecoveryMutation.class));

    /** Copies the set and checks the ranges. */
    public RecoveryConfig {
        mutations = copy(mutations);
        Invariant.check(outgoing >= 1 && incoming >= 1, "at least one session may run");
        Invariant.check(bytesPerSecond >= 0, "a rate is not negative", bytesPerSecond);
    }

    /**
     * The same with other limits.
     *
     * @param newOutgoing sessions led at a time
     * @param newIncoming sessions received at a time
     * @param newBytesPerSecond most that is sent; 0: no limit
     * @return the configuration
     */
    public RecoveryConfig limitedTo(int newOutgoing, int newIncoming, long newBytesPerSecond) {
        return new RecoveryConfig(
                newOutgoing, newIncoming, newBytesPerSecond, backoffNanos, purgeNanos, mutations);
    }

    /**
     * The same with another time for strays.
     *
     * @param nanos how long they are kept
     * @return the configuration
     */
    public RecoveryConfig purgingAfter(long nanos) {
        return new RecoveryConfig(
                outgoing, incoming, bytesPerSecond, backoffNanos, nanos, mutations);
    }

    /**
     * The same without some rules.
     *
     * @param removed the rules
     * @return the configuration
     */
    public RecoveryConfig without(RecoveryMutation... removed) {
        return new RecoveryConfig(
                outgoing,
                incoming,
                bytesPerSecond,
                backoffNanos,
                purgeNanos,
                copy(List.of(removed)));
    }

    boolean lacks(RecoveryMutation rule) {
        return mutations.contains(rule);
    }

    private static Set<RecoveryMutation> copy(Collection<RecoveryMutation> rules) {
        EnumSet<RecoveryMutation> copy = EnumSet.noneOf(RecoveryMutation.class);
        copy.addAll(rules);
        return copy;
    }
}
