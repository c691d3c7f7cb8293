package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Coordinator.Announcement;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * When a node may try to become the controller: once the present one is silent, and those before it
 * in line had their turn. Core loop only.
 */
final class Candidacy {
    private final PeerId self;
    private final ClusterTimes times;
    private final Liveness liveness;
    private @Nullable PeerId controller;
    private long term;
    private long heardNanos;
    /** Since when nobody edits the map, as far as this node can tell; meaningful if vacant. */
    private long vacantNanos;

    private boolean vacant;

    Candidacy(PeerId self, ClusterTimes times, Liveness liveness) {
        this.self = self;
        this.times = times;
        this.liveness = liveness;
    }

    /** Starts to wait for a sign of a controller. */
    void begin(long now) {
        controller = null;
        heardNanos = now;
        vacant = false;
    }

    void onController(PeerId from, long newTerm, long now) {
        if (newTerm >= term && !from.equals(self)) {
            controller = from;
            term = newTerm;
            heardNanos = now;
            vacant = false;
        }
    }

    /** The record names a process that is no more: there is nothing to wait for. */
    void onVacant(long now) {
        if (controller == null && !vacant) {
            vacant = true;
            vacantNanos = now;
        }
    }

    long term() {
        return term;
    }

    /** Whether it is this node's turn. */
    boolean isDue(ClusterMap map, List<Announcement> announced, long now) {
        List<PeerId> candidates = candidates(map, announced);
        if (!candidates.contains(self)) {
            return false;
        }
        if (candidates.size() == 1 && isAlone(map, announced)) {
            return true;
        }
        if (!vacant) {
            boolean refused = controller != null && liveness.isRefused(controller.node());
            vacant = refused || now - heardNanos >= times.suspectNanos();
            vacantNanos = now;
        }
        if (isMinority(candidates) && now - heardNanos < times.deadNanos()) {
            return false;
        }
        return vacant && now - vacantNanos >= rank(candidates) * times.rankNanos();
    }

    /** Nobody else could be the controller now. */
    private boolean isAlone(ClusterMap map, List<Announcement> announced) {
        return announced.size() == 1
                && map.members().stream()
                        .allMatch(member -> member.node().equals(self.node())
                                || !member.state().isAlive());
    }

    /**
     * Members that should be alive, in the order of their numbers; if none of them is announced,
     * everybody. Who was evicted must not edit: it may be the one that hears nobody.
     */
    private static List<PeerId> candidates(ClusterMap map, List<Announcement> announced) {
        List<PeerId> all = new ArrayList<>();
        List<PeerId> alive = new ArrayList<>();
        for (Announcement process : announced) {
            all.add(process.id());
        }
        for (Member member : map.members()) {
            for (PeerId process : all) {
                if (process.node().equals(member.node())
                        && member.state().isAlive()
                        && process.incarnation() >= member.incarnation()) {
                    alive.add(process);
                }
            }
        }
        return alive.isEmpty() ? all : alive;
    }

    /**
     * Whether this node hears less than half of those that should be alive: then it is rather cut
     * off itself, and leaves it to the others for a while.
     */
    private boolean isMinority(List<PeerId> candidates) {
        int there = 0;
        int heard = 0;
        for (PeerId candidate : candidates) {
            there += liveness.isRefused(candidate.node()) ? 0 : 1;
            heard += liveness.isHeard(candidate, 0) ? 1 : 0;
        }
        return 2 * heard < there;
    }

    private long rank(List<PeerId> candidates) {
        long rank = 0;
        for (PeerId candidate : candidates) {
            if (candidate.equals(self)) {
                return rank;
            }
            rank += liveness.isHeard(candidate, 0) ? 1 : 0;
        }
        return rank;
    }
}
