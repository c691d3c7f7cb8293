package io.kelpie.simulator;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The ordering service: linearizable, durable, outliving every node. Each process talks to it
 * through a {@link Session} that may lose answers and bring news late, merged or for nothing.
 */
final class SimCoordinator {
    private static final int MAX_EVENT_BYTES = 64 << 10;
    /** A session that is not heard for this long is over. */
    private static final long SESSION_NANOS = 10_000_000_000L;

    private final World world;
    private final RandomSource random;
    private final Mutation mutation;
    private final TreeMap<Long, Coordinator.LoggedEvent> events = new TreeMap<>();
    /** Ids of all events, trimmed ones too; only looked up, never walked. */
    private final Map<Coordinator.EventId, Long> indexes = new HashMap<>();

    private final List<Session> sessions = new ArrayList<>();
    private final TreeMap<PeerId, Coordinator.Announcement> announced = new TreeMap<>();
    private final TreeSet<String> cutHosts = new TreeSet<>();
    private final List<MapObserver> observers = new ArrayList<>();
    private ClusterMap map = ClusterMap.EMPTY;
    private Coordinator.Controller controller = Coordinator.Controller.NONE;
    private long lastIndex;
    private long trimmedThrough;
    private double unknownChance;
    private boolean away;
    /** No session can be over before this time: nobody counts while the service is away. */
    private long backSinceNanos;

    SimCoordinator(World world, Mutation mutation) {
        this.world = world;
        this.random = world.random("coordinator");
        this.mutation = mutation;
    }

    /** How often the answer to a conditional write or an append is lost, 0 to 1. */
    void loseAnswers(double chance) {
        unknownChance = chance;
    }

    /** Adds somebody who sees every change of the map. */
    void observe(MapObserver observer) {
        observers.add(observer);
    }

    /** Takes the whole service away, or brings it back. */
    void setAway(boolean isAway) {
        away = isAway;
        backSinceNanos = world.now();
        world.note("coord", isAway ? "away" : "back", 0, 0);
    }

    /** Cuts a host off from the service, or connects it again. */
    void setCut(String host, boolean isCut) {
        if (isCut) {
            cutHosts.add(host);
        } else {
            cutHosts.remove(host);
        }
        world.note("coord", isCut ? "cut off " + host : "reached by " + host, 0, 0);
    }

    /** Everybody reaches the service, no answer is lost. */
    void heal() {
        cutHosts.clear();
        unknownChance = 0;
        if (away) {
            setAway(false);
        }
    }

    Coordinator.Controller controller() {
        return controller;
    }

    /** The last event's index. */
    long lastIndex() {
        return lastIndex;
    }

    Session connect(SimProcess process) {
        return connect(process, process.name());
    }

    /** A session for a process on a host. */
    Session connect(SimProcess process, String host) {
        sessions.removeIf(session -> !session.process.isAlive() && !session.holdsAnnouncement());
        if (mutation == Mutation.FORGETS_EVENTS && !events.isEmpty() && random.chance(0.5)) {
            events.remove(events.lastKey());
        }
        Session session = new Session(process, host);
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
        ClusterMap previous = map;
        map = next;
        world.note("coord", "map", next.version(), next.epoch());
        for (MapObserver observer : observers) {
            observer.onMap(previous, next);
        }
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

    private void tellAnnounced() {
        for (Session session : sessions) {
            session.tellAnnounced();
        }
    }

    /** Sees every map that is written, in order. */
    interface MapObserver {
        void onMap(ClusterMap previous, ClusterMap next);
    }

    /** The coordinator as one process sees it. */
    final class Session implements Coordinator {
        private final SimProcess process;
        private final String host;
        private @Nullable Listener listener;
        private boolean mapNewsUnderWay;
        private boolean eventNewsUnderWay;
        private boolean announcedNewsUnderWay;
        /** What to make known, also again after the session was lost. */
        private @Nullable Announcement self;

        private Connection connection = Connection.CONNECTED;
        private boolean over;
        private long lastContactNanos;

        private Session(SimProcess process, String host) {
            this.process = process;
            this.host = host;
        }

        private boolean isReachable() {
            return !away && !cutHosts.contains(host);
        }

        private boolean holdsAnnouncement() {
            Announcement mine = self;
            return mine != null && announced.get(mine.id()) == mine;
        }

        @Override
        public void listen(Listener newListener) {
            world.check(listener == null, "there is one listener", process.name());
            listener = newListener;
        }

        @Override
        public void readMap(Completion<ClusterMap> completion) {
            request("read map", completion, () -> {
                ClusterMap read = map;
                answer("map read", () -> completion.done(read));
            });
        }

        @Override
        public void swapMap(
                long expectedVersion, ClusterMap next, Completion<SwapOutcome> completion) {
            conditional("swap map", completion, () -> {
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
            request("append event", completion, () -> {
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
            request("read events", completion, () -> {
                if (afterIndex < trimmedThrough) {
                    answer("events forgotten", () -> completion.failed(ErrorCode.OUT_OF_RANGE));
                    return;
                }
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
            request("trim events", null, () -> {
                world.check(
                        throughIndex <= lastIndex,
                        "only events that exist are trimmed",
                        throughIndex + " beyond " + lastIndex);
                trimmedThrough = Math.max(trimmedThrough, throughIndex);
                events.headMap(throughIndex, true).clear();
            });
        }

        @Override
        public void announce(Announcement newSelf) {
            Announcement before = self;
            self = newSelf;
            if (before == null) {
                lastContactNanos = world.now();
                beatLater();
            }
            request("announce", null, () -> {
                if (before != null) {
                    announced.remove(before.id());
                }
                makeKnown();
            });
        }

        private void makeKnown() {
            Announcement mine = self;
            if (mine != null && process.isAlive()) {
                announced.put(mine.id(), mine);
                over = false;
                world.note("coord", "announced " + process.name(), 0, 0);
                SimCoordinator.this.tellAnnounced();
            }
        }

        @Override
        public void readAnnounced(Completion<List<Announcement>> completion) {
            request("read announced", completion, () -> {
                List<Announcement> read = List.copyOf(announced.values());
                answer("announced read", () -> completion.done(read));
            });
        }

        @Override
        public void readController(Completion<Controller> completion) {
            request("read controller", completion, () -> {
                Controller read = controller;
                answer("controller read", () -> completion.done(read));
            });
        }

        @Override
        public void claimController(
                long expectedTerm, Controller next, Completion<SwapOutcome> completion) {
            world.check(
                    next.term() == expectedTerm + 1,
                    "terms of controllers rise by one",
                    expectedTerm + " to " + next.term());
            conditional("claim controller", completion, () -> {
                boolean lost = random.chance(unknownChance);
                boolean claimed =
                        (!lost || random.chance(0.5)) && controller.term() == expectedTerm;
                if (claimed) {
                    controller = next;
                    world.note("coord", "controller " + process.name(), next.term(), 0);
                }
                SwapOutcome outcome = lost
                        ? SwapOutcome.UNKNOWN
                        : claimed ? SwapOutcome.SWAPPED : SwapOutcome.CONFLICT;
                answer("controller claim " + outcome, () -> completion.done(outcome));
            });
        }

        /** Ends the session in an orderly way. */
        void close() {
            endSession();
            sessions.remove(this);
        }

        private void endSession() {
            over = true;
            Announcement mine = self;
            if (mine != null && announced.get(mine.id()) == mine) {
                announced.remove(mine.id());
                world.note("coord", "session over " + process.name(), 0, 0);
                SimCoordinator.this.tellAnnounced();
            }
        }

        private void beatLater() {
            long delay = random.between(200_000_000, 800_000_000);
            world.schedule(delay, process.name(), "session beat", this::beat);
        }

        /** The session lives as long as its process makes itself heard. */
        private void beat() {
            boolean heard = process.isAlive() && !process.isPaused() && isReachable();
            if (heard) {
                lastContactNanos = world.now();
                if (over) {
                    tellConnection(Connection.LOST);
                }
                if (!holdsAnnouncement()) {
                    // The session is new, or the first attempt did not get through.
                    makeKnown();
                    tellAll();
                }
                if (connection != Connection.CONNECTED) {
                    tellConnection(Connection.CONNECTED);
                    tellAll();
                }
            } else {
                if (process.isAlive() && !isReachable() && connection == Connection.CONNECTED) {
                    tellConnection(Connection.SUSPENDED);
                }
                long since = Math.max(lastContactNanos, backSinceNanos);
                boolean silent = world.now() - since >= SESSION_NANOS;
                if (!away && !over && silent) {
                    endSession();
                }
                if (connection == Connection.SUSPENDED
                        && world.now() - lastContactNanos >= SESSION_NANOS) {
                    tellConnection(Connection.LOST);
                }
            }
            if (process.isAlive() || holdsAnnouncement()) {
                beatLater();
            }
        }

        private void tellConnection(Connection now) {
            if (connection == now) {
                return;
            }
            connection = now;
            process.post(newsDelay(), "connection " + now, () -> {
                Listener receiver = listener;
                if (receiver != null) {
                    receiver.onConnection(now);
                }
            });
        }

        private void tellAll() {
            tell(true);
            tell(false);
            tellAnnounced();
        }

        /** A call whose failure leaves open whether it had its effect. */
        private void conditional(String what, Completion<SwapOutcome> completion, Runnable effect) {
            boolean reached = isReachable();
            boolean outlives = random.chance(0.5);
            world.schedule(delay(), process.name(), what, () -> {
                if (!process.isAlive() && !outlives) {
                    return;
                }
                if (reached && isReachable()) {
                    effect.run();
                } else if (random.chance(0.5)) {
                    answerLate(what, () -> completion.done(SwapOutcome.UNKNOWN));
                } else {
                    answerLate(what, () -> completion.failed(ErrorCode.COORDINATOR_FAILED));
                }
            });
        }

        /** What is under way when the process dies arrives all the same, or not. */
        private void request(String what, @Nullable Completion<?> completion, Runnable effect) {
            boolean reached = isReachable();
            boolean outlives = random.chance(0.5);
            world.schedule(delay(), process.name(), what, () -> {
                if (!process.isAlive() && !outlives) {
                    return;
                }
                if (reached && isReachable()) {
                    effect.run();
                } else if (completion != null) {
                    answerLate(what, () -> completion.failed(ErrorCode.COORDINATOR_FAILED));
                }
            });
        }

        private void answerLate(String what, Runnable answer) {
            process.post(random.between(50_000_000, 500_000_000), what + " failed", answer);
        }

        private void answer(String what, Runnable answer) {
            process.post(delay(), what, answer);
        }

        private void tell(boolean mapChanged) {
            if (!isReachable()) {
                // Told to look again when it is reached.
                return;
            }
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

        private void tellAnnounced() {
            if (!announcedNewsUnderWay && isReachable()) {
                announcedNewsUnderWay = true;
                process.post(newsDelay(), "announced news", () -> {
                    announcedNewsUnderWay = false;
                    Listener receiver = listener;
                    if (receiver != null) {
                        receiver.onAnnouncedMaybeChanged();
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
