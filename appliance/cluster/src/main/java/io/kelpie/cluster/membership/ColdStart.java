package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Coordinator.Announcement;

import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The start of a whole cluster, after a loss of power or a shutdown ({@code cluster.md} 8.5): no
 * map until everybody is back that served before, or the absent were waited for long enough.
 */
final class ColdStart {
    private final ClusterTimes times;
    private final Liveness liveness;
    private final TreeSet<PeerId> arrived = new TreeSet<>();
    private long beginNanos;
    private long arrivalNanos;
    private boolean waiting;

    ColdStart(ClusterTimes times, Liveness liveness) {
        this.times = times;
        this.liveness = liveness;
    }

    /** A new term begins, and with it the waiting, if there is any. */
    void begin() {
        waiting = false;
        arrived.clear();
    }

    /** Whether the cluster as the map describes it is not there: it stopped, or all died. */
    boolean isCold(ClusterMap map) {
        return switch (map.status()) {
            case UNFORMATTED -> false;
            case SHUTDOWN -> true;
            case RUNNING ->
                map.members().stream()
                        .noneMatch(member ->
                                member.state().isAlive() && liveness.isHeard(member.id(), 0));
        };
    }

    /** Whether there is somebody to wait for still. */
    boolean waits(ClusterMap map, TreeMap<NodeId, Announcement> announced, long now) {
        if (!waiting) {
            waiting = true;
            beginNanos = now;
            arrivalNanos = now;
        }
        TreeSet<NodeId> absent = Planner.awaited(map);
        int awaited = absent.size();
        for (Announcement process : announced.values()) {
            if (isBack(map, process)) {
                absent.remove(process.id().node());
                if (arrived.add(process.id())) {
                    arrivalNanos = now;
                }
            }
        }
        boolean patient = now - arrivalNanos < times.startGraceNanos()
                && now - beginNanos < times.startLimitNanos();
        // With none of them nothing could be served: waiting on costs nothing.
        return absent.size() == awaited || (!absent.isEmpty() && patient);
    }

    /** Whether a process is there to serve, not one of those that are about to stop. */
    boolean isBack(ClusterMap map, Announcement process) {
        if (Joins.isForeign(map, process)) {
            return false;
        }
        Member member = map.memberOf(process.id().node());
        boolean same = member != null && process.id().equals(member.id());
        return Joins.isNewer(map, process)
                || (same
                        && map.status() == ClusterStatus.RUNNING
                        && liveness.isHeard(process.id(), 0));
    }
}
