package io.kelpie.simulator;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The ordering service: linearizable, durable, outliving every node. Each process talks to it
 * through a {@link Session} that may lose answers and bring news late, merged or for nothing.
 */
final class SimCoordinator {
    private static final int MAX_EVENT_BYTES = 64 << 10;

    private final World world;
    private final RandomSource random;
    private final Mutation mutation;
    private final TreeMap<Long, Coordinator.LoggedEvent> events = new TreeMap<>();
    /** Ids of all events, trimmed ones too; only looked up, never walked. */
    private final Map<Coordinator.EventId, Long> indexes = new HashMap<>();

    private final List<Session> sessions = new ArrayList<>();
    private ClusterMap map = ClusterMap.EMPTY;
    private long lastIndex;
    private long trimmedThrough;
    private double unknownChance;

    SimCoordinator(World world, Mutation mutation) {
        this.world = world;
        this.random = world.random("coordinator");
        this.mutation = mutation;
    }

    /** How often the answer to a conditional write or an append is lost, 0 to 1. */
    void loseAnswers(double chance) {
        unknownChance = chance;
    }

    Session connect(SimProcess process) {
        sessions.removeIf(session -> !session.process.isAlive());
        if (mutation == Mutation.FORGETS_EVENTS && !events.isEmpty() && random.chance(0.5)) {
            events.remove(events.lastKey());
        }
        Session session = new Session(process);
        sessions.add(session);
        return session;
    }

    ClusterMap map() {
        return map;
    }

    private boolean swap(long expectedVersion, ClusterMap next) {
        world.check(
                next.version() == expectedVersion + 1,
                "map versions rise by one",
                expectedVersion + " to " + next.version());
        if (map.version() != expectedVersion) {
            return false;
        }
        world.check(
                next.epoch() >= map.epoch(),
                "epochs only rise",
                map.epoch() + " to " + next.epoch());
        map = next;
        world.note("coord", "map", next.version(), next.epoch());
        return true;
    }

    private long append(Coordinator.EventId id, byte[] body) {
        Long known = indexes.get(id);
        if (known != null) {
            return known;
        }
        // Indexes may have gaps, so some have.
        lastIndex += random.chance(0.1) ? random.between(2, 5) : 1;
        indexes.put(id, lastIndex);
        events.put(lastIndex, new Coordinator.LoggedEvent(lastIndex, id, body));
        world.note("coord", "event", lastIndex, body.length);
        return lastIndex;
    }

    private void tell(boolean mapChanged) {
        for (Session session : sessions) {
            session.tell(mapChanged);
        }
    }

    /** The coordinator as one process sees it. */
    final class Session implements Coordinator {
        private final SimProcess process;
        private @Nullable Listener listener;
        private boolean mapNewsUnderWay;
        private boolean eventNewsUnderWay;

        private Session(SimProcess process) {
            this.process = process;
        }

        @Override
        public void listen(Listener newListener) {
            world.check(listener == null, "there is one listener", process.name());
            listener = newListener;
        }

        @Override
        public void readMap(Completion<ClusterMap> completion) {
            request("read map", () -> {
                ClusterMap read = map;
                answer("map read", () -> completion.done(read));
            });
        }

        @Override
        public void swapMap(
                long expectedVersion, ClusterMap next, Completion<SwapOutcome> completion) {
            request("swap map", () -> {
                boolean lost = random.chance(unknownChance);
                boolean swapped = (!lost || random.chance(0.5)) && swap(expectedVersion, next);
                if (swapped) {
                    SimCoordinator.this.tell(true);
                }
                SwapOutcome outcome = lost
                        ? SwapOutcome.UNKNOWN
                        : swapped ? SwapOutcome.SWAPPED : SwapOutcome.CONFLICT;
                answer("map swap " + outcome, () -> completion.done(outcome));
            });
        }

        @Override
        public void appendEvent(EventId id, byte[] body, Completion<Long> completion) {
            world.check(body.length <= MAX_EVENT_BYTES, "an event has at most 64 KiB", body.length);
            byte[] copy = body.clone();
            request("append event", () -> {
                boolean lost = random.chance(unknownChance);
                if (lost && random.chance(0.5)) {
                    answer("append lost", () -> completion.failed(ErrorCode.COORDINATOR_FAILED));
                    return;
                }
                long index = append(id, copy);
                SimCoordinator.this.tell(false);
                if (lost) {
                    answer("append lost", () -> completion.failed(ErrorCode.COORDINATOR_FAILED));
                } else {
                    answer("event appended", () -> completion.done(index));
                }
            });
        }

        @Override
        public void readEvents(long afterIndex, int max, Completion<List<LoggedEvent>> completion) {
            world.check(max >= 1, "at least one event is asked for", max);
            request("read events", () -> {
                world.check(
                        afterIndex >= trimmedThrough,
                        "nobody needs a trimmed event",
                        afterIndex + " below " + trimmedThrough);
                List<LoggedEvent> read = new ArrayList<>();
                for (LoggedEvent event : events.tailMap(afterIndex, false).values()) {
                    if (read.size() == max) {
                        break;
                    }
                    read.add(event);
                }
                answer("events read", () -> completion.done(read));
            });
        }

        @Override
        public void trimEvents(long throughIndex) {
            request("trim events", () -> {
                world.check(
                        throughIndex <= lastIndex,
                        "only events that exist are trimmed",
                        throughIndex + " beyond " + lastIndex);
                trimmedThrough = Math.max(trimmedThrough, throughIndex);
                events.headMap(throughIndex, true).clear();
            });
        }

        /** What is under way when the process dies arrives all the same, or not. */
        private void request(String what, Runnable effect) {
            boolean outlives = random.chance(0.5);
            world.schedule(delay(), process.name(), what, () -> {
                if (process.isAlive() || outlives) {
                    effect.run();
                }
            });
        }

        private void answer(String what, Runnable answer) {
            process.post(delay(), what, answer);
        }

        private void tell(boolean mapChanged) {
            if (mapChanged && !mapNewsUnderWay) {
                mapNewsUnderWay = true;
                process.post(newsDelay(), "map news", () -> {
                    mapNewsUnderWay = false;
                    Listener receiver = listener;
                    if (receiver != null) {
                        receiver.onMapMaybeChanged();
                    }
                });
            }
            // News for nothing is allowed, so a changed map sometimes brings event news too.
            if ((!mapChanged || random.chance(0.2)) && !eventNewsUnderWay) {
                eventNewsUnderWay = true;
                process.post(newsDelay(), "event news", () -> {
                    eventNewsUnderWay = false;
                    Listener receiver = listener;
                    if (receiver != null) {
                        receiver.onEventsMaybeChanged();
                    }
                });
            }
        }

        private long delay() {
            return random.chance(0.02)
                    ? random.between(5_000_000, 200_000_000)
                    : random.between(100_000, 3_000_000);
        }

        private long newsDelay() {
            return random.between(100_000, 50_000_000);
        }
    }
}
