package io.kelpie.cluster.model;

import java.util.List;

/**
 * A placement group's entry in the cluster map.
 *
 * @param epoch partition epoch: the map version at which the entry last changed
 * @param primary index of the member that orders writes, or {@link #NONE}
 * @param sync indexes of the in-sync set, never empty after format
 * @param learners indexes of members that are being brought up to date
 * @param target indexes of the members that should hold the group, the preferred primary first
 */
public record PgEntry(
        long epoch, int primary, List<Integer> sync, List<Integer> learners, List<Integer> target) {
    /** No primary: the group is inactive. */
    public static final int NONE = -1;

    /** Copies the lists and checks that the primary is in sync. */
    public PgEntry {
        sync = List.copyOf(sync);
        learners = List.copyOf(learners);
        target = List.copyOf(target);
        Invariant.check(!sync.isEmpty(), "the in-sync set is never empty");
        Invariant.check(
                primary == NONE || sync.contains(primary), "the primary is in sync", primary);
    }

    /**
     * An entry whose in-sync set is where the group should be.
     *
     * @param epoch partition epoch
     * @param primary index of the primary or {@link #NONE}
     * @param sync the in-sync set, also the target
     * @param learners the learners
     */
    public PgEntry(long epoch, int primary, List<Integer> sync, List<Integer> learners) {
        this(epoch, primary, sync, learners, sync);
    }

    /**
     * Whether a member holds the group, in sync or learning.
     *
     * @param index the member
     * @return true if it has a role
     */
    public boolean names(int index) {
        return sync.contains(index) || learners.contains(index);
    }

    /**
     * The same roles in a newer epoch.
     *
     * @param newEpoch the map version that carries the entry, above the present epoch
     * @return the raised entry
     */
    public PgEntry raisedTo(long newEpoch) {
        Invariant.check(newEpoch > epoch, "partition epochs only rise", newEpoch);
        return new PgEntry(newEpoch, primary, sync, learners, target);
    }
}
