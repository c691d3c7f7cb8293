package io.kelpie.cluster.testing;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.port.StoreRead;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * A store in memory. Calls take effect at once and complete through the loop, unless a test holds
 * the completion of some or lets some fail.
 */
public final class MemoryStore implements LocalStore {
    private static final int PAGE = 4096;

    private final Loop loop;
    private final Payloads payloads;
    private final TreeMap<ObjectId, Stored> objects = new TreeMap<>();
    private final TreeMap<ObjectId, PgId> groups = new TreeMap<>();
    private final TreeMap<String, byte[]> records = new TreeMap<>();
    private final List<StoreOperation> log = new ArrayList<>();
    private final List<StoreBatch> batches = new ArrayList<>();
    private final List<Runnable> held = new ArrayList<>();
    private Predicate<StoreOperation> holding = operation -> false;
    private Predicate<StoreOperation> failing = operation -> false;
    private Predicate<ObjectId> failingReads = object -> false;
    private ErrorCode failure = ErrorCode.IO_ERROR;
    private int syncs;
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
        Stored stored = objects.get(object);
        if (stored == null) {
            throw new IllegalStateException("no object " + object);
        }
        return stored.read(offset, length);
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
        return operation instanceof StoreOperation.Remove remove ? remove.object() : null;
    }

    private void apply(StoreOperation operation) {
        if (operation instanceof StoreOperation.Create create) {
            groups.put(create.object(), create.pg());
            objects.put(create.object(), new Stored(create.sizeBytes(), create.version()));
        } else if (operation instanceof StoreOperation.Write write) {
            stored(write.object())
                    .write(write.version(), write.offset(), Payloads.bytesOf(write.payload()));
        } else if (operation instanceof StoreOperation.Zero zero) {
            stored(zero.object()).zero(zero.version(), zero.offset(), zero.length());
        } else if (operation instanceof StoreOperation.Remove remove) {
            objects.remove(remove.object());
        } else if (operation instanceof StoreOperation.PutRecord put) {
            records.put(put.name(), put.value());
        } else {
            objects.clear();
        }
    }

    private Stored stored(ObjectId object) {
        Stored stored = objects.get(object);
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
        Stored stored = objects.get(read.object());
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
        Stored stored = objects.get(read.object());
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
    public void readRecord(String name, Completion<RecordValue> completion) {
        byte[] value = records.get(name);
        loop.post(() -> completion.done(new RecordValue(value)));
    }

    @Override
    public Space space() {
        return new Space(1L << 40, 1L << 39);
    }

    /** The pages of an object that were written. */
    private static final class Stored {
        private final long sizeBytes;
        private final TreeMap<Long, byte[]> pages = new TreeMap<>();
        private ObjectVersion version;

        Stored(long sizeBytes, ObjectVersion version) {
            this.sizeBytes = sizeBytes;
            this.version = version;
        }

        void write(ObjectVersion next, long offset, byte[] bytes) {
            raise(next);
            if (offset < 0 || offset + bytes.length > sizeBytes) {
                throw new IllegalArgumentException(
                        "a write ends at " + (offset + bytes.length) + " of " + sizeBytes);
            }
            for (int i = 0; i < bytes.length; ) {
                long at = offset + i;
                int inPage = (int) (at % PAGE);
                int length = Math.min(PAGE - inPage, bytes.length - i);
                byte[] page = pages.computeIfAbsent(at / PAGE, number -> new byte[PAGE]);
                System.arraycopy(bytes, i, page, inPage, length);
                i += length;
            }
        }

        void zero(ObjectVersion next, long offset, long length) {
            if (offset % PAGE == 0 && length % PAGE == 0) {
                raise(next);
                pages.subMap(offset / PAGE, (offset + length) / PAGE).clear();
            } else {
                write(next, offset, new byte[(int) length]);
            }
        }

        private void raise(ObjectVersion next) {
            if (next.compareTo(version) < 0) {
                throw new IllegalStateException(next + " comes after " + version);
            }
            version = next;
        }

        byte[] read(long offset, int length) {
            byte[] bytes = new byte[length];
            for (Map.Entry<Long, byte[]> page : pages.subMap(
                            offset / PAGE, true, (offset + length) / PAGE, true)
                    .entrySet()) {
                long from = Math.max(offset, page.getKey() * PAGE);
                long to = Math.min(offset + length, (page.getKey() + 1) * PAGE);
                if (to > from) {
                    System.arraycopy(
                            page.getValue(),
                            (int) (from % PAGE),
                            bytes,
                            (int) (from - offset),
                            (int) (to - from));
                }
            }
            return bytes;
        }

        List<DataRange> allocated(long offset, long length) {
            List<DataRange> ranges = new ArrayList<>();
            for (long page : pages.keySet()) {
                long from = Math.max(offset, page * PAGE);
                long to = Math.min(offset + length, (page + 1) * PAGE);
                DataRange last = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
                if (last != null && last.offset() + last.length() == from && to > from) {
                    ranges.set(ranges.size() - 1, new DataRange(last.offset(), to - last.offset()));
                } else if (to > from) {
                    ranges.add(new DataRange(from, to - from));
                }
            }
            return ranges;
        }
    }
}
