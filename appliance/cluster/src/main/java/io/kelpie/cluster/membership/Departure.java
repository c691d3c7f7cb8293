package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Timers.Timer;
import io.kelpie.cluster.port.Tracer;

import org.jspecify.annotations.Nullable;

/** Has the primaries of a process that is about to end moved to others. Core loop only. */
final class Departure {
    private static final long LIMIT_NANOS = 10_000_000_000L;

    /** The new primaries still ask this process what it has, and hear that its leases end. */
    private static final long LINGER_NANOS = 500_000_000L;

    private final Ports ports;
    private final Reports reports;
    private final PeerId self;
    private @Nullable Completion<Outcome> waiting;
    private @Nullable Timer limit;
    private boolean begun;
    private boolean lingering;

    Departure(Ports ports, Reports reports, PeerId self) {
        this.ports = ports;
        this.reports = reports;
        this.self = self;
    }

    boolean hasBegun() {
        return begun;
    }

    void begin(ClusterMap map, Completion<Outcome> completion) {
        if (begun || !hasToMove(map)) {
            begun = true;
            Member own = map.member(self.node(), self.incarnation());
            boolean drained = own != null && own.state() == MemberState.DRAIN;
            ports.timers().after(drained ? LINGER_NANOS : 0, () -> completion.done(Outcome.DONE));
            return;
        }
        begun = true;
        waiting = completion;
        limit = ports.timers().after(LIMIT_NANOS, () -> {
            ports.tracer().event(Tracer.Level.WARN, "leaving while groups have their primary here");
            end();
        });
        reports.drain();
    }

    void onMap(ClusterMap map) {
        if (waiting != null && !lingering && !hasToMove(map)) {
            lingering = true;
            ports.timers().after(LINGER_NANOS, this::end);
        }
    }

    void close() {
        end();
    }

    private void end() {
        Completion<Outcome> completion = waiting;
        waiting = null;
        if (limit != null) {
            limit.cancel();
        }
        if (completion != null) {
            completion.done(Outcome.DONE);
        }
    }

    /** Whether somebody else could be primary of a group that this process serves. */
    private boolean hasToMove(ClusterMap map) {
        Member own = map.member(self.node(), self.incarnation());
        if (own == null || map.status() != ClusterStatus.RUNNING) {
            return false;
        }
        for (PgEntry group : map.groups()) {
            if (group.primary() == own.index() && hasOther(map, group, own.index())) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasOther(ClusterMap map, PgEntry group, int own) {
        for (int index : group.sync()) {
            if (index != own && map.member(index).state().isAlive()) {
                return true;
            }
        }
        return false;
    }
}
