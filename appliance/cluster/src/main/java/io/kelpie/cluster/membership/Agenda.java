package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.ControlMessage;
import io.kelpie.cluster.message.ControlMessage.AddLearner;
import io.kelpie.cluster.message.ControlMessage.Copies;
import io.kelpie.cluster.message.ControlMessage.Drain;
import io.kelpie.cluster.message.ControlMessage.Emptied;
import io.kelpie.cluster.message.ControlMessage.Order;
import io.kelpie.cluster.message.ControlMessage.OrderReply;
import io.kelpie.cluster.message.ControlMessage.Suspicion;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Tracer;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Everything that the controller has to act on, gathered between two maps, and the clocks of what
 * it waits for. A new controller starts with an empty one: what matters is said again. Core loop
 * only.
 */
final class Agenda {
    /** Each group may ask for one learner or two at a time; the rest is asked again. */
    private static final int MAX_ADDITIONS = 2 << PgId.MAX_BITS;
    /** Orders come from people. */
    private static final int MAX_ORDERS = 64;
    /** A move costs the group a lease's time without service. */
    private static final int MOVES_PER_SECOND = 4;
    /** So many groups level their copies anew at once when learners begin. */
    private static final int LEARNINGS_PER_MAP = 128;

    /** Heartbeats in a row without an answer, which no pause of a healthy process explains. */
    private static final int UNHEARD_BEATS = 3;

    private static final long SECOND = 1_000_000_000L;

    private final Ports ports;
    private final PeerId self;
    private final ControlConfig config;
    private final Liveness liveness;
    private final ClusterWatch.News news;
    private final Planner planner;
    private final Suspicions suspicions;
    private final ColdStart coldStart;
    private final FormatPlan format;
    private final ForcedStart forced;
    private final TreeMap<NodeId, Announcement> announced = new TreeMap<>();
    private final TreeMap<PeerId, Long> firstSeen = new TreeMap<>();
    private final TreeMap<NodeId, Long> missingSince = new TreeMap<>();
    private final TreeMap<NodeId, Long> downSince = new TreeMap<>();
    private final TreeSet<PeerId> refused = new TreeSet<>();
    private final LinkedHashSet<AddLearner> additions = new LinkedHashSet<>();
    private final TreeSet<NodeId> draining = new TreeSet<>();
    private final List<Asked> orders = new ArrayList<>();
    /** What went into the map that is being written. */
    private @Nullable PlanInput pending;

    private boolean startOrdered;
    private int moves;
    private long movesNanos;

    Agenda(
            Ports ports,
            PeerId self,
            ControlConfig config,
            Liveness liveness,
            ClusterWatch.News news) {
        this.ports = ports;
        this.self = self;
        this.config = config;
        this.liveness = liveness;
        this.news = news;
        planner = new Planner(config);
        suspicions = new Suspicions(self, config.times(), liveness);
        coldStart = new ColdStart(config.times(), liveness);
        format = new FormatPlan(config);
        forced = new ForcedStart(ports, news);
    }

    private record Asked(NodeId by, Order order) {}

    /** A term begins. */
    void begin(long now) {
        additions.clear();
        draining.clear();
        orders.clear();
        downSince.clear();
        missingSince.clear();
        suspicions.clear();
        forced.reset();
        coldStart.begin();
        pending = null;
        startOrdered = false;
        moves = 0;
        movesNanos = now;
    }

    void onAnnounced(List<Announcement> processes) {
        announced.clear();
        long now = ports.clock().nanos();
        TreeSet<PeerId> seen = new TreeSet<>();
        for (Announcement process : processes) {
            // Ascending: of two processes of one node the later one stays.
            announced.put(process.id().node(), process);
            firstSeen.putIfAbsent(process.id(), now);
            seen.add(process.id());
        }
        firstSeen.keySet().retainAll(seen);
        refused.retainAll(seen);
    }

    /** Notes what somebody says; who is not in the map has no say about others. */
    void onMessage(ClusterMap map, PeerId from, ControlMessage message) {
        Member member = map.memberOf(from.node());
        boolean alive =
                member != null && member.id().equals(from) && member.state().isAlive();
        if (message instanceof Emptied emptied) {
            format.onEmptied(from, emptied.createdNanos());
        } else if (message instanceof Copies copies) {
            forced.onCopies(from, copies);
        } else if (message instanceof Order order) {
            ask(from.node(), order);
        } else if (alive && message instanceof Suspicion suspicion) {
            suspicions.accuse(from.node(), suspicion, ports.clock().nanos());
        } else if (alive && message instanceof Drain) {
            draining.add(from.node());
        } else if (alive && message instanceof AddLearner add) {
            if (additions.size() < MAX_ADDITIONS) {
                additions.add(add);
            }
        }
    }

    /** Whether the operator's force is in the map that was planned last. */
    boolean isForced() {
        return pending != null && !pending.takers.isEmpty();
    }

    /** The next map; the same one, or null, if there is nothing to write now. */
    @Nullable
    ClusterMap plan(ClusterMap map, long now) {
        pending = null;
        if (format.isPending(map, news.formatted())) {
            return format.plan(map, news.formatted(), announced, news.eventsIndex(), now);
        }
        if (map.status() == ClusterStatus.UNFORMATTED) {
            answer(map);
            return null;
        }
        PlanInput input = new PlanInput();
        input.eventsIndex = news.eventsIndex();
        boolean cold = coldStart.isCold(map);
        if (cold && !start(map, now, input)) {
            answer(map);
            return null;
        }
        obey(map, now, input);
        noteUnheard(map, input);
        judge(map, now, input, cold);
        additions.removeIf(add -> isOld(map, add));
        input.additions.addAll(additions);
        input.draining.addAll(draining);
        refillMoves(now);
        input.moves = moves;
        input.learnings = LEARNINGS_PER_MAP;
        ClusterMap next = planner.plan(map, input);
        pending = input;
        if (next == map) {
            onWritten(map);
        } else {
            trace(map, next);
        }
        return next;
    }

    /** The map that was planned is in force. */
    void onWritten(ClusterMap written) {
        PlanInput done = pending;
        if (done == null) {
            return;
        }
        pending = null;
        startOrdered = false;
        moves = done.moves;
        if (!done.departures.isEmpty()) {
            suspicions.onActed();
        }
        additions.removeAll(done.additions);
        draining.removeAll(done.draining);
        if (done.forceReady) {
            forced.onWritten();
        }
        answer(written);
    }

    /** Orders that a map shows as obeyed are answered; the others stay. */
    private void answer(ClusterMap written) {
        orders.removeIf(asked -> {
            boolean obeyed = isObeyed(written, asked.order());
            if (obeyed) {
                ports.peers().send(asked.by(), new OrderReply(asked.order().requestId(), true));
            }
            return obeyed;
        });
        if (forced.isDone()) {
            forced.reset();
        }
    }

    private void ask(NodeId by, Order order) {
        Asked asked = new Asked(by, order);
        if (orders.size() < MAX_ORDERS && !orders.contains(asked)) {
            orders.add(asked);
        }
    }

    /** A stopped cluster begins to run once everybody is back or was waited for. */
    private boolean start(ClusterMap map, long now, PlanInput input) {
        Member own = map.memberOf(self.node());
        boolean stopping = map.status() == ClusterStatus.SHUTDOWN
                && own != null
                && own.incarnation() >= self.incarnation();
        startOrdered |= orders.stream()
                .anyMatch(asked -> asked.order().order() == ControlMessage.OrderKind.START);
        if (stopping || (coldStart.waits(map, announced, now) && !startOrdered)) {
            return false;
        }
        input.status = ClusterStatus.RUNNING;
        for (Member member : map.members()) {
            Announcement process = announced.get(member.node());
            if (process == null || !coldStart.isBack(map, process)) {
                input.evicted.add(member.node());
                input.dead.add(member.node());
            }
        }
        return true;
    }

    private void obey(ClusterMap map, long now, PlanInput input) {
        for (Asked asked : orders) {
            switch (asked.order().order()) {
                case SHUTDOWN -> input.status = ClusterStatus.SHUTDOWN;
                case RECOVERY_ON -> {
                    input.flagsToClear |= ClusterMap.FLAG_NO_RECOVERY;
                    input.flagsToSet &= ~ClusterMap.FLAG_NO_RECOVERY;
                }
                case RECOVERY_OFF -> {
                    input.flagsToSet |= ClusterMap.FLAG_NO_RECOVERY;
                    input.flagsToClear &= ~ClusterMap.FLAG_NO_RECOVERY;
                }
                case FORCE_RECOVERY -> {
                    forced.step(map, asked.by(), now);
                    input.takers.putAll(forced.takers(map));
                    input.forceReady = forced.isReady();
                }
                case START -> {
                    // Matters only while a start waits.
                }
                case KILL -> {
                    NodeId node = asked.order().node();
                    if (node != null && map.memberOf(node) != null) {
                        input.draining.add(node);
                    }
                }
            }
        }
    }

    private boolean isObeyed(ClusterMap map, Order order) {
        NodeId node = order.node();
        Member member = node == null ? null : map.memberOf(node);
        return switch (order.order()) {
            case SHUTDOWN -> map.status() == ClusterStatus.SHUTDOWN;
            case RECOVERY_ON -> (map.flags() & ClusterMap.FLAG_NO_RECOVERY) == 0;
            case RECOVERY_OFF -> (map.flags() & ClusterMap.FLAG_NO_RECOVERY) != 0;
            case START -> map.status() == ClusterStatus.RUNNING;
            case FORCE_RECOVERY -> map.status() == ClusterStatus.RUNNING && forced.isDone();
            case KILL -> member == null || member.state() != MemberState.UP;
        };
    }

    /** Who comes in, who is back, who is gone. */
    private void judge(ClusterMap map, long now, PlanInput input, boolean cold) {
        TreeSet<NodeId> reborn = new TreeSet<>();
        TreeSet<NodeId> heldBack = new TreeSet<>();
        for (Announcement process : announced.values()) {
            if (Joins.isForeign(map, process) && !format.isEmptied(process.id(), map)) {
                refuse(process);
            } else if (!cold && isHeldBack(map, process, now, input)) {
                heldBack.add(process.id().node());
            } else {
                input.joining.add(format.own(process, map));
                if (Joins.isNewer(map, process)) {
                    reborn.add(process.id().node());
                    suspicions.forget(process.id().node());
                }
            }
        }
        if (map.status() == ClusterStatus.SHUTDOWN || input.status == ClusterStatus.SHUTDOWN) {
            return;
        }
        if (cold) {
            return;
        }
        suspicions.judge(map, new TreeSet<>(announced.keySet()), now, input);
        // What was heard of a node is of the life before; and that one is over.
        input.evicted.removeAll(reborn);
        input.evicted.addAll(heldBack);
        input.dead.addAll(heldBack);
        for (Member member : map.members()) {
            noteAbsence(member, now, input);
        }
    }

    private void noteAbsence(Member member, long now, PlanInput input) {
        NodeId node = member.node();
        Announcement process = announced.get(node);
        boolean known = process != null && process.id().equals(member.id());
        boolean alive = member.state().isAlive() && !input.evicted.contains(node);
        if (known) {
            missingSince.remove(node);
        } else if (now - missingSince.computeIfAbsent(node, id -> now)
                >= config.times().graceNanos()) {
            if (alive && process == null) {
                input.evicted.add(node);
            }
        }
        if (member.state() != MemberState.DOWN) {
            downSince.remove(node);
            return;
        }
        if (now - downSince.computeIfAbsent(node, id -> now) >= config.times().outNanos()) {
            input.away.add(node);
        }
        if (known && liveness.isHeard(member.id(), config.times().steadyNanos())) {
            input.revived.add(node);
            input.dead.remove(node);
        }
    }

    private boolean isHeldBack(ClusterMap map, Announcement process, long now, PlanInput input) {
        long seen = firstSeen.getOrDefault(process.id(), now);
        return now - seen < config.times().startGraceNanos()
                && Joins.waitsForOthers(
                        map,
                        process,
                        index -> !input.unheard.contains(map.member(index).node()),
                        index -> {
                            Announcement other = announced.get(map.member(index).node());
                            return other != null && coldStart.isBack(map, other);
                        });
    }

    /** Who is alive in the map but not known to be; processes that come in are there. */
    private void noteUnheard(ClusterMap map, PlanInput input) {
        long longest = UNHEARD_BEATS * config.times().heartbeatNanos();
        for (Member member : map.members()) {
            Announcement process = announced.get(member.node());
            boolean reborn = process != null && Joins.isNewer(map, process);
            boolean heard = liveness.isHeard(member.id(), 0)
                    && liveness.silentNanos(member.node()) <= longest;
            if (!heard && !reborn && !member.id().equals(self)) {
                input.unheard.add(member.node());
            }
        }
    }

    private void refuse(Announcement process) {
        if (refused.add(process.id())) {
            ports.tracer()
                    .event(
                            Tracer.Level.WARN,
                            "node " + process.id() + " holds data of another cluster, created at "
                                    + process.clusterCreatedNanos()
                                    + ": refused");
        }
    }

    private boolean isOld(ClusterMap map, AddLearner add) {
        return add.pg().partition() >= map.groups().size()
                || (map.group(add.pg()).epoch() != add.epoch()
                        && !config.lacks(Mutation.ADD_WITHOUT_EPOCH_CHECK));
    }

    private void refillMoves(long now) {
        if (moves < MOVES_PER_SECOND && now - movesNanos >= SECOND) {
            moves = MOVES_PER_SECOND;
            movesNanos = now;
        }
    }

    private void trace(ClusterMap map, ClusterMap next) {
        for (Member member : next.members()) {
            Member before = map.memberOf(member.node());
            boolean same = before != null
                    && before.state() == member.state()
                    && before.incarnation() == member.incarnation();
            if (!same) {
                ports.tracer()
                        .event(
                                Tracer.Level.INFO,
                                "map " + next.version() + ": node " + member.id() + " is "
                                        + member.state());
            }
        }
    }
}
