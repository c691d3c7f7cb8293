package io.kelpie.node.coordinator;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.node.config.CoordinatorConfig;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.wire.peer.AnnouncementCodec;
import io.kelpie.wire.peer.ClusterMapCodec;
import io.kelpie.wire.peer.ControllerCodec;
import io.kelpie.wire.peer.PeerFormatException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The coordinator of several nodes on one host, for development and tests: files in a directory
 * that all of them share, changed under one lock, looked at every {@value #POLL_MILLIS} ms. Calls
 * come from the core loop, completions and news are posted back.
 */
public final class LocalCoordinator implements Coordinator, AutoCloseable {
    private static final long POLL_MILLIS = 20;
    /** A whole look, which also finds processes that died: every tenth of a second. */
    private static final int LOOKS_BETWEEN_WHOLE = 5;
    /** News without a change, in case a look missed one: every two seconds. */
    private static final int LOOKS_BETWEEN_NEWS = 20 * LOOKS_BETWEEN_WHOLE;

    private static final String MAP = "map";
    private static final String CONTROLLER = "controller";
    private static final String EVENTS_BASE = "events-base";
    private static final String LOCK_SUFFIX = ".lock";

    private final LocalDirectory directory;
    private final Tracer tracer;
    private final CallThread calls;
    private final News news;

    // The following belong to the coordinator thread once it runs.
    private long lastIndex;
    /** Index of each event that is kept; as many as there are kept events. */
    private final Map<EventId, Long> indexes = new HashMap<>();

    private @Nullable Announcement self;
    private @Nullable LockedFile alive;
    private @Nullable Object mapSeen;
    private List<String> announcedSeen = List.of();
    private long eventSeen;
    private int looks;
    private boolean lookFailed;

    private LocalCoordinator(LocalDirectory directory, CoreLoop loop, Tracer tracer) {
        this.directory = directory;
        this.tracer = tracer;
        this.news = new News(loop);
        this.calls = new CallThread(loop, tracer, this::look, POLL_MILLIS);
    }

    /**
     * Makes the directory unless it is there and starts the thread. Blocks for a moment.
     *
     * @param config names the directory
     * @param loop where completions and news go
     * @param tracer told of failures
     * @return the running coordinator
     * @throws IOException if the directory cannot be used: one line that says why and what to do
     */
    public static LocalCoordinator open(
            CoordinatorConfig.Local config, CoreLoop loop, Tracer tracer) throws IOException {
        LocalDirectory directory = LocalDirectory.open(config.directory());
        LocalCoordinator coordinator = new LocalCoordinator(directory, loop, tracer);
        coordinator.calls.start();
        return coordinator;
    }

    @Override
    public void listen(Listener listener) {
        news.listen(listener);
        news.tellConnection(Connection.CONNECTED);
    }

    @Override
    public void readMap(Completion<ClusterMap> completion) {
        locked(completion, () -> calls.finish(completion, map()));
    }

    @Override
    public void swapMap(long expectedVersion, ClusterMap next, Completion<SwapOutcome> completion) {
        Invariant.check(
                next.version() == expectedVersion + 1,
                "a map follows the one it replaces",
                next.version());
        locked(completion, () -> {
            ClusterMap current = map();
            if (current.version() != expectedVersion) {
                calls.finish(completion, SwapOutcome.CONFLICT);
                return;
            }
            byte[] bytes = ClusterMapCodec.encode(next);
            if (next.epoch() != current.epoch()) {
                // First: an epoch without its map would be a hole in the log for ever.
                directory.replace(String.format("epochs/%08x", next.epoch()), bytes);
            }
            directory.replace(MAP, bytes);
            calls.finish(completion, SwapOutcome.SWAPPED);
            mapSeen = directory.identity(MAP);
            news.tellMap();
        });
    }

    @Override
    public void appendEvent(EventId id, byte[] body, Completion<Long> completion) {
        Invariant.check(
                body.length <= EventRecord.MAX_BODY_BYTES,
                "an event has at most 64 KiB",
                body.length);
        locked(completion, () -> {
            catchUp();
            Long known = indexes.get(id);
            if (known != null) {
                calls.finish(completion, known);
                return;
            }
            long index = lastIndex + 1;
            directory.replace(event(index), new EventRecord(id, body).encode());
            lastIndex = index;
            indexes.put(id, index);
            calls.finish(completion, index);
        });
    }

    @Override
    public void readEvents(long afterIndex, int max, Completion<List<LoggedEvent>> completion) {
        locked(completion, () -> {
            catchUp();
            if (afterIndex < base()) {
                throw new CallFailedException(
                        ErrorCode.OUT_OF_RANGE, "events above " + afterIndex + " are forgotten");
            }
            List<LoggedEvent> events = new ArrayList<>();
            long index = afterIndex + 1;
            while (index <= lastIndex && events.size() < max) {
                EventRecord record = readEvent(index);
                events.add(new LoggedEvent(index, record.id(), record.body()));
                index++;
            }
            calls.finish(completion, List.copyOf(events));
        });
    }

    @Override
    public void trimEvents(long throughIndex) {
        locked(new Ignored<>(), () -> {
            catchUp();
            long from = base() + 1;
            long through = Math.min(throughIndex, lastIndex);
            if (through < from) {
                return;
            }
            directory.replace(
                    EVENTS_BASE, Long.toString(through).getBytes(StandardCharsets.US_ASCII));
            for (long index = from; index <= through; index++) {
                directory.delete(event(index));
            }
            indexes.values().removeIf(index -> index <= through);
        });
    }

    @Override
    public void announce(Announcement announcement) {
        locked(new Ignored<>(), () -> {
            Announcement before = self;
            if (before != null && !before.id().equals(announcement.id())) {
                retract();
            }
            self = announcement;
            String name = alive(announcement);
            if (alive == null) {
                alive = directory.tryHold(name + LOCK_SUFFIX);
                if (alive == null) {
                    throw new CallFailedException(
                            ErrorCode.IO_ERROR,
                            "another process is node " + announcement.id()
                                    + ": was the store copied?");
                }
            }
            directory.replace(name, AnnouncementCodec.encode(announcement));
            news.tellAnnounced();
        });
    }

    @Override
    public void readAnnounced(Completion<List<Announcement>> completion) {
        locked(completion, () -> {
            List<Announcement> announced = new ArrayList<>();
            for (String name : living()) {
                byte[] bytes = directory.read("alive/" + name);
                if (bytes != null) {
                    announced.add(decoded(name, () -> AnnouncementCodec.decode(bytes)));
                }
            }
            announced.sort(Comparator.comparing(Announcement::id));
            calls.finish(completion, List.copyOf(announced));
        });
    }

    @Override
    public void readController(Completion<Controller> completion) {
        locked(completion, () -> calls.finish(completion, controller()));
    }

    @Override
    public void claimController(
            long expectedTerm, Controller next, Completion<SwapOutcome> completion) {
        locked(completion, () -> {
            if (controller().term() != expectedTerm) {
                calls.finish(completion, SwapOutcome.CONFLICT);
                return;
            }
            directory.replace(CONTROLLER, ControllerCodec.encode(next));
            calls.finish(completion, SwapOutcome.SWAPPED);
        });
    }

    /** Refuses new calls, carries out those given before and takes the announcement back. */
    @Override
    public void close() {
        if (calls.isClosed()) {
            return;
        }
        locked(new Ignored<>(), this::retract);
        calls.close();
    }

    /** Work with the files. */
    private interface FileWork {
        void run() throws IOException, CallFailedException;
    }

    private interface Decoding<T> {
        T run();
    }

    private void locked(Completion<?> completion, FileWork work) {
        calls.call(completion, () -> underLock(work));
    }

    private void underLock(FileWork work) throws CallFailedException {
        try {
            LockedFile held = directory.lock();
            try {
                work.run();
            } finally {
                held.close();
            }
        } catch (IOException e) {
            boolean isFull = String.valueOf(e.getMessage()).contains("No space left");
            throw new CallFailedException(
                    isFull ? ErrorCode.NO_SPACE : ErrorCode.IO_ERROR,
                    "cannot use " + directory + ": " + e);
        }
    }

    /**
     * What the others changed since the last look. Most looks find nothing, and the whole one takes
     * some sixty system calls: in between only what is waited for is looked at, without the lock.
     */
    private void look() {
        try {
            looks++;
            if (looks % LOOKS_BETWEEN_WHOLE == 0 || seesChange()) {
                underLock(this::tellChanges);
            }
            lookFailed = false;
        } catch (CallFailedException e) {
            if (!lookFailed) {
                tracer.event(Tracer.Level.ERROR, "the coordinator: " + e.getMessage());
            }
            lookFailed = true;
        }
    }

    /** Files appear whole under their names, so that two of them tell without the lock. */
    private boolean seesChange() {
        try {
            return lastIndex > eventSeen
                    || !Objects.equals(directory.identity(MAP), mapSeen)
                    || directory.exists(event(lastIndex + 1));
        } catch (IOException e) {
            // The whole look meets it again and tells.
            return true;
        }
    }

    private void tellChanges() throws IOException, CallFailedException {
        Object map = directory.identity(MAP);
        if (!Objects.equals(map, mapSeen)) {
            mapSeen = map;
            news.tellMap();
        }
        catchUp();
        if (lastIndex > eventSeen) {
            eventSeen = lastIndex;
            news.tellEvents();
        }
        List<String> announced = living();
        if (!announced.equals(announcedSeen)) {
            announcedSeen = announced;
            news.tellAnnounced();
        }
        if (looks % LOOKS_BETWEEN_NEWS == 0) {
            news.tellAll();
        }
    }

    private ClusterMap map() throws IOException, CallFailedException {
        byte[] bytes = directory.read(MAP);
        return bytes == null ? ClusterMap.EMPTY : decoded(MAP, () -> ClusterMapCodec.decode(bytes));
    }

    private Controller controller() throws IOException, CallFailedException {
        byte[] bytes = directory.read(CONTROLLER);
        return bytes == null
                ? Controller.NONE
                : decoded(CONTROLLER, () -> ControllerCodec.decode(bytes));
    }

    private <T> T decoded(String name, Decoding<T> decoding) throws CallFailedException {
        try {
            return decoding.run();
        } catch (PeerFormatException e) {
            throw new CallFailedException(
                    ErrorCode.CORRUPT_OBJECT,
                    "file " + name + " in " + directory + " is damaged: " + e.getMessage());
        }
    }

    /** Learns of the events that others appended. */
    private void catchUp() throws IOException, CallFailedException {
        if (!directory.exists(event(lastIndex + 1))) {
            lastIndex = Math.max(lastIndex, base());
        }
        while (directory.exists(event(lastIndex + 1))) {
            indexes.put(readEvent(lastIndex + 1).id(), lastIndex + 1);
            lastIndex++;
        }
    }

    private EventRecord readEvent(long index) throws IOException, CallFailedException {
        byte[] bytes = directory.read(event(index));
        if (bytes == null) {
            throw new CallFailedException(
                    ErrorCode.CORRUPT_OBJECT, directory + " has lost event " + index);
        }
        return EventRecord.decode(event(index), bytes);
    }

    private long base() throws IOException, CallFailedException {
        byte[] text = directory.read(EVENTS_BASE);
        try {
            return text == null ? 0 : Long.parseLong(new String(text, StandardCharsets.US_ASCII));
        } catch (NumberFormatException e) {
            throw new CallFailedException(
                    ErrorCode.CORRUPT_OBJECT,
                    "file " + EVENTS_BASE + " in " + directory + " is damaged: " + e.getMessage());
        }
    }

    /** Names of the announcements of living processes; those of dead ones are removed. */
    private List<String> living() throws IOException {
        List<String> living = new ArrayList<>();
        for (String name : directory.names("alive")) {
            if (!name.endsWith(LOCK_SUFFIX)) {
                String lock = "alive/" + name + LOCK_SUFFIX;
                LockedFile ofDead = directory.tryHold(lock);
                if (ofDead == null) {
                    living.add(name);
                } else {
                    directory.delete("alive/" + name);
                    directory.delete(lock);
                    ofDead.close();
                }
            }
        }
        return living;
    }

    private void retract() throws IOException {
        Announcement before = self;
        LockedFile held = alive;
        if (before != null && held != null) {
            directory.delete(alive(before));
            directory.delete(alive(before) + LOCK_SUFFIX);
            held.close();
        }
        self = null;
        alive = null;
    }

    private static String alive(Announcement announcement) {
        return "alive/" + announcement.id().node() + "-" + announcement.id().incarnation();
    }

    private static String event(long index) {
        return String.format("events/%016x", index);
    }
}
