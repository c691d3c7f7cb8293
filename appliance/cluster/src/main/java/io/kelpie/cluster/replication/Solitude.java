package io.kelpie.cluster.replication;

import io.kelpie.cluster.membership.ControllerLine;
import io.kelpie.cluster.membership.Leases;
import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgId;

import java.util.List;

/** The neighbours of a node that has none: nobody to grant leases, nobody to report to. */
final class Solitude implements Leases, ControllerLine {
    @Override
    public boolean isHeld(long groupEpoch, long mapVersion, List<NodeId> givers) {
        return givers.isEmpty();
    }

    @Override
    public long boundUntil(NodeId holder) {
        return Long.MIN_VALUE;
    }

    @Override
    public long quarantineEnd() {
        return Long.MIN_VALUE;
    }

    @Override
    public void afterNextGrant(Runnable task) {
        // No grant will come: who waits here waits for a newer map.
    }

    @Override
    public void suspect(NodeId accused, Evidence evidence, List<PgId> groups) {
        // The store reports its own failure; there is no other node to move anything to.
    }

    @Override
    public void addLearner(PgId pg, long epoch, int learner) {
        // There are no learners.
    }
}
