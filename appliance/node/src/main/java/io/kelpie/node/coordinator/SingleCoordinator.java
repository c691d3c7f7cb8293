package io.kelpie.node.coordinator;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreRecord;
import io.kelpie.wire.peer.ClusterMapCodec;
import io.kelpie.wire.peer.ControllerCodec;
import io.kelpie.wire.peer.PeerFormatException;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The coordinator of a cluster of one node: map and event log are records of the node's own store,
 * changed on one thread of its own, so each compare-and-swap is alone. Everything is synced before
 * it completes. Calls come from the core loop, completions and news are posted back.
 *
 * <pre>
 * family epoch    {@code map}             the newest map
 *                 {@code controller}      who edits the map
 *                 {@code epoch/XXXXXXXX}  the last map of each epoch, for ever
 * family cluster  {@code event/X*16}      an event: u128 node, u64 incarnation, u64 counter, body
 *                 {@code events-base}     u64 index through which events were forgotten
 * </pre>
 */
public final class SingleCoordinator implements Coordinator, AutoCloseable {
    /** Name of the thread. */
    public static final String THREAD_NAME = CallThread.NAME;

    /** Longest body of an event; the port's bound. */
    public static final int MAX_EVENT_BYTES = 64 << 10;

    private static final int SCAN_MAX = 1024;
    private static final int EVENT_HEAD_BYTES = 32;
    private static final long IDLE_MILLIS = 60_000;

    private static final byte[] MAP_KEY = ascii("map");
    private static final byte[] CONTROLLER_KEY = ascii("controller");
    private static final byte[] BASE_KEY = ascii("events-base");
    private static final byte[] EVENTS_END = ascii("event0");

    private final ObjectStore store;
    private final CallThread calls;
    private final News news;

    // The following belong to the coordinator thread once it runs.
    private ClusterMap map;
    private long lastIndex;
    /** Index of each event that is kept; as many as there are kept events. */
    private final Map<EventId, Long> indexes = new HashMap<>();

    private @Nullable Announcement self;
    private Controller controller;

    private SingleCoordinator(ObjectStore store, CoreLoop loop, Tracer tracer)
            throws MapDamagedException {
        this.store = store;
        this.map = loadMap();
        this.controller = loadController();
        loadEvents();
        this.news = new News(loop);
        this.calls = new CallThread(loop, tracer, () -> {}, IDLE_MILLIS);
    }

    /**
     * Reads what is stored and starts the thread. Blocks.
     *
     * @param store the node's store; stays the caller's to close, after this
     * @param loop where completions and news go
     * @param tracer told of failures
     * @return the running coordinator
     * @throws MapDamagedException if the map or the log is damaged
     * @throws StoreException if the store cannot be read
     */
    public static SingleCoordinator open(ObjectStore store, CoreLoop loop, Tracer tracer)
            throws MapDamagedException {
        SingleCoordinator coordinator = new SingleCoordinator(store, loop, tracer);
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
        submit(completion, () -> calls.finish(completion, map));
    }

    @Override
    public void swapMap(long expectedVersion, ClusterMap next, Completion<SwapOutcome> completion) {
        Invariant.check(
                next.version() == expectedVersion + 1,
                "a map follows the one it replaces",
                next.version());
        submit(completion, () -> {
            if (map.version() != expectedVersion) {
                calls.finish(completion, SwapOutcome.CONFLICT);
                return;
            }
            byte[] bytes = ClusterMapCodec.encode(next);
            save(new StoreBatch()
                    .putRecord(RecordFamily.EPOCH, MAP_KEY, bytes)
                    .putRecord(RecordFamily.EPOCH, epochKey(next.epoch()), bytes));
            map = next;
            calls.finish(completion, SwapOutcome.SWAPPED);
            news.tellMap();
        });
    }

    @Override
    public void appendEvent(EventId id, byte[] body, Completion<Long> completion) {
        Invariant.check(body.length <= MAX_EVENT_BYTES, "an event has at most 64 KiB", body.length);
        submit(completion, () -> {
            Long known = indexes.get(id);
            if (known != null) {
                calls.finish(completion, known);
                return;
            }
            long index = lastIndex + 1;
            save(new StoreBatch()
                    .putRecord(RecordFamily.CLUSTER, eventKey(index), encode(id, body)));
            lastIndex = index;
            indexes.put(id, index);
            calls.finish(completion, index);
            news.tellEvents();
        });
    }

    @Override
    public void readEvents(long afterIndex, int max, Completion<List<LoggedEvent>> completion) {
        submit(completion, () -> {
            List<LoggedEvent> events = new ArrayList<>();
            for (StoreRecord record : store.scanRecords(
                    RecordFamily.CLUSTER, eventKey(afterIndex + 1), EVENTS_END, max)) {
                events.add(decode(record));
            }
            calls.finish(completion, List.copyOf(events));
        });
    }

    /** {@inheritDoc} Not synced: at worst events are there once more after a crash. */
    @Override
    public void trimEvents(long throughIndex) {
        submit(new Ignored<Void>(), () -> {
            long base = Math.min(throughIndex, lastIndex);
            byte[] value = ByteBuffer.allocate(Long.BYTES).putLong(base).array();
            store.write(new StoreBatch()
                    .putRecord(RecordFamily.CLUSTER, BASE_KEY, value)
                    .deleteRecords(RecordFamily.CLUSTER, eventKey(0), eventKey(base + 1)));
            indexes.values().removeIf(index -> index <= base);
        });
    }

    @Override
    public void announce(Announcement announcement) {
        submit(new Ignored<Void>(), () -> {
            self = announcement;
            news.tellAnnounced();
        });
    }

    @Override
    public void readAnnounced(Completion<List<Announcement>> completion) {
        submit(completion, () -> {
            Announcement mine = self;
            calls.finish(completion, mine == null ? List.of() : List.of(mine));
        });
    }

    @Override
    public void readController(Completion<Controller> completion) {
        submit(completion, () -> calls.finish(completion, controller));
    }

    @Override
    public void claimController(
            long expectedTerm, Controller next, Completion<SwapOutcome> completion) {
        submit(completion, () -> {
            if (controller.term() != expectedTerm) {
                calls.finish(completion, SwapOutcome.CONFLICT);
                return;
            }
            save(new StoreBatch()
                    .putRecord(RecordFamily.EPOCH, CONTROLLER_KEY, ControllerCodec.encode(next)));
            controller = next;
            calls.finish(completion, SwapOutcome.SWAPPED);
        });
    }

    /**
     * The last map of an epoch, for the epoch log. Blocks on the disk; any thread but the core.
     *
     * @param epoch from 1
     * @return the map, or empty if there was no such epoch
     * @throws MapDamagedException if the record is damaged
     */
    public Optional<ClusterMap> mapOfEpoch(int epoch) throws MapDamagedException {
        Optional<byte[]> bytes = store.readRecord(RecordFamily.EPOCH, epochKey(epoch));
        return bytes.isEmpty() ? Optional.empty() : Optional.of(decode(bytes.get()));
    }

    /** Refuses new calls, carries out those given before and ends the thread. */
    @Override
    public void close() {
        calls.close();
    }

    private void submit(Completion<?> completion, Runnable work) {
        calls.call(completion, () -> {
            try {
                work.run();
            } catch (StoreException e) {
                throw new CallFailedException(
                        codeOf(e.kind()), "cannot use the store: " + e.getMessage());
            }
        });
    }

    private void save(StoreBatch batch) {
        store.sync(store.write(batch));
    }

    private ClusterMap loadMap() throws MapDamagedException {
        Optional<byte[]> bytes = store.readRecord(RecordFamily.EPOCH, MAP_KEY);
        return bytes.isEmpty() ? ClusterMap.EMPTY : decode(bytes.get());
    }

    private Controller loadController() throws MapDamagedException {
        Optional<byte[]> bytes = store.readRecord(RecordFamily.EPOCH, CONTROLLER_KEY);
        try {
            return bytes.isEmpty() ? Controller.NONE : ControllerCodec.decode(bytes.get());
        } catch (PeerFormatException e) {
            throw new MapDamagedException("the controller's record: " + e.getMessage());
        }
    }

    private static ClusterMap decode(byte[] bytes) throws MapDamagedException {
        try {
            return ClusterMapCodec.decode(bytes);
        } catch (PeerFormatException e) {
            throw new MapDamagedException(String.valueOf(e.getMessage()));
        }
    }

    private void loadEvents() {
        lastIndex = store.readRecord(RecordFamily.CLUSTER, BASE_KEY)
                .map(base -> ByteBuffer.wrap(base).getLong())
                .orElse(0L);
        List<StoreRecord> records;
        do {
            records = store.scanRecords(
                    RecordFamily.CLUSTER, eventKey(lastIndex + 1), EVENTS_END, SCAN_MAX);
            for (StoreRecord record : records) {
                LoggedEvent event = decode(record);
                indexes.put(event.id(), event.index());
                lastIndex = event.index();
            }
        } while (records.size() == SCAN_MAX);
    }

    private static byte[] encode(EventId id, byte[] body) {
        return ByteBuffer.allocate(EVENT_HEAD_BYTES + body.length)
                .putLong(id.nodeHigh())
                .putLong(id.nodeLow())
                .putLong(id.incarnation())
                .putLong(id.counter())
                .put(body)
                .array();
    }

    private static LoggedEvent decode(StoreRecord record) {
        String key = new String(record.key(), StandardCharsets.US_ASCII);
        if (record.value().length < EVENT_HEAD_BYTES) {
            throw new StoreException(
                    StoreException.Kind.CORRUPTION,
                    "the record of " + key + " is damaged: restore the store from a copy");
        }
        ByteBuffer in = ByteBuffer.wrap(record.value());
        EventId id = new EventId(in.getLong(), in.getLong(), in.getLong(), in.getLong());
        byte[] body = new byte[in.remaining()];
        in.get(body);
        return new LoggedEvent(
                Long.parseUnsignedLong(key.substring("event/".length()), 16), id, body);
    }

    private static byte[] eventKey(long index) {
        return ascii(String.format("event/%016x", index));
    }

    private static byte[] epochKey(int epoch) {
        return ascii(String.format("epoch/%08x", epoch));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static ErrorCode codeOf(StoreException.Kind kind) {
        return switch (kind) {
            case NO_SPACE -> ErrorCode.NO_SPACE;
            case CLOSED -> ErrorCode.SHUTTING_DOWN;
            case CORRUPTION -> ErrorCode.CORRUPT_OBJECT;
            // Tried again it would fail again, for ever: a broken disk does not heal.
            case IO, LOCKED, UNUSABLE, NOT_FOUND, EXISTS -> ErrorCode.IO_ERROR;
        };
    }
}
