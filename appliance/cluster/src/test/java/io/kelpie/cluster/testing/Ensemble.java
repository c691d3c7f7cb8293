package io.kelpie.cluster.testing;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;

/** A coordinator of several nodes in memory; each has its own door, which a test can close. */
public final class Ensemble {
    private final Loop loop;
    private final List<Coordinator.LoggedEvent> events = new ArrayList<>();
    private final TreeMap<String, Long> indexes = new TreeMap<>();
    private final TreeMap<NodeId, Coordinator.Announcement> announced = new TreeMap<>();
    private final List<Door> doors = new ArrayList<>();
    private ClusterMap map = ClusterMap.EMPTY;
    private long lastIndex;
    private long base;

    public Ensemble(Loop loop) {
        this.loop = loop;
    }

    /** The coordinator as one node sees it. */
    public Door door() {
        Door door = new Door();
        doors.add(door);
        return door;
    }

    public ClusterMap map() {
        return map;
    }

    /** Writes a map without being asked by a node; nodes hear of it. */
    public void put(ClusterMap next) {
        map = next;
        tell(Coordinator.Listener::onMapMaybeChanged);
    }

    public List<Coordinator.LoggedEvent> events() {
        return events;
    }

    public TreeMap<NodeId, Coordinator.Announcement> announced() {
        return announced;
    }

    /** Forgets events, as after a trim by somebody else. */
    public void forget(long throughIndex) {
        base = Math.max(base, throughIndex);
        events.removeIf(event -> event.index() <= base);
    }

    public long base() {
        return base;
    }

    /** Forgets everything, as a new or wiped ensemble. */
    public void wipe() {
        events.clear();
        indexes.clear();
        announced.clear();
        map = ClusterMap.EMPTY;
        lastIndex = 0;
        base = 0;
    }

    private void tell(Consumer<Coordinator.Listener> news) {
        for (Door door : doors) {
            Coordinator.Listener listener = door.listener;
            if (listener != null && !door.away) {
                loop.post(() -> news.accept(listener));
            }
        }
    }

    /** One node's coordinator. */
    public final class Door implements Coordinator {
        private Coordinator.@Nullable Listener listener;
        private boolean away;
        private boolean losesAnswers;

        /** From now on every call fails, or works again. */
        public void away(boolean now) {
            away = now;
        }

        /** The next append lands, its answer is lost. */
        public void loseNextAnswer() {
            losesAnswers = true;
        }

        public void leave() {
            doors.remove(this);
        }

        private <T> boolean refused(Completion<T> completion) {
            if (away) {
                loop.post(() -> completion.failed(ErrorCode.COORDINATOR_FAILED));
            }
            return away;
        }

        @Override
        public void readMap(Completion<ClusterMap> completion) {
            if (!refused(completion)) {
                ClusterMap current = map;
                loop.post(() -> completion.done(current));
            }
        }

        @Override
        public void swapMap(
                long expectedVersion, ClusterMap next, Completion<SwapOutcome> completion) {
            if (refused(completion)) {
                return;
            }
            boolean swapped = map.version() == expectedVersion;
            if (swapped) {
                put(next);
            }
            loop.post(() -> completion.done(swapped ? SwapOutcome.SWAPPED : SwapOutcome.CONFLICT));
        }

        @Override
        public void appendEvent(EventId id, byte[] body, Completion<Long> completion) {
            if (refused(completion)) {
                return;
            }
            Long known = indexes.get(id.toString());
            long index = known == null ? ++lastIndex : known;
            if (known == null) {
                indexes.put(id.toString(), index);
                events.add(new LoggedEvent(index, id, body));
                tell(Listener::onEventsMaybeChanged);
            }
            boolean lost = losesAnswers;
            losesAnswers = false;
            loop.post(() -> {
                if (lost) {
                    completion.failed(ErrorCode.COORDINATOR_FAILED);
                } else {
                    completion.done(index);
                }
            });
        }

        @Override
        public void readEvents(long afterIndex, int max, Completion<List<LoggedEvent>> completion) {
            if (refused(completion)) {
                return;
            }
            if (afterIndex < base) {
                loop.post(() -> completion.failed(ErrorCode.OUT_OF_RANGE));
                return;
            }
            List<LoggedEvent> found = events.stream()
                    .filter(event -> event.index() > afterIndex)
                    .limit(max)
                    .toList();
            loop.post(() -> completion.done(found));
        }

        @Override
        public void trimEvents(long throughIndex) {
            if (!away) {
                forget(throughIndex);
            }
        }

        @Override
        public void announce(Announcement self) {
            announced.put(self.id().node(), self);
            tell(Listener::onAnnouncedMaybeChanged);
        }

        @Override
        public void readAnnounced(Completion<List<Announcement>> completion) {
            if (!refused(completion)) {
                List<Announcement> found = List.copyOf(announced.values());
                loop.post(() -> completion.done(found));
            }
        }

        @Override
        public void readController(Completion<Controller> completion) {
            if (!refused(completion)) {
                loop.post(() -> completion.done(Controller.NONE));
            }
        }

        @Override
        public void listen(Listener receiver) {
            listener = receiver;
        }
    }
}
