package io.kelpie.cluster.testing;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A coordinator in memory that survives its node and fails as a test asks. Itself it is the port of
 * a single node; several nodes have a {@link MemorySession} each.
 */
public final class MemoryCoordinator implements Coordinator {
    /** How one call goes. */
    public enum Fate {
        /** As it should. */
        WORKS,
        /** It takes effect, the answer is lost. */
        LANDS_UNKNOWN,
        /** It has no effect, the answer is lost. */
        LOST_UNKNOWN,
        /** Refused without effect, worth another try. */
        FAILS,
        /** Refused without effect, for want of room. */
        FULL,
        /** Never answered and without effect: the process dies first. */
        DIES,
        /** Takes effect, then the process dies. */
        LANDS_AND_DIES
    }

    private final ArrayDeque<Fate> swaps = new ArrayDeque<>();
    private final ArrayDeque<Fate> appends = new ArrayDeque<>();
    private final ArrayDeque<Fate> reads = new ArrayDeque<>();
    private final ArrayDeque<Function<ClusterMap, ClusterMap>> others = new ArrayDeque<>();
    private final List<LoggedEvent> events = new ArrayList<>();
    private final TreeMap<String, Long> indexes = new TreeMap<>();
    private final TreeMap<PeerId, Announcement> announced = new TreeMap<>();
    private final List<MemorySession> sessions = new ArrayList<>();
    private final Loop loop;
    private Controller controller = Controller.NONE;
    private ClusterMap map = ClusterMap.EMPTY;
    private long lastIndex;
    private long trimmed;
    private int appendCalls;
    private int swapCalls;

    public MemoryCoordinator(Loop loop) {
        this.loop = loop;
    }

    public void nextSwaps(Fate... fates) {
        swaps.addAll(List.of(fates));
    }

    public void nextAppends(Fate... fates) {
        appends.addAll(List.of(fates));
    }

    public void nextEventReads(Fate... fates) {
        reads.addAll(List.of(fates));
    }

    /** Before the next swap somebody else changes the map. */
    public void otherEditsFirst(Function<ClusterMap, ClusterMap> edit) {
        others.add(edit);
    }

    public ClusterMap map() {
        return map;
    }

    public List<LoggedEvent> events() {
        return events;
    }

    public long trimmed() {
        return trimmed;
    }

    public Controller controller() {
        return controller;
    }

    /** How many maps somebody tried to write. */
    public int swapCalls() {
        return swapCalls;
    }

    /** The port of one process among several. */
    public MemorySession session() {
        MemorySession session = new MemorySession(this, loop);
        sessions.add(session);
        return session;
    }

    void end(MemorySession session) {
        sessions.remove(session);
        tell(Listener::onAnnouncedMaybeChanged);
    }

    TreeMap<PeerId, Announcement> announced() {
        return announced;
    }

    void tell(Consumer<Listener> news) {
        sessions.forEach(session -> session.tell(news));
    }

    public int appendCalls() {
        return appendCalls;
    }

    /** Appends an event as another node would. */
    public void append(EventId id, byte[] body, long gap) {
        if (indexes.putIfAbsent(id.toString(), lastIndex + gap) == null) {
            lastIndex += gap;
            events.add(new LoggedEvent(lastIndex, id, body));
            tell(Listener::onEventsMaybeChanged);
        }
    }

    @Override
    public void readMap(Completion<ClusterMap> completion) {
        ClusterMap current = map;
        loop.post(() -> completion.done(current));
    }

    @Override
    public void swapMap(long expectedVersion, ClusterMap next, Completion<SwapOutcome> completion) {
        swapCalls++;
        Function<ClusterMap, ClusterMap> other = others.poll();
        if (other != null) {
            map = other.apply(map);
        }
        Fate fate = swaps.isEmpty() ? Fate.WORKS : swaps.remove();
        switch (fate) {
            case FAILS -> loop.post(() -> completion.failed(ErrorCode.COORDINATOR_FAILED));
            case FULL -> loop.post(() -> completion.failed(ErrorCode.NO_SPACE));
            case LOST_UNKNOWN -> loop.post(() -> completion.done(SwapOutcome.UNKNOWN));
            case DIES -> {}
            case LANDS_AND_DIES -> swap(expectedVersion, next);
            case WORKS -> {
                SwapOutcome outcome = swap(expectedVersion, next);
                loop.post(() -> completion.done(outcome));
            }
            case LANDS_UNKNOWN -> {
                swap(expectedVersion, next);
                loop.post(() -> completion.done(SwapOutcome.UNKNOWN));
            }
        }
    }

    private SwapOutcome swap(long expectedVersion, ClusterMap next) {
        if (map.version() != expectedVersion) {
            return SwapOutcome.CONFLICT;
        }
        map = next;
        tell(Listener::onMapMaybeChanged);
        return SwapOutcome.SWAPPED;
    }

    @Override
    public void appendEvent(EventId id, byte[] body, Completion<Long> completion) {
        appendCalls++;
        Fate fate = appends.isEmpty() ? Fate.WORKS : appends.remove();
        if (fate == Fate.WORKS || fate == Fate.LANDS_UNKNOWN || fate == Fate.LANDS_AND_DIES) {
            append(id, body, 1);
        }
        switch (fate) {
            case WORKS -> {
                long index = indexes.getOrDefault(id.toString(), 0L);
                loop.post(() -> completion.done(index));
            }
            case FULL -> loop.post(() -> completion.failed(ErrorCode.NO_SPACE));
            case LANDS_UNKNOWN, LOST_UNKNOWN, FAILS ->
                loop.post(() -> completion.failed(ErrorCode.COORDINATOR_FAILED));
            case DIES, LANDS_AND_DIES -> {}
        }
    }

    @Override
    public void readEvents(long afterIndex, int max, Completion<List<LoggedEvent>> completion) {
        Fate fate = reads.isEmpty() ? Fate.WORKS : reads.remove();
        List<LoggedEvent> found = events.stream()
                .filter(event -> event.index() > afterIndex)
                .limit(max)
                .toList();
        switch (fate) {
            case WORKS -> {
                boolean forgotten = afterIndex < trimmed;
                loop.post(() -> {
                    if (forgotten) {
                        completion.failed(ErrorCode.OUT_OF_RANGE);
                    } else {
                        completion.done(found);
                    }
                });
            }
            case DIES, LANDS_AND_DIES -> {}
            case FULL -> loop.post(() -> completion.failed(ErrorCode.CORRUPT_OBJECT));
            case FAILS, LANDS_UNKNOWN, LOST_UNKNOWN ->
                loop.post(() -> completion.failed(ErrorCode.COORDINATOR_FAILED));
        }
    }

    @Override
    public void trimEvents(long throughIndex) {
        trimmed = throughIndex;
        events.removeIf(event -> event.index() <= throughIndex);
    }

    @Override
    public void announce(Announcement self) {
        announced.put(self.id(), self);
        tell(Listener::onAnnouncedMaybeChanged);
    }

    @Override
    public void readAnnounced(Completion<List<Announcement>> completion) {
        List<Announcement> now = List.copyOf(announced.values());
        loop.post(() -> completion.done(now));
    }

    @Override
    public void readController(Completion<Controller> completion) {
        Controller now = controller;
        loop.post(() -> completion.done(now));
    }

    @Override
    public void claimController(
            long expectedTerm, Controller next, Completion<SwapOutcome> completion) {
        boolean wins = controller.term() == expectedTerm;
        if (wins) {
            controller = next;
        }
        loop.post(() -> completion.done(wins ? SwapOutcome.SWAPPED : SwapOutcome.CONFLICT));
    }

    @Override
    public void listen(Listener listener) {
        // One node: it hears of nothing it did not do itself.
    }
}
