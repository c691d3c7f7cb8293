package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.NodeId;

import java.util.List;

/**
 * Leases between nodes ({@code cluster.md} 7.3), both sides: what others granted this node, and
 * what this node granted. Core loop only.
 */
public interface Leases {
    /**
     * Holder's side: whether this node may answer reads of a group now. Asked after the data was
     * read. With no givers it may always.
     *
     * @param groupEpoch the group's partition epoch
     * @param mapVersion this node's map
     * @param givers all other in-sync members and every learner whose addition was requested
     * @return true if each of them granted a lease that has not run out, knowing a map from the
     *     group's epoch up to this node's
     */
    boolean isHeld(long groupEpoch, long mapVersion, List<NodeId> givers);

    /**
     * Giver's side: until when this node must not help anybody take over from a node it granted a
     * lease to.
     *
     * @param holder the node that was primary, in any process lifetime
     * @return monotonic nanoseconds of the port's clock; in the past if nothing binds
     */
    long boundUntil(NodeId holder);

    /**
     * Until when this process takes part in no takeover, as it has forgotten what an earlier life
     * granted.
     *
     * @return monotonic nanoseconds of the port's clock
     */
    long quarantineEnd();

    /**
     * Runs a task after the next grant arrived, or at the latest when a lease's time has passed.
     *
     * @param task runs once, on the core loop, never inside this call
     */
    void afterNextGrant(Runnable task);
}
