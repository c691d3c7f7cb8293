package io.kelpie.store.memory;

import io.kelpie.store.ObjectEntry;
import io.kelpie.store.ObjectExtent;
import io.kelpie.store.ObjectHead;
import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectPosition;
import io.kelpie.store.ObjectSnapshot;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.OpenReport;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreChange;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreException.Kind;
import io.kelpie.store.StoreRecord;
import io.kelpie.store.StoreStats;
import io.kelpie.store.SyncTicket;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/**
 * An object store that keeps everything in memory, written for plainness: one lock, whole objects
 * copied for each batch. Passes the contract of {@link ObjectStore}; checkpoints are not supported.
 *
 * <p>{@link #crash} takes it back to what was synced, {@link #fail} makes the next writes fail.
 */
public final class MemoryObjectStore implements ObjectStore {
    /** Stands for the free and total space, as nothing is measured. */
    private static final long PRETENDED_BYTES = 1L << 40;

    private static final UUID ID = new UUID(0, 0);

    private record Place(int partition, long objectId, int erasureIndex)
            implements Comparable<Place> {
        static Place of(ObjectKey key) {
            return new Place(key.partition(), key.objectId(), key.erasureIndex());
        }

        @Override
        public int compareTo(Place other) {
            int byPartition = Integer.compare(partition, other.partition);
            int byId = Long.compareUnsigned(objectId, other.objectId);
            int byIndex = Integer.compare(erasureIndex, other.erasureIndex);
            return byPartition != 0 ? byPartition : byId != 0 ? byId : byIndex;
        }
    }

    private record State(
            TreeMap<Place, MemoryObject> objects,
            Map<RecordFamily, TreeMap<byte[], byte[]>> records) {
        static State empty() {
            return new State(new TreeMap<>(), new HashMap<>());
        }

        TreeMap<byte[], byte[]> family(RecordFamily family) {
            return records.computeIfAbsent(family, f -> new TreeMap<>(Arrays::compareUnsigned));
        }

        State copy() {
            State copy = new State(new TreeMap<>(objects), new HashMap<>());
            records.forEach((family, map) -> copy.family(family).putAll(map));
            return copy;
        }
    }

    private State state = State.empty();
    private State synced = State.empty();
    private long sequence;
    private long syncedSequence;
    private boolean closed;
    private @Nullable StoreException failure;

    /** An empty store. */
    public MemoryObjectStore() {}

    /** Loses everything that was not synced, as a host that loses power; the store stays open. */
    public synchronized void crash() {
        state = synced.copy();
        sequence = syncedSequence;
    }

    /** Every write and sync from now on throws this; null ends that. */
    public synchronized void fail(@Nullable StoreException with) {
        failure = with;
    }

    @Override
    public synchronized SyncTicket write(StoreBatch batch) {
        requireOpen();
        requireSound();
        State next = state.copy();
        Set<Place> copied = new HashSet<>();
        Set<Place> changed = new HashSet<>();
        for (StoreChange change : batch.changes()) {
            if (change instanceof StoreChange.OfObject ofObject) {
                Place place = Place.of(ofObject.key());
                if (copied.add(place)) {
                    next.objects.computeIfPresent(place, (at, object) -> object.copy());
                }
                applyToObject(next, changed, place, ofObject);
            } else {
                applyToRecords(next, change);
            }
        }
        for (Place place : copied) {
            MemoryObject object = next.objects.get(place);
            if (object != null) {
                object.writeCount++;
            }
        }
        state = next;
        return new SyncTicket(batch.isEmpty() ? sequence : ++sequence);
    }

    private static void applyToRecords(State next, StoreChange change) {
        if (change instanceof StoreChange.PutRecord put) {
            next.family(put.family()).put(put.key().clone(), put.value().clone());
        } else if (change instanceof StoreChange.DeleteRecord delete) {
            next.family(delete.family()).remove(delete.key());
        } else if (change instanceof StoreChange.DeleteRecords delete) {
            next.family(delete.family()).subMap(delete.from(), delete.to()).clear();
        }
    }

    private static void applyToObject(
            State next, Set<Place> changed, Place place, StoreChange.OfObject change) {
        MemoryObject object = next.objects.get(place);
        ObjectKey key = change.key();
        if (change instanceof StoreChange.Create create) {
            if (object != null) {
                throw new StoreException(Kind.EXISTS, "object " + key + " exists already");
            }
            next.objects.put(
                    place,
                    begin(new MemoryObject(key.kind()), create.sizeBytes(), create.version()));
        } else if (change instanceof StoreChange.Replace replace) {
            changed.remove(place);
            MemoryObject replaced = dropOrNew(object, key);
            next.objects.put(place, begin(replaced, replace.sizeBytes(), replace.version()));
        } else if (change instanceof StoreChange.Bury bury) {
            changed.remove(place);
            MemoryObject buried = dropOrNew(object, key);
            if (object == null) {
                begin(buried, 0, bury.version());
            }
            buried.sizeBytes = 0;
            buried.version = bury.version();
            buried.flags = bury.flags();
            next.objects.put(place, buried);
        } else if (change instanceof StoreChange.Delete) {
            changed.remove(place);
            if (object != null && object.kind == key.kind()) {
                next.objects.remove(place);
            }
        } else {
            if (object == null || object.kind != key.kind()) {
                throw notFound(key);
            }
            applyToExisting(next, changed, place, object, change);
        }
    }

    private static MemoryObject dropOrNew(@Nullable MemoryObject object, ObjectKey key) {
        if (object == null) {
            return new MemoryObject(key.kind());
        }
        if (object.kind != key.kind()) {
            throw new StoreException(Kind.EXISTS, "the id of " + key + " belongs to another kind");
        }
        object.dropContent();
        return object;
    }

    private static MemoryObject begin(
            MemoryObject object, long sizeBytes, io.kelpie.store.ObjectVersion version) {
        object.flags = 0;
        object.version = version;
        object.sizeBytes = sizeBytes;
        object.createdMillis = System.currentTimeMillis();
        object.writeCount = 0;
        return object;
    }

    private static void applyToExisting(
            State next,
            Set<Place> changed,
            Place place,
            MemoryObject object,
            StoreChange.OfObject change) {
        if (change instanceof StoreChange.Write write) {
            byte[] bytes = new byte[write.payload().remaining()];
            write.payload().duplicate().get(bytes);
            changed.add(place);
            overlay(
                    next,
                    place,
                    object,
                    write.offset(),
                    bytes.length,
                    (page, at, from) -> page[at] = bytes[from]);
        } else if (change instanceof StoreChange.WriteZeroes zeroes) {
            changed.add(place);
            overlay(
                    next,
                    place,
                    object,
                    zeroes.offset(),
                    zeroes.length(),
                    (page, at, from) -> page[at] = 0);
        } else if (change instanceof StoreChange.SetVersion set) {
            object.version = set.version();
        } else if (change instanceof StoreChange.SetFlags set) {
            object.flags = set.flags();
        } else if (change instanceof StoreChange.SetBase set) {
            if (changed.contains(place)) {
                throw new IllegalArgumentException(
                        "the base is set behind a change of the content");
            }
            object.baseObjectId = set.baseObjectId();
            object.baseLimitBytes =
                    set.baseObjectId() == 0 ? 0 : pagesOf(object.sizeBytes) * MemoryObject.PAGE;
        } else if (change instanceof StoreChange.Resize resize) {
            changed.add(place);
            resize(next, place, object, resize.sizeBytes());
        }
    }

    private interface ByteOverlay {
        void set(byte[] page, int at, int from);
    }

    private static void overlay(
            State next,
            Place place,
            MemoryObject object,
            long offset,
            long length,
            ByteOverlay overlay) {
        if (length > object.sizeBytes - offset) {
            throw new IllegalArgumentException("range lies outside of the object");
        }
        long end = offset + length;
        for (long start = offset;
                start < end;
                start = (start / MemoryObject.PAGE + 1) * MemoryObject.PAGE) {
            int page = (int) (start / MemoryObject.PAGE);
            byte[] content = page(next, place, object, page).clone();
            long stop = Math.min(end, (long) (page + 1) * MemoryObject.PAGE);
            for (long at = start; at < stop; at++) {
                overlay.set(content, (int) (at % MemoryObject.PAGE), (int) (at - offset));
            }
            object.put(page, content);
        }
    }

    private static void resize(State next, Place place, MemoryObject object, long sizeBytes) {
        if (sizeBytes < object.sizeBytes) {
            int keep = (int) pagesOf(sizeBytes);
            if (sizeBytes % MemoryObject.PAGE != 0) {
                byte[] content = page(next, place, object, keep - 1).clone();
                Arrays.fill(
                        content, (int) (sizeBytes % MemoryObject.PAGE), content.length, (byte) 0);
                if (holds(next, place, object, keep - 1, 0)) {
                    object.put(keep - 1, content);
                }
            }
            object.baseLimitBytes =
                    Math.min(object.baseLimitBytes, (long) keep * MemoryObject.PAGE);
            object.pages.tailMap(keep, true).clear();
        }
        object.sizeBytes = sizeBytes;
    }

    private static long pagesOf(long bytes) {
        return (bytes + MemoryObject.PAGE - 1) / MemoryObject.PAGE;
    }

    private static byte[] page(State state, Place place, MemoryObject object, int page) {
        byte[] found = find(state, place, object, page, 0);
        return found == null ? MemoryObject.ZEROES : found;
    }

    private static boolean holds(
            State state, Place place, MemoryObject object, int page, int depth) {
        return find(state, place, object, page, depth) != null;
    }

    private static byte @Nullable [] find(
            State state, Place place, MemoryObject object, int page, int depth) {
        byte[] own = object.pages.get(page);
        if (own != null || !object.isBased(page)) {
            return own;
        }
        if (depth >= MAX_BASE_DEPTH) {
            throw new StoreException(Kind.CORRUPTION, "the chain of base objects is too long");
        }
        Place below = new Place(place.partition, object.baseObjectId, place.erasureIndex);
        MemoryObject base = state.objects.get(below);
        if (base == null || base.kind != object.kind || page >= pagesOf(base.sizeBytes)) {
            return null;
        }
        return find(state, below, base, page, depth + 1);
    }

    @Override
    public synchronized void sync(SyncTicket ticket) {
        requireOpen();
        if (ticket.sequence() > sequence) {
            throw new IllegalArgumentException(
                    "ticket " + ticket.sequence() + " was not given out by this store");
        }
        syncOnce();
    }

    @Override
    public void syncAll() {
        syncOnce();
    }

    @Override
    public synchronized long syncOnce() {
        requireOpen();
        requireSound();
        synced = state.copy();
        syncedSequence = sequence;
        return syncedSequence;
    }

    @Override
    public synchronized long syncedThrough() {
        return syncedSequence;
    }

    @Override
    public synchronized int read(ObjectKey key, long offset, ByteBuffer destination) {
        requireOpen();
        return read(state, key, require(state, key), offset, destination);
    }

    private static int read(
            State from, ObjectKey key, MemoryObject object, long offset, ByteBuffer destination) {
        if (offset < 0) {
            throw new IllegalArgumentException("offset " + offset + " is negative");
        }
        int length =
                (int) Math.min(destination.remaining(), Math.max(0, object.sizeBytes - offset));
        long end = offset + length;
        long at = offset;
        while (at < end) {
            int page = (int) (at / MemoryObject.PAGE);
            int in = (int) (at % MemoryObject.PAGE);
            int count = (int) Math.min(MemoryObject.PAGE - in, end - at);
            destination.put(page(from, Place.of(key), object, page), in, count);
            at += count;
        }
        return length;
    }

    private static MemoryObject require(State state, ObjectKey key) {
        MemoryObject object = state.objects.get(Place.of(key));
        if (object == null || object.kind != key.kind()) {
            throw notFound(key);
        }
        return object;
    }

    private static StoreException notFound(ObjectKey key) {
        return new StoreException(Kind.NOT_FOUND, "object " + key + " does not exist");
    }

    @Override
    public synchronized Optional<ObjectHead> head(ObjectKey key) {
        requireOpen();
        MemoryObject object = state.objects.get(Place.of(key));
        return object == null || object.kind != key.kind()
                ? Optional.empty()
                : Optional.of(object.head());
    }

    @Override
    public synchronized ObjectSnapshot snapshot(ObjectKey key) {
        requireOpen();
        State frozen = state;
        MemoryObject object = require(frozen, key);
        return new MemorySnapshot(key, object, frozen);
    }

    /** Nothing of a state is changed in place once a batch is applied, so keeping it is enough. */
    private final class MemorySnapshot implements ObjectSnapshot {
        private final ObjectKey key;
        private final MemoryObject object;
        private final State frozen;
        private boolean ended;

        MemorySnapshot(ObjectKey key, MemoryObject object, State frozen) {
            this.key = key;
            this.object = object;
            this.frozen = frozen;
        }

        @Override
        public ObjectKey key() {
            return key;
        }

        @Override
        public ObjectHead head() {
            return object.head();
        }

        @Override
        public int read(long offset, ByteBuffer destination) {
            requireUsable();
            return MemoryObjectStore.read(frozen, key, object, offset, destination);
        }

        @Override
        public List<ObjectExtent> extents(long offset, long length) {
            requireUsable();
            return MemoryObjectStore.extents(frozen, key, object, offset, length);
        }

        private void requireUsable() {
            requireOpen();
            if (ended) {
                throw new StoreException(Kind.CLOSED, "snapshot of " + key + " is closed");
            }
        }

        @Override
        public void close() {
            ended = true;
        }
    }

    @Override
    public synchronized List<ObjectExtent> extents(ObjectKey key, long offset, long length) {
        requireOpen();
        return extents(state, key, require(state, key), offset, length);
    }

    private static List<ObjectExtent> extents(
            State from, ObjectKey key, MemoryObject object, long offset, long length) {
        if (offset < 0 || length < 0) {
            throw new IllegalArgumentException(
                    "range of " + length + " bytes at " + offset + " is negative");
        }
        List<ObjectExtent> extents = new ArrayList<>();
        long end = Math.min(object.sizeBytes, offset + Math.min(length, MAX_OBJECT_BYTES));
        long at = offset;
        while (at < end) {
            int page = (int) (at / MemoryObject.PAGE);
            byte[] found = find(from, Place.of(key), object, page, 0);
            boolean allocated = found != null && found != MemoryObject.ZEROES;
            long stop = Math.min(end, (long) (page + 1) * MemoryObject.PAGE);
            int last = extents.size() - 1;
            if (last >= 0 && extents.get(last).allocated() == allocated) {
                ObjectExtent before = extents.get(last);
                extents.set(
                        last, new ObjectExtent(before.offset(), stop - before.offset(), allocated));
            } else {
                extents.add(new ObjectExtent(at, stop - at, allocated));
            }
            at = stop;
        }
        return extents;
    }

    @Override
    public synchronized long allocatedBytes(ObjectKey key) {
        requireOpen();
        return require(state, key).pages.values().stream()
                        .filter(page -> page != MemoryObject.ZEROES)
                        .count()
                * MemoryObject.PAGE;
    }

    @Override
    public List<ObjectEntry> heads(ObjectPosition from, int max) {
        return list(from, ObjectKey.MAX_PARTITION, max);
    }

    @Override
    public List<ObjectEntry> heads(int partition, ObjectPosition from, int max) {
        ObjectPosition start =
                from.partition() < partition ? ObjectPosition.startOf(partition) : from;
        return list(start, partition, max);
    }

    private synchronized List<ObjectEntry> list(ObjectPosition from, int lastPartition, int max) {
        requireOpen();
        requireMax(max);
        return state
                .objects
                .tailMap(new Place(from.partition(), from.objectId(), from.erasureIndex()), true)
                .entrySet()
                .stream()
                .filter(entry -> entry.getKey().partition <= lastPartition)
                .limit(max)
                .map(entry -> new ObjectEntry(
                        keyOf(entry.getKey(), entry.getValue()),
                        entry.getValue().head()))
                .toList();
    }

    private static ObjectKey keyOf(Place place, MemoryObject object) {
        return new ObjectKey(place.partition, object.kind, place.objectId, place.erasureIndex);
    }

    private static void requireMax(int max) {
        if (max < 1 || max > MAX_LISTED) {
            throw new IllegalArgumentException("max " + max + " is not within 1 to " + MAX_LISTED);
        }
    }

    @Override
    public synchronized List<Integer> partitions() {
        requireOpen();
        return state.objects.keySet().stream().map(Place::partition).distinct().toList();
    }

    @Override
    public synchronized SyncTicket dropPartition(int partition) {
        requireOpen();
        requireSound();
        State next = state.copy();
        next.objects.keySet().removeIf(place -> place.partition == partition);
        state = next;
        return new SyncTicket(++sequence);
    }

    @Override
    public synchronized Optional<byte[]> readRecord(RecordFamily family, byte[] key) {
        requireOpen();
        return Optional.ofNullable(state.family(family).get(key)).map(byte[]::clone);
    }

    @Override
    public synchronized List<StoreRecord> scanRecords(
            RecordFamily family, byte[] from, byte[] to, int max) {
        requireOpen();
        requireMax(max);
        if (Arrays.compareUnsigned(from, to) >= 0) {
            return List.of();
        }
        return state.family(family).subMap(from, to).entrySet().stream()
                .limit(max)
                .map(entry ->
                        new StoreRecord(entry.getKey().clone(), entry.getValue().clone()))
                .toList();
    }

    @Override
    public void checkpoint(Path directory) {
        throw new UnsupportedOperationException("a store in memory makes no checkpoints");
    }

    @Override
    public synchronized StoreStats stats() {
        requireOpen();
        return new StoreStats(
                PRETENDED_BYTES,
                PRETENDED_BYTES,
                0,
                0,
                false,
                0,
                0,
                0,
                sequence,
                0,
                0,
                0,
                syncedSequence,
                0,
                0);
    }

    @Override
    public OpenReport openReport() {
        return new OpenReport(OpenReport.PreviousEnd.NONE, 0, false, 0, ID);
    }

    @Override
    public synchronized Optional<StoreException> failure() {
        return Optional.ofNullable(failure);
    }

    @Override
    public synchronized void close() {
        closed = true;
    }

    private void requireOpen() {
        if (closed) {
            throw new StoreException(Kind.CLOSED, "store in memory is closed");
        }
    }

    private void requireSound() {
        StoreException known = failure;
        if (known != null) {
            throw new StoreException(known.kind(), String.valueOf(known.getMessage()), known);
        }
    }
}
