package io.kelpie.store.rocks;

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
import io.kelpie.store.format.Watermark;

import org.jspecify.annotations.Nullable;
import org.rocksdb.Checkpoint;
import org.rocksdb.RocksDBException;
import org.rocksdb.Snapshot;
import org.rocksdb.WriteOptions;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/**
 * The store: passes every call through the gate, brings reader, writer and sync together, and
 * counts.
 *
 * <p>Lock order: object locks ({@link Locks}), then nothing. Reads take none.
 */
final class RocksStore implements ObjectStore {
    private final StoreDirectory directory;
    private final Database database;
    private final Health health;
    private final Watermark watermark;
    private final OpenReport report;
    private final long cacheCapacityBytes;
    private final Gate gate;
    private final ScratchPool scratches = new ScratchPool();
    private final Locks locks = new Locks();
    private final GenerationChanges generations = new GenerationChanges();
    private final ObjectReader reader;
    private final Listing listing;
    private final SpaceGuard space;
    private final GroupSync sync;
    private final Reclaimer reclaimer;
    private final WriteOptions unsynced = new WriteOptions();

    /**
     * Snapshots not closed yet; closing the store ends them. Bounded by the callers' own limits on
     * open snapshots.
     */
    private final Set<RocksSnapshot> snapshots = ConcurrentHashMap.newKeySet();

    private final LongAdder batches = new LongAdder();
    private final LongAdder payloadBytes = new LongAdder();
    private final LongAdder reads = new LongAdder();
    private final LongAdder readBytes = new LongAdder();
    private final LongAdder replacementReads = new LongAdder();

    /** Takes over what the opener opened. */
    RocksStore(
            StoreDirectory directory,
            Database database,
            Health health,
            Watermark watermark,
            SpaceGuard space,
            OpenReport report,
            long cacheCapacityBytes,
            long syncedAtOpen) {
        this.directory = directory;
        this.database = database;
        this.health = health;
        this.watermark = watermark;
        this.space = space;
        this.report = report;
        this.cacheCapacityBytes = cacheCapacityBytes;
        String name = directory.path().toString();
        this.gate = new Gate(name);
        this.reader = new ObjectReader(database);
        this.listing = new Listing(database);
        this.sync = new GroupSync(new SyncedLog(), syncedAtOpen);
        this.reclaimer = new Reclaimer(database, gate, name);
    }

    /** RocksDB's log, whose failure breaks the store. */
    private final class SyncedLog implements GroupSync.Log {
        @Override
        public long written() {
            return database.rocks().getLatestSequenceNumber();
        }

        @Override
        public void sync() {
            health.requireSound();
            long covered = written();
            try {
                database.rocks().syncWal();
            } catch (RocksDBException e) {
                throw health.fail("the log could not be synced (" + e.getMessage() + ")", e);
            }
            watermark.synced(covered);
        }
    }

    @Override
    public SyncTicket write(StoreBatch batch) {
        gate.enter();
        try {
            health.requireSound();
            if (batch.isEmpty()) {
                return new SyncTicket(database.rocks().getLatestSequenceNumber());
            }
            admit(batch.payloadBytes(), addsContent(batch));
            int[] taken = locks.lock(batch.changes());
            try {
                return apply(batch);
            } finally {
                locks.unlock(taken);
            }
        } finally {
            gate.leave();
        }
    }

    private void admit(long payload, boolean addsContent) {
        boolean admitted = false;
        try {
            space.admit(payload, addsContent);
            admitted = true;
        } finally {
            if (!admitted) {
                reclaimer.request();
                health.noteNotStuck();
            }
        }
    }

    private static boolean addsContent(StoreBatch batch) {
        for (StoreChange change : batch.changes()) {
            if (change instanceof StoreChange.Write) {
                return true;
            }
        }
        return false;
    }

    private SyncTicket apply(StoreBatch batch) {
        Scratch scratch = scratches.borrow();
        try {
            BatchWriter writer =
                    new BatchWriter(database, reader, scratch, System.currentTimeMillis());
            var target = writer.encode(batch);
            SyncTicket ticket = commit(writer.endsGenerations(), target);
            batches.increment();
            payloadBytes.add(batch.payloadBytes());
            if (writer.frees()) {
                reclaim();
            }
            return ticket;
        } catch (RocksDBException e) {
            throw writeFailed(e);
        } finally {
            scratches.give(scratch);
        }
    }

    private SyncTicket commit(boolean endsGenerations, org.rocksdb.WriteBatch target)
            throws RocksDBException {
        if (endsGenerations) {
            generations.start();
        }
        try {
            database.rocks().write(unsynced, target);
        } finally {
            if (endsGenerations) {
                generations.finish();
            }
        }
        health.noteNotStuck();
        long sequence = database.rocks().getLatestSequenceNumber();
        watermark.applied(sequence);
        return new SyncTicket(sequence);
    }

    private StoreException writeFailed(RocksDBException e) {
        StoreException failure = Errors.of("cannot write to store " + directory.path(), e);
        if (failure.kind() != Kind.NO_SPACE) {
            return health.fail(String.valueOf(failure.getMessage()), e);
        }
        // A full disk stops RocksDB until it finds space, except where the log itself was hit: then
        // it never
        // goes on (rocksdb issues 9762, 11643).
        return health.isStuck(System.nanoTime())
                ? health.fail("its database stays stopped after a full disk", e)
                : failure;
    }

    @Override
    public void sync(SyncTicket ticket) {
        gate.enter();
        try {
            long written = database.rocks().getLatestSequenceNumber();
            if (ticket.sequence() > written) {
                throw new IllegalArgumentException("ticket " + ticket.sequence()
                        + " was not given out by this store, which is at " + written);
            }
            sync.sync(ticket.sequence());
        } finally {
            gate.leave();
        }
    }

    @Override
    public void syncAll() {
        syncOnce();
    }

    @Override
    public long syncOnce() {
        gate.enter();
        try {
            sync.sync(database.rocks().getLatestSequenceNumber());
            return sync.syncedThrough();
        } finally {
            gate.leave();
        }
    }

    @Override
    public long syncedThrough() {
        return sync.syncedThrough();
    }

    @Override
    public int read(ObjectKey key, long offset, ByteBuffer destination) {
        int position = destination.position();
        int length = reading(scratch -> {
            destination.position(position);
            return reader.read(scratch, key, requireHead(scratch, key), offset, destination);
        });
        reads.increment();
        readBytes.add(length);
        return length;
    }

    @Override
    public Optional<ObjectHead> head(ObjectKey key) {
        return inside(scratch -> Optional.ofNullable(reader.head(scratch, key)));
    }

    @Override
    public List<ObjectExtent> extents(ObjectKey key, long offset, long length) {
        return reading(
                scratch -> reader.extents(scratch, key, requireHead(scratch, key), offset, length));
    }

    @Override
    public long allocatedBytes(ObjectKey key) {
        return reading(scratch -> reader.allocatedBytes(scratch, key, requireHead(scratch, key)));
    }

    private ObjectHead requireHead(Scratch scratch, ObjectKey key) {
        ObjectHead head = reader.head(scratch, key);
        if (head == null) {
            throw ObjectReader.notFound(key);
        }
        return head;
    }

    /**
     * Reads a head and its pages; again from a snapshot when the object was replaced in between.
     */
    private <T> T reading(Function<Scratch, T> read) {
        return inside(scratch -> {
            long mark = generations.mark();
            if (mark != GenerationChanges.UNSETTLED) {
                T result = read.apply(scratch);
                if (generations.isUnchanged(mark)) {
                    return result;
                }
            }
            replacementReads.increment();
            return readingSnapshot(scratch, read);
        });
    }

    private <T> T readingSnapshot(Scratch scratch, Function<Scratch, T> read) {
        Snapshot snapshot = database.rocks().getSnapshot();
        try {
            scratch.readFrom(snapshot);
            return read.apply(scratch);
        } finally {
            scratch.readFrom(null);
            database.rocks().releaseSnapshot(snapshot);
        }
    }

    private <T> T inside(Function<Scratch, T> call) {
        gate.enter();
        try {
            Scratch scratch = scratches.borrow();
            try {
                return call.apply(scratch);
            } finally {
                scratches.give(scratch);
            }
        } finally {
            gate.leave();
        }
    }

    @Override
    public ObjectSnapshot snapshot(ObjectKey key) {
        return inside(scratch -> {
            Snapshot snapshot = database.rocks().getSnapshot();
            boolean made = false;
            try {
                scratch.readFrom(snapshot);
                RocksSnapshot open = new RocksSnapshot(key, requireHead(scratch, key), snapshot);
                snapshots.add(open);
                made = true;
                return open;
            } finally {
                scratch.readFrom(null);
                if (!made) {
                    database.rocks().releaseSnapshot(snapshot);
                }
            }
        });
    }

    /** One object at one instant. */
    private final class RocksSnapshot implements ObjectSnapshot {
        private final ObjectKey key;
        private final ObjectHead head;

        /** Null once released; guarded by this, against the store being closed meanwhile. */
        private @Nullable Snapshot snapshot;

        RocksSnapshot(ObjectKey key, ObjectHead head, Snapshot snapshot) {
            this.key = key;
            this.head = head;
            this.snapshot = snapshot;
        }

        @Override
        public ObjectKey key() {
            return key;
        }

        @Override
        public ObjectHead head() {
            return head;
        }

        @Override
        public int read(long offset, ByteBuffer destination) {
            int length = at(scratch -> reader.read(scratch, key, head, offset, destination));
            reads.increment();
            readBytes.add(length);
            return length;
        }

        @Override
        public List<ObjectExtent> extents(long offset, long length) {
            return at(scratch -> reader.extents(scratch, key, head, offset, length));
        }

        private synchronized <T> T at(Function<Scratch, T> read) {
            return inside(scratch -> {
                Snapshot open = snapshot;
                if (open == null) {
                    throw new StoreException(Kind.CLOSED, "snapshot of " + key + " is closed");
                }
                scratch.readFrom(open);
                return read.apply(scratch);
            });
        }

        @Override
        public void close() {
            if (gate.tryEnter()) {
                try {
                    release();
                } finally {
                    gate.leave();
                }
            }
            // Otherwise the closing store releases it.
        }

        synchronized void release() {
            Snapshot open = snapshot;
            if (open != null) {
                snapshot = null;
                snapshots.remove(this);
                database.rocks().releaseSnapshot(open);
            }
        }
    }

    @Override
    public List<ObjectEntry> heads(ObjectPosition from, int max) {
        return inside(scratch -> listing.heads(scratch, from, ObjectKey.MAX_PARTITION, max));
    }

    @Override
    public List<ObjectEntry> heads(int partition, ObjectPosition from, int max) {
        ObjectPosition start =
                from.partition() < partition ? ObjectPosition.startOf(partition) : from;
        return inside(scratch -> listing.heads(scratch, start, partition, max));
    }

    @Override
    public List<Integer> partitions() {
        return inside(listing::partitions);
    }

    @Override
    public SyncTicket dropPartition(int partition) {
        ObjectPosition start = ObjectPosition.startOf(partition);
        gate.enter();
        try {
            health.requireSound();
            admit(0, false);
            int[] taken = locks.lockAll();
            Scratch scratch = scratches.borrow();
            try {
                var target = scratch.batch();
                listing.deletePartition(target, start.partition());
                SyncTicket ticket = commit(true, target);
                batches.increment();
                reclaim();
                return ticket;
            } catch (RocksDBException e) {
                throw writeFailed(e);
            } finally {
                scratches.give(scratch);
                locks.unlock(taken);
            }
        } finally {
            gate.leave();
        }
    }

    /** Deletes become space by compaction, which is hurried only when space is what is missing. */
    private void reclaim() {
        reclaimer.noteDelete();
        if (space.isExhausted()) {
            reclaimer.request();
        }
    }

    @Override
    public Optional<byte[]> readRecord(RecordFamily family, byte[] key) {
        return inside(scratch -> listing.record(scratch, family, key));
    }

    @Override
    public List<StoreRecord> scanRecords(RecordFamily family, byte[] from, byte[] to, int max) {
        return inside(scratch -> listing.records(family, from, to, max));
    }

    @Override
    public void checkpoint(Path target) {
        gate.enter();
        try (Checkpoint checkpoint = Checkpoint.create(database.rocks())) {
            Files.createDirectory(target);
            // Read before: the checkpoint holds at least this much.
            long covered = database.rocks().getLatestSequenceNumber();
            checkpoint.createCheckpoint(target.resolve(StoreDirectory.DATABASE).toString());
            Watermark.begin(
                            target.resolve(StoreDirectory.WATERMARK),
                            new Watermark.Mark(
                                    report.storeId(), HostBoot.id(), covered, covered, true))
                    .close();
        } catch (RocksDBException e) {
            throw Errors.of("cannot make a checkpoint in " + target, e);
        } catch (IOException e) {
            throw StoreDirectory.unusable(target, e);
        } finally {
            gate.leave();
        }
    }

    @Override
    public StoreStats stats() {
        gate.enter();
        try {
            return new StoreStats(
                    space.totalBytes(),
                    space.freeBytes(),
                    directory.sizeOf(""),
                    space.reserveBytes(),
                    space.isExhausted(),
                    cacheCapacityBytes,
                    database.cacheUsedBytes(),
                    database.memtableBytes(),
                    batches.sum(),
                    payloadBytes.sum(),
                    reads.sum(),
                    readBytes.sum(),
                    sync.syncs(),
                    reader.corruptPages(),
                    replacementReads.sum());
        } catch (RocksDBException e) {
            throw Errors.of("cannot read the counters of " + directory.path(), e);
        } finally {
            gate.leave();
        }
    }

    @Override
    public OpenReport openReport() {
        return report;
    }

    @Override
    public Optional<StoreException> failure() {
        return health.current();
    }

    @Override
    public void close() {
        if (!gate.shut(reclaimer::cancel)) {
            return;
        }
        try {
            if (health.current().isEmpty()) {
                sync.sync(database.rocks().getLatestSequenceNumber());
                watermark.clean();
            }
        } finally {
            release();
        }
    }

    /** In the reverse order of opening; nobody is inside any more. */
    private void release() {
        reclaimer.close();
        for (RocksSnapshot open : List.copyOf(snapshots)) {
            open.release();
        }
        scratches.close();
        unsynced.close();
        database.close();
        watermark.close();
        directory.close();
    }
}
