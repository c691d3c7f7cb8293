package io.kelpie.node.coordinator;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.NamedThreads;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreRecord;
import io.kelpie.wire.peer.ClusterMapCodec;
import io.kelpie.wire.peer.PeerFormatException;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The coordinator of a cluster of one node: map and event log are records of the node's own store,
 * changed on one thread of its own, so each compare-and-swap is alone. Everything is synced before
 * it completes. Calls come from the core loop, completions and news are posted back.
 *
 * <pre>
 * family epoch    {@code map}             the newest map
 *                 {@code epoch/XXXXXXXX}  the last map of each epoch, for ever
 * family cluster  {@code event/X*16}      an event: u128 node, u64 incarnation, u64 counter, body
 *                 {@code events-base}     u64 index through which events were forgotten
 * </pre>
 */
public final class SingleCoordinator implements Coordinator, AutoCloseable {
    /** Name of the thread. */
    public static final String THREAD_NAME = "kelpie-coordinator";

    /** Longest body of an event; the port's bound. */
    public static final int MAX_EVENT_BYTES = 64 << 10;

    /** Most calls that wait; the core has a handful in flight. */
    private static final int QUEUE_BOUND = 1 << 16;

    private static final int SCAN_MAX = 1024;
    private static final int EVENT_HEAD_BYTES = 32;
    private static final long CLOSE_SECONDS = 30;

    private static final byte[] MAP_KEY = ascii("map");
    private static final byte[] BASE_KEY = ascii("events-base");
    private static final byte[] EVENTS_END = ascii("event0");

    private final ObjectStore store;
    private final CoreLoop loop;
    private final Tracer tracer;
    private final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>(QUEUE_BOUND);
    private final Thread thread;
    private volatile @Nullable Listener listener;
    private volatile boolean closed;

    // The following belong to the coordinator thread once it runs.
    private ClusterMap map;
    private long lastIndex;
    /** Index of each event that is kept; as many as there are kept events. */
    private final Map<EventId, Long> indexes = new HashMap<>();

    private boolean ending;

    private SingleCoordinator(ObjectStore store, CoreLoop loop, Tracer tracer)
            throws MapDamagedException {
        this.store = store;
        this.loop = loop;
        this.tracer = tracer;
        this.map = loadMap();
        loadEvents();
        this.thread = NamedThreads.named(THREAD_NAME, this::run);
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
        coordinator.thread.start();
        return coordinator;
    }

    @Override
    public void listen(Listener news) {
        listener = news;
    }

    @Override
    public void readMap(Completion<ClusterMap> completion) {
        submit(completion, () -> finish(completion, map));
    }

    @Override
    public void swapMap(long expectedVersion, ClusterMap next, Completion<SwapOutcome> completion) {
        Invariant.check(
                next.version() == expectedVersion + 1,
                "a map follows the one it replaces",
                next.version());
        submit(completion, () -> {
            if (map.version() != expectedVersion) {
                finish(completion, SwapOutcome.CONFLICT);
                return;
            }
            byte[] bytes = ClusterMapCodec.encode(next);
            save(new StoreBatch()
                    .putRecord(RecordFamily.EPOCH, MAP_KEY, bytes)
                    .putRecord(RecordFamily.EPOCH, epochKey(next.epoch()), bytes));
            map = next;
            finish(completion, SwapOutcome.SWAPPED);
            tell(Listener::onMapMaybeChanged);
        });
    }

    @Override
    public void appendEvent(EventId id, byte[] body, Completion<Long> completion) {
        Invariant.check(body.length <= MAX_EVENT_BYTES, "an event has at most 64 KiB", body.length);
        submit(completion, () -> {
            Long known = indexes.get(id);
            if (known != null) {
                finish(completion, known);
                return;
            }
            long index = lastIndex + 1;
            save(new StoreBatch()
                    .putRecord(RecordFamily.CLUSTER, eventKey(index), encode(id, body)));
            lastIndex = index;
            indexes.put(id, index);
            finish(completion, index);
            tell(Listener::onEventsMaybeChanged);
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
            finish(completion, List.copyOf(events));
        });
    }

    /** {@inheritDoc} Not synced: at worst events are there once more after a crash. */
    @Override
    public void trimEvents(long throughIndex) {
        submit(new Ignored(), () -> {
            long base = Math.min(throughIndex, lastIndex);
            byte[] value = ByteBuffer.allocate(Long.BYTES).putLong(base).array();
            store.write(new StoreBatch()
                    .putRecord(RecordFamily.CLUSTER, BASE_KEY, value)
                    .deleteRecords(RecordFamily.CLUSTER, eventKey(0), eventKey(base + 1)));
            indexes.values().removeIf(index -> index <= base);
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
        if (closed) {
            return;
        }
        closed = true;
        queue.add(() -> ending = true);
        try {
            thread.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (!ending) {
                queue.take().run();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void submit(Completion<?> completion, Runnable work) {
        if (closed) {
            post(() -> completion.failed(ErrorCode.SHUTTING_DOWN));
            return;
        }
        boolean accepted = queue.offer(() -> {
            try {
                work.run();
            } catch (StoreException e) {
                tracer.event(
                        Tracer.Level.ERROR,
                        "the coordinator cannot use the store: " + e.getMessage());
                post(() -> completion.failed(codeOf(e.kind())));
            }
        });
        if (!accepted) {
            post(() -> completion.failed(ErrorCode.BUSY));
        }
    }

    private void save(StoreBatch batch) {
        store.sync(store.write(batch));
    }

    private ClusterMap loadMap() throws MapDamagedException {
        Optional<byte[]> bytes = store.readRecord(RecordFamily.EPOCH, MAP_KEY);
        return bytes.isEmpty() ? ClusterMap.EMPTY : decode(bytes.get());
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
            case IO, LOCKED, UNUSABLE, NOT_FOUND, EXISTS -> ErrorCode.COORDINATOR_FAILED;
        };
    }

    private <T> void finish(Completion<T> completion, T result) {
        post(() -> completion.done(result));
    }

    private void tell(Consumer<Listener> news) {
        Listener receiver = listener;
        if (receiver != null) {
            post(() -> news.accept(receiver));
        }
    }

    private void post(Runnable task) {
        if (!loop.post(task)) {
            tracer.event(Tracer.Level.DEBUG, "the core loop has ended before the coordinator");
        }
    }

    /** For calls that report nothing. */
    private static final class Ignored implements Completion<Void> {
        @Override
        public void done(Void result) {
            // Nobody asked.
        }

        @Override
        public void failed(ErrorCode error) {
            // The failure was traced; trimming is tried again with the next trim.
        }
    }
}
