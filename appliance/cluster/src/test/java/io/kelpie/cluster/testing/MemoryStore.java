package io.kelpie.cluster.testing;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.cluster.port.ObjectDigest;
import io.kelpie.cluster.port.ObjectSnapshot;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.port.StoreRead;
import io.kelpie.cluster.port.StoredPiece;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * A store in memory. Calls take effect at once and complete through the loop, unless a test holds
 * the completion of some or lets some fail.
 */
public final class MemoryStore implements LocalStore {
    private static final int PAGE = 4096;

    private final Loop loop;
    private final Payloads payloads;
    private final TreeMap<ObjectId, MemoryObject> objects = new TreeMap<>();
    private final TreeMap<ObjectId, PgId> groups = new TreeMap<>();
    private final TreeMap<PgId, TreeMap<ObjectVersion, LogEntry>> lines = new TreeMap<>();
    private final TreeMap<String, byte[]> records = new TreeMap<>();
    private final List<StoreOperation> log = new ArrayList<>();
    private final List<StoreBatch> batches = new ArrayList<>();
    private final List<Runnable> held = new ArrayList<>();
    private Predicate<StoreOperation> holding = operation -> false;
    private Predicate<StoreOperation> failing = operation -> false;
    private Predicate<ObjectId> failingReads = object -> false;
    private ErrorCode failure = ErrorCode.IO_ERROR;
    private long freeBytes = 1L << 39;
    private int syncs;
    private int openSnapshots;
    private int open;
    private int mostOpen;

    public MemoryStore(Loop loop, Payloads payloads) {
        this.loop = loop;
        this.payloads = payloads;
    }

    /** Keeps the completions of batches with such an operation until {@link #releaseHeld}. */
    public void hold(Predicate<StoreOperation> which) {
        holding = which;
    }

    public int heldCount() {
        return held.size();
    }

    /** Completes what was held, and holds no more. */
    public void releaseHeld() {
        holding = operation -> false;
        List<Runnable> all = List.copyOf(held);
        held.clear();
        all.forEach(loop::post);
    }

    /** Forgets what was held, as the death of a process does, and holds no more. */
    public void dropHeld() {
        holding = operation -> false;
        held.clear();
        open = 0;
    }

    /** Completes the batch that is held longest. */
    public void releaseFirst() {
        loop.post(held.remove(0));
    }

    /** Says that there is so much room. */
    public void haveRoom(long bytes) {
        freeBytes = bytes;
    }

    /** Lets batches with such an operation fail without effect. */
    public void fail(Predicate<StoreOperation> which, ErrorCode error) {
        failing = which;
        failure = error;
    }

    /** Lets reads of such objects fail. */
    public void failReads(Predicate<ObjectId> which, ErrorCode error) {
        failingReads = which;
        failure = error;
    }

    public void heal() {
        failing = operation -> false;
        failingReads = object -> false;
    }

    /** Every operation that took effect, in order. */
    public List<StoreOperation> log() {
        return log;
    }

    /** Every batch that took effect, in order. */
    public List<StoreBatch> batches() {
        return batches;
    }

    public int syncs() {
        return syncs;
    }

    /** Largest number of writes that were open at once since {@link #clearLog}. */
    public int mostOpen() {
        return mostOpen;
    }

    public void clearLog() {
        log.clear();
        batches.clear();
        syncs = 0;
        mostOpen = 0;
    }

    public boolean has(ObjectId object) {
        return objects.containsKey(object);
    }

    public List<ObjectId> objects() {
        return List.copyOf(objects.keySet());
    }

    public byte[] bytes(ObjectId object, long offset, int length) {
        MemoryObject stored = objects.get(object);
        if (stored == null) {
            throw new IllegalStateException("no object " + object);
        }
        return stored.read(offset, length);
    }

    /** Snapshots that nobody closed yet. */
    public int openSnapshots() {
        return openSnapshots;
    }

    /** The version of an object, NONE if there is none. */
    public ObjectVersion versionOf(ObjectId object) {
        return heldOf(object).version();
    }

    /** The lines of a group's operation log in the order of versions. */
    public List<LogEntry> lines(PgId pg) {
        return List.copyOf(lines.getOrDefault(pg, new TreeMap<>()).values());
    }

    public void removeRecord(String name) {
        records.remove(name);
    }

    /** Loses an object, as damage would. */
    public void lose(ObjectId object) {
        objects.remove(object);
    }

    @Override
    public void write(StoreBatch batch, Completion<Outcome> completion) {
        open++;
        mostOpen = Math.max(mostOpen, open);
        ErrorCode error = apply(batch);
        Runnable end = () -> {
            open--;
            if (error == null) {
                completion.done(Outcome.DONE);
            } else {
                completion.failed(error);
            }
        };
        if (batch.operations().stream().anyMatch(holding)) {
            held.add(end);
        } else {
            loop.post(end);
        }
    }

    private @Nullable ErrorCode apply(StoreBatch batch) {
        if (batch.operations().stream().anyMatch(failing)) {
            return failure;
        }
        for (StoreOperation operation : batch.operations()) {
            ObjectId needed = needed(operation);
            boolean created = batch.operations().stream()
                    .anyMatch(each -> each instanceof StoreOperation.Create create
                            && create.object().equals(needed));
            if (needed != null && !created && !objects.containsKey(needed)) {
                return ErrorCode.NO_SUCH_OBJECT;
            }
        }
        batch.operations().forEach(this::apply);
        log.addAll(batch.operations());
        batches.add(batch);
        return null;
    }

    private static @Nullable ObjectId needed(StoreOperation operation) {
        if (operation instanceof StoreOperation.Write write) {
            return write.object();
        }
        if (operation instanceof StoreOperation.Zero zero) {
            return zero.object();
        }
        if (operation instanceof StoreOperation.SetVersion set) {
            return set.object();
        }
        return operation instanceof StoreOperation.Remove remove ? remove.object() : null;
    }

    private void apply(StoreOperation operation) {
        if (operation instanceof StoreOperation.Create create) {
            groups.put(create.object(), create.pg());
            objects.put(create.object(), new MemoryObject(create.sizeBytes(), create.version()));
        } else if (operation instanceof StoreOperation.Write write) {
            stored(write.object())
                    .write(write.version(), write.offset(), Payloads.bytesOf(write.payload()));
        } else if (operation instanceof StoreOperation.Zero zero) {
            stored(zero.object()).zero(zero.version(), zero.offset(), zero.length());
        } else if (operation instanceof StoreOperation.Remove remove) {
            objects.remove(remove.object());
        } else if (operation instanceof StoreOperation.PutRecord put) {
            records.put(put.name(), put.value());
        } else if (operation instanceof StoreOperation.SetVersion set) {
            stored(set.object()).setVersion(set.version());
        } else if (operation instanceof StoreOperation.AppendLog append) {
            lines.computeIfAbsent(append.pg(), pg -> new TreeMap<>())
                    .put(append.entry().version(), append.entry());
        } else if (operation instanceof StoreOperation.TrimLog trim) {
            lines.computeIfAbsent(trim.pg(), pg -> new TreeMap<>())
                    .headMap(trim.through(), true)
                    .clear();
        } else if (operation instanceof StoreOperation.DropGroup drop) {
            objects.keySet().removeIf(object -> drop.pg().equals(groups.get(object)));
            lines.remove(drop.pg());
        } else {
            objects.clear();
            lines.clear();
        }
    }

    private MemoryObject stored(ObjectId object) {
        MemoryObject stored = objects.get(object);
        if (stored == null) {
            throw new IllegalStateException("checked before");
        }
        return stored;
    }

    @Override
    public void sync(Completion<Outcome> completion) {
        syncs++;
        loop.post(() -> completion.done(Outcome.DONE));
    }

    @Override
    public void read(StoreRead read, Completion<Payload> completion) {
        MemoryObject stored = objects.get(read.object());
        if (failingReads.test(read.object())) {
            ErrorCode error = failure;
            loop.post(() -> completion.failed(error));
        } else if (stored == null) {
            loop.post(() -> completion.failed(ErrorCode.NO_SUCH_OBJECT));
        } else {
            byte[] bytes = stored.read(read.offset(), read.length());
            loop.post(() -> completion.done(payloads.of(bytes)));
        }
    }

    @Override
    public void allocated(StoreRead read, Completion<List<DataRange>> completion) {
        if (read.length() < 0 || read.length() > 1 << 30) {
            throw new IllegalArgumentException("length of a range: " + read.length());
        }
        MemoryObject stored = objects.get(read.object());
        if (stored == null) {
            loop.post(() -> completion.failed(ErrorCode.NO_SUCH_OBJECT));
        } else {
            List<DataRange> ranges = stored.allocated(read.offset(), read.length());
            loop.post(() -> completion.done(ranges));
        }
    }

    @Override
    public void list(PgId pg, ObjectId from, int max, Completion<List<ObjectId>> completion) {
        List<ObjectId> ids = objects.tailMap(from).keySet().stream()
                .filter(id -> pg.equals(groups.get(id)))
                .limit(max)
                .toList();
        loop.post(() -> completion.done(ids));
    }

    @Override
    public void held(PgId pg, ObjectId object, Completion<HeldObject> completion) {
        HeldObject found = heldOf(object);
        loop.post(() -> completion.done(found));
    }

    private HeldObject heldOf(ObjectId object) {
        MemoryObject stored = objects.get(object);
        return stored == null
                ? new HeldObject(object, ObjectVersion.NONE, 0)
                : new HeldObject(object, stored.version(), stored.sizeBytes());
    }

    @Override
    public void listHeld(PgId pg, ObjectId from, int max, Completion<List<HeldObject>> completion) {
        List<HeldObject> found = objects.tailMap(from).keySet().stream()
                .filter(id -> pg.equals(groups.get(id)))
                .limit(max)
                .map(this::heldOf)
                .toList();
        loop.post(() -> completion.done(found));
    }

    @Override
    public void openSnapshot(PgId pg, ObjectId object, Completion<ObjectSnapshot> completion) {
        MemoryObject stored = objects.get(object);
        MemoryObject frozen = stored == null ? null : stored.copy();
        Snapshot snapshot = new Snapshot(heldOf(object), frozen);
        openSnapshots++;
        loop.post(() -> completion.done(snapshot));
    }

    @Override
    public void digest(PgId pg, ObjectId object, Completion<ObjectDigest> completion) {
        if (failingReads.test(object)) {
            ErrorCode error = failure;
            loop.post(() -> completion.failed(error));
            return;
        }
        MemoryObject stored = objects.get(object);
        ObjectDigest digest =
                new ObjectDigest(heldOf(object), stored == null ? new int[0] : stored.sums());
        loop.post(() -> completion.done(digest));
    }

    @Override
    public void readLog(PgId pg, Completion<List<LogEntry>> completion) {
        List<LogEntry> found = lines(pg);
        loop.post(() -> completion.done(found));
    }

    @Override
    public void groups(Completion<List<PgId>> completion) {
        TreeSet<PgId> found = new TreeSet<>();
        objects.keySet().forEach(object -> found.add(groups.get(object)));
        loop.post(() -> completion.done(List.copyOf(found)));
    }

    @Override
    public void readRecord(String name, Completion<RecordValue> completion) {
        byte[] value = records.get(name);
        loop.post(() -> completion.done(new RecordValue(value)));
    }

    @Override
    public Space space() {
        return new Space(1L << 40, freeBytes);
    }

    private final class Snapshot implements ObjectSnapshot {
        private final HeldObject held;
        private final @Nullable MemoryObject frozen;
        private boolean closed;

        Snapshot(HeldObject held, @Nullable MemoryObject frozen) {
            this.held = held;
            this.frozen = frozen;
        }

        @Override
        public HeldObject held() {
            return held;
        }

        @Override
        public void read(long offset, int length, Completion<List<StoredPiece>> completion) {
            if (closed) {
                throw new IllegalStateException("a closed snapshot is read");
            }
            if (failingReads.test(held.object())) {
                ErrorCode error = failure;
                loop.post(() -> completion.failed(error));
                return;
            }
            loop.post(() -> completion.done(pieces(offset, length)));
        }

        private List<StoredPiece> pieces(long offset, int length) {
            List<StoredPiece> pieces = new ArrayList<>();
            if (frozen != null) {
                for (DataRange range : frozen.allocated(offset, length)) {
                    byte[] bytes = frozen.read(range.offset(), (int) range.length());
                    pieces.add(new StoredPiece(range.offset(), payloads.of(bytes)));
                }
            }
            return pieces;
        }

        @Override
        public void close() {
            openSnapshots -= closed ? 0 : 1;
            closed = true;
        }
    }
}
