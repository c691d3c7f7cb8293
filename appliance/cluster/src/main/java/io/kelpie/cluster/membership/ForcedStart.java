package io.kelpie.cluster.membership;

import io.kelpie.cluster.membership.UncleanLog.Start;
import io.kelpie.cluster.membership.UncleanLog.Unclean;
import io.kelpie.cluster.message.ControlMessage.Copies;
import io.kelpie.cluster.message.ControlMessage.CopiesRequest;
import io.kelpie.cluster.message.ControlMessage.Copy;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Ports;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Starts groups without their in-sync members, because an operator says so ({@code cluster.md}
 * 8.6): the only way to lose acknowledged writes. Only groups of which no in-sync member is alive
 * are touched. All members that are alive tell what they hold of them; the copy with the highest
 * version is taken, but not one that holds less than half of the objects of another, as it was
 * being made when its source went. Before the map is written an event says who starts what. Core
 * loop only.
 */
final class ForcedStart {
    /** Who does not tell in this time is gone, or will be noticed to be. */
    private static final long LIMIT_NANOS = 5_000_000_000L;

    private static final long REPEAT_NANOS = 500_000_000L;

    private enum State {
        IDLE,
        ASKING,
        NOTING,
        READY,
        DONE
    }

    private final Ports ports;
    private final ClusterWatch.News news;
    private final TreeMap<PgId, Long> epochs = new TreeMap<>();
    private final TreeMap<NodeId, Copies> answers = new TreeMap<>();
    private final TreeMap<Integer, Integer> takers = new TreeMap<>();
    private State state = State.IDLE;
    private long round;
    private long begunNanos;
    private long askedNanos;

    ForcedStart(Ports ports, ClusterWatch.News news) {
        this.ports = ports;
        this.news = news;
    }

    /** Forgets what was found; an answer or an event on its way has no effect. */
    void reset() {
        state = State.IDLE;
        round++;
        epochs.clear();
        answers.clear();
        takers.clear();
    }

    boolean isReady() {
        return state == State.READY;
    }

    boolean isDone() {
        return state == State.DONE;
    }

    /** The map with all takers is in force. */
    void onWritten() {
        if (state == State.READY) {
            state = State.DONE;
        }
    }

    /** Whether nobody who is alive may serve a group. */
    static boolean isInactive(ClusterMap map, PgEntry entry) {
        return entry.sync().stream()
                .noneMatch(index -> map.member(index).state().isAlive());
    }

    /** Goes on; called again and again while the order stands. */
    void step(ClusterMap map, NodeId by, long now) {
        if (map.status() != ClusterStatus.RUNNING) {
            return;
        }
        if (state == State.IDLE) {
            begin(map, now);
        }
        if (state == State.ASKING) {
            ask(map, by, now);
        }
    }

    /** Who takes which group over: of those that did not change since they were looked at. */
    TreeMap<Integer, Integer> takers(ClusterMap map) {
        TreeMap<Integer, Integer> valid = new TreeMap<>();
        if (state == State.READY) {
            takers.forEach((partition, taker) -> {
                PgEntry entry = map.groups().get(partition);
                Long epoch = epochs.get(new PgId(partition));
                if (epoch != null && entry.epoch() == epoch && isInactive(map, entry)) {
                    valid.put(partition, taker);
                }
            });
        }
        return valid;
    }

    void onCopies(PeerId from, Copies copies) {
        if (state == State.ASKING && copies.requestId() == round) {
            answers.put(from.node(), copies);
        }
    }

    private void begin(ClusterMap map, long now) {
        reset();
        for (int partition = 0; partition < map.groups().size(); partition++) {
            PgEntry entry = map.groups().get(partition);
            if (isInactive(map, entry)) {
                epochs.put(new PgId(partition), entry.epoch());
            }
        }
        state = epochs.isEmpty() ? State.READY : State.ASKING;
        begunNanos = now;
        askedNanos = now - REPEAT_NANOS;
    }

    private void ask(ClusterMap map, NodeId by, long now) {
        List<NodeId> missing = new ArrayList<>();
        for (Member member : map.members()) {
            if (member.state().isAlive() && !answers.containsKey(member.node())) {
                missing.add(member.node());
            }
        }
        if (missing.isEmpty() || now - begunNanos >= LIMIT_NANOS) {
            choose(map, by);
        } else if (now - askedNanos >= REPEAT_NANOS) {
            askedNanos = now;
            CopiesRequest request = new CopiesRequest(round, List.copyOf(epochs.keySet()));
            missing.forEach(node -> ports.peers().send(node, request));
        }
    }

    private void choose(ClusterMap map, NodeId by) {
        List<Start> starts = new ArrayList<>();
        for (PgId pg : epochs.keySet()) {
            Map.Entry<NodeId, Copy> best = best(copiesOf(map, pg));
            Member taker = best == null ? null : map.memberOf(best.getKey());
            if (best != null && taker != null) {
                takers.put(pg.partition(), taker.index());
                starts.add(new Start(pg, taker.node(), best.getValue().highest()));
            }
        }
        if (starts.isEmpty()) {
            state = State.READY;
            return;
        }
        state = State.NOTING;
        long noted = round;
        Unclean event = new Unclean(ports.clock().wallNanos(), by, starts);
        news.append(UncleanLog.KIND, UncleanLog.event(event), new Completion<>() {
            @Override
            public void done(Integer value) {
                end(State.READY);
            }

            @Override
            public void failed(ErrorCode error) {
                end(State.IDLE);
            }

            private void end(State next) {
                if (state == State.NOTING && noted == round) {
                    state = next;
                }
            }
        });
    }

    /** What the members that may hold objects have of a group. */
    private TreeMap<NodeId, Copy> copiesOf(ClusterMap map, PgId pg) {
        TreeMap<NodeId, Copy> found = new TreeMap<>();
        answers.forEach((node, told) -> {
            Member member = map.memberOf(node);
            if (member == null || !member.state().isAlive() || member.weightGib() == 0) {
                return;
            }
            for (Copy copy : told.copies()) {
                if (copy.pg().equals(pg)) {
                    found.put(node, copy);
                }
            }
        });
        return found;
    }

    private static Map.@Nullable Entry<NodeId, Copy> best(TreeMap<NodeId, Copy> copies) {
        long most = 0;
        for (Copy copy : copies.values()) {
            most = Math.max(most, copy.objects());
        }
        Map.Entry<NodeId, Copy> best = null;
        for (Map.Entry<NodeId, Copy> each : copies.entrySet()) {
            Copy copy = each.getValue();
            boolean whole = copy.objects() * 2 >= most;
            if (whole
                    && (best == null || copy.highest().compareTo(best.getValue().highest()) > 0)) {
                best = each;
            }
        }
        return best;
    }
}
