package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.ControlMessage;
import io.kelpie.cluster.message.ControlMessage.AddLearner;
import io.kelpie.cluster.message.ControlMessage.Drain;
import io.kelpie.cluster.message.ControlMessage.Emptied;
import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.ControlMessage.Order;
import io.kelpie.cluster.message.ControlMessage.OrderReply;
import io.kelpie.cluster.message.ControlMessage.Suspicion;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Timers.Timer;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What this node has to say to the controller, said again until the map shows that it was heard. A
 * suspicion is dropped some repetitions after the last call for it: who still sees its reason says
 * so again. Core loop only.
 */
public final class Reports implements ControllerLine {
    /** One addition for each group there can be, and as many suspicions. */
    private static final int MAX_REPORTS = 2 << PgId.MAX_BITS;

    private static final int REPETITIONS = 4;

    private final Ports ports;
    private final PeerId self;
    private final ClusterTimes times;
    /** The reports, with the time at which they are dropped; said in the order they came. */
    private final LinkedHashMap<ControlMessage, Long> reports = new LinkedHashMap<>();

    private ClusterMap map = ClusterMap.EMPTY;
    private @Nullable PeerId controller;
    private long controllerTerm;
    private long heardNanos;
    private @Nullable Timer repeat;
    private boolean closed;

    Reports(Ports ports, PeerId self, ClusterTimes times) {
        this.ports = ports;
        this.self = self;
        this.times = times;
    }

    @Override
    public void suspect(NodeId accused, Evidence evidence, List<PgId> groups) {
        say(new Suspicion(accused, evidence, groups), lifeNanos(evidence));
    }

    @Override
    public void addLearner(PgId pg, long epoch, int learner) {
        say(new AddLearner(pg, epoch, learner), Long.MAX_VALUE);
    }

    /** Asks to move this node's primaries away; repeated until the map says that it drains. */
    public void drain() {
        say(new Drain(), Long.MAX_VALUE);
    }

    /**
     * Tells that this node's store is empty; repeated until the map carries the format.
     *
     * @param createdNanos time of creation that the format event carries
     */
    public void emptied(long createdNanos) {
        reports.keySet().removeIf(Emptied.class::isInstance);
        say(new Emptied(createdNanos), Long.MAX_VALUE);
    }

    /**
     * Passes an order on, once.
     *
     * @param order the order
     * @return false if nobody is known to edit the map at the moment
     */
    public boolean send(Order order) {
        PeerId to = controller;
        if (to == null || !isHeard()) {
            return false;
        }
        ports.peers().send(to.node(), order);
        return true;
    }

    /**
     * Who says that it edits the map.
     *
     * @return the process, or null if nobody said so lately
     */
    public @Nullable PeerId controller() {
        return isHeard() ? controller : null;
    }

    void onController(PeerId from, long term) {
        if (term < controllerTerm) {
            return;
        }
        boolean moved = !from.equals(controller) || term != controllerTerm;
        controller = from;
        controllerTerm = term;
        heardNanos = ports.clock().nanos();
        if (moved) {
            sayAll();
        }
    }

    void onMap(ClusterMap installed) {
        ClusterMap before = map;
        map = installed;
        reports.keySet().removeIf(report -> isHeeded(report) || isOfEarlierLife(before, report));
    }

    void close() {
        closed = true;
        reports.clear();
        if (repeat != null) {
            repeat.cancel();
        }
    }

    /** What heartbeats show is said again with each of them, so it need not outlive them. */
    private long lifeNanos(Evidence evidence) {
        return switch (evidence) {
            case SILENT, REFUSED -> times.repeatNanos() + times.heartbeatNanos();
            case NO_ACKNOWLEDGEMENT, STORE_FAILED, ROLLED_BACK -> REPETITIONS * times.repeatNanos();
        };
    }

    private void say(ControlMessage report, long lifeNanos) {
        boolean known = reports.containsKey(report);
        if (closed || isHeeded(report) || (!known && reports.size() == MAX_REPORTS)) {
            return;
        }
        long now = ports.clock().nanos();
        reports.put(report, lifeNanos == Long.MAX_VALUE ? lifeNanos : now + lifeNanos);
        if (!known && isHeard() && controller != null) {
            ports.peers().send(controller.node(), report);
        }
        if (repeat == null) {
            repeat = ports.timers().after(times.repeatNanos(), this::onRepeat);
        }
    }

    private void onRepeat() {
        repeat = null;
        long now = ports.clock().nanos();
        reports.values().removeIf(until -> until != Long.MAX_VALUE && until - now <= 0);
        if (closed || reports.isEmpty()) {
            return;
        }
        repeat = ports.timers().after(times.repeatNanos(), this::onRepeat);
        if (isHeard()) {
            sayAll();
        } else {
            look();
        }
    }

    private void sayAll() {
        if (closed || controller == null) {
            return;
        }
        for (ControlMessage report : reports.keySet()) {
            ports.peers().send(controller.node(), report);
        }
    }

    /** Nobody said that it edits the map: perhaps it cannot reach this node, but is reached. */
    private void look() {
        ports.coordinator().readController(new Completion<>() {
            @Override
            public void done(Coordinator.Controller record) {
                PeerId holder = record.holder();
                if (holder != null && record.term() >= controllerTerm) {
                    controller = holder;
                    controllerTerm = record.term();
                    sayAll();
                }
            }

            @Override
            public void failed(ErrorCode error) {
                sayAll();
            }
        });
    }

    private boolean isHeard() {
        return controller != null
                && (controller.equals(self)
                        || ports.clock().nanos() - heardNanos < times.suspectNanos());
    }

    /** Whether the map shows that nobody needs the report any more. */
    private boolean isHeeded(ControlMessage report) {
        if (report instanceof AddLearner add) {
            return add.pg().partition() >= map.groups().size()
                    || map.group(add.pg()).epoch() > add.epoch();
        } else if (report instanceof Suspicion suspicion) {
            return isHeeded(suspicion);
        } else if (report instanceof Emptied emptied) {
            return map.settings().createdNanos() == emptied.createdNanos();
        } else if (report instanceof Drain) {
            Member member = map.member(self.node(), self.incarnation());
            return member != null && member.state() == MemberState.DRAIN;
        }
        return report instanceof OrderReply || report instanceof Order;
    }

    private boolean isOfEarlierLife(ClusterMap before, ControlMessage report) {
        if (report instanceof Suspicion suspicion) {
            Member then = before.memberOf(suspicion.accused());
            Member now = map.memberOf(suspicion.accused());
            return then != null && now != null && then.incarnation() != now.incarnation();
        }
        return false;
    }

    /** The accused is out, or out of the groups that were named. */
    private boolean isHeeded(Suspicion suspicion) {
        Member member = map.memberOf(suspicion.accused());
        if (member == null || !member.state().isAlive()) {
            return true;
        }
        boolean stays = suspicion.groups().isEmpty();
        for (PgId pg : suspicion.groups()) {
            stays |= pg.partition() < map.groups().size()
                    && map.group(pg).sync().contains(member.index());
        }
        return !stays;
    }

    /** For tests: what is still said. */
    Map<ControlMessage, Long> reports() {
        return reports;
    }
}
