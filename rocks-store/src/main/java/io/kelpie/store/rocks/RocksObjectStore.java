package io.kelpie.store.rocks;

import io.kelpie.store.ObjectStore;
import io.kelpie.store.OpenReport;
import io.kelpie.store.OpenReport.PreviousEnd;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreException.Kind;
import io.kelpie.store.format.DamagedRecordException;
import io.kelpie.store.format.NewerFormatException;
import io.kelpie.store.format.Superblock;
import io.kelpie.store.format.Watermark;

import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteOptions;

import java.io.IOException;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Opens object stores on RocksDB. */
public final class RocksObjectStore {
    private static final String ADVICE =
            "; let this node recover from its peers, or open it with the loss accepted to keep what is left";

    private final StoreConfig config;
    private final long startNanos = System.nanoTime();

    /** What was opened so far, for the case that the rest fails. */
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    /** Set where synced writes are missing and the caller accepts it. */
    private boolean lossAccepted;

    private RocksObjectStore(StoreConfig config) {
        this.config = config;
    }

    /**
     * Opens a store, or creates it. One process and one opener at a time. Blocks while RocksDB
     * replays its log (about a second for each 50 MB).
     *
     * @throws StoreException LOCKED, UNUSABLE, CORRUPTION (synced writes are missing, or the
     *     superblock or the watermark is damaged), IO, NO_SPACE; each with one line that says what
     *     to do
     */
    public static ObjectStore open(StoreConfig config) {
        requireHost();
        RocksObjectStore opener = new RocksObjectStore(config);
        boolean done = false;
        try {
            ObjectStore store = opener.open();
            done = true;
            return store;
        } finally {
            if (!done) {
                opener.abandon();
            }
        }
    }

    private static void requireHost() {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            throw new StoreException(
                    Kind.UNUSABLE, "the store's records need a little-endian host");
        }
        try {
            RocksDB.loadLibrary();
        } catch (UnsatisfiedLinkError | RuntimeException e) {
            throw new StoreException(
                    Kind.UNUSABLE,
                    "RocksDB's native library cannot be loaded (" + e.getMessage()
                            + "); it needs Linux on x86-64 and a temporary directory that is not mounted noexec,"
                            + " or ROCKSDB_SHAREDLIB_DIR set",
                    e);
        }
    }

    private ObjectStore open() {
        StoreDirectory directory = own(StoreDirectory.open(config));
        try {
            return open(directory);
        } catch (IOException e) {
            throw StoreDirectory.unusable(directory.path(), e);
        } catch (RocksDBException e) {
            throw Errors.of("cannot open store " + directory.path(), e);
        }
    }

    private ObjectStore open(StoreDirectory directory) throws IOException, RocksDBException {
        Optional<Watermark.Mark> mark = readMark(directory);
        boolean isNew = !directory.hasDatabase();
        requireKnownFamilies(directory, isNew);
        long replayedBytes = isNew ? 0 : directory.sizeOf(".log");
        Health health = new Health(directory.path().toString(), config.listener());
        Database database = own(openDatabase(directory));
        Superblock superblock = superblock(directory, database, mark);
        requireComplete(directory, database, superblock, mark);

        long sequence = database.rocks().getLatestSequenceNumber();
        UUID bootId = HostBoot.id();
        PreviousEnd previousEnd = previousEnd(mark.orElse(null), bootId, isNew);
        Watermark watermark = own(Watermark.begin(
                directory.watermark(),
                new Watermark.Mark(
                        superblock.storeId(),
                        bootId,
                        syncedAtOpen(mark, sequence),
                        sequence,
                        false)));
        SpaceGuard space = new SpaceGuard(
                directory.path(), config.reserveBytes(), database, config.listener());
        OpenReport report = new OpenReport(
                previousEnd,
                replayedBytes,
                lossAccepted,
                System.nanoTime() - startNanos,
                superblock.storeId());
        return new RocksStore(
                directory,
                database,
                health,
                watermark,
                space,
                report,
                config.cacheBytes(),
                syncedAtOpen(mark, sequence));
    }

    /** After an accepted loss the old mark is of a history that is gone. */
    private static long syncedAtOpen(Optional<Watermark.Mark> mark, long sequence) {
        return Math.min(sequence, mark.map(Watermark.Mark::synced).orElse(0L));
    }

    private Optional<Watermark.Mark> readMark(StoreDirectory directory) throws IOException {
        try {
            return Watermark.read(directory.watermark());
        } catch (DamagedRecordException e) {
            lost(
                    directory,
                    "its watermark is damaged (" + e.getMessage()
                            + "), so it cannot be told whether synced writes are missing",
                    e);
            return Optional.empty();
        }
    }

    private void requireKnownFamilies(StoreDirectory directory, boolean isNew)
            throws RocksDBException {
        if (isNew) {
            return;
        }
        Set<String> foreign = Database.foreignFamilies(directory.database());
        if (!foreign.isEmpty()) {
            throw new StoreException(
                    Kind.UNUSABLE,
                    directory.path() + " holds a database with unknown families " + foreign
                            + ": made by a newer version of Kelpie or by something else");
        }
    }

    private Database openDatabase(StoreDirectory directory) throws RocksDBException {
        boolean directIo =
                config.directIo() == StoreConfig.DirectIo.PROBE && directory.canDirectIo();
        try {
            return new Database(
                    directory.database(), config, directIo, WALRecoveryMode.PointInTimeRecovery);
        } catch (RocksDBException e) {
            if (e.getStatus() == null || e.getStatus().getCode() != Status.Code.Corruption) {
                throw e;
            }
            lost(directory, "its database is damaged (" + e.getMessage() + ")", e);
            return new Database(
                    directory.database(),
                    config,
                    directIo,
                    WALRecoveryMode.SkipAnyCorruptedRecords);
        }
    }

    private Superblock superblock(
            StoreDirectory directory, Database database, Optional<Watermark.Mark> mark)
            throws RocksDBException {
        byte[] value = database.rocks().get(database.superblock(), Superblock.key());
        if (value == null) {
            if (mark.isPresent() || !isEmpty(database)) {
                throw new StoreException(
                        Kind.CORRUPTION,
                        "store " + directory.path() + " has no superblock" + ADVICE_SUPERBLOCK);
            }
            return createSuperblock(database);
        }
        try {
            return Superblock.decode(value);
        } catch (NewerFormatException e) {
            throw new StoreException(
                    Kind.UNUSABLE,
                    directory.path() + ": " + e.getMessage() + "; use the version that made it",
                    e);
        } catch (DamagedRecordException e) {
            throw new StoreException(
                    Kind.CORRUPTION,
                    "store " + directory.path() + " is damaged: " + e.getMessage()
                            + ADVICE_SUPERBLOCK,
                    e);
        }
    }

    private static final String ADVICE_SUPERBLOCK =
            "; restore the directory from a copy, or empty it and let this node recover from its peers";

    private static boolean isEmpty(Database database) {
        try (Scratch scratch = new Scratch()) {
            return new Listing(database).isEmpty(scratch);
        }
    }

    private static Superblock createSuperblock(Database database) throws RocksDBException {
        Superblock superblock = new Superblock(UUID.randomUUID(), System.currentTimeMillis());
        try (WriteOptions synced = new WriteOptions().setSync(true)) {
            database.rocks()
                    .put(database.superblock(), synced, Superblock.key(), superblock.encode());
        }
        return superblock;
    }

    /** Compares what is there with what the watermark says was there. */
    private void requireComplete(
            StoreDirectory directory,
            Database database,
            Superblock superblock,
            Optional<Watermark.Mark> found) {
        if (found.isEmpty()) {
            if (!isEmpty(database)) {
                lost(
                        directory,
                        "it has no watermark, so it cannot be told whether synced writes are missing",
                        null);
            }
            return;
        }
        Watermark.Mark mark = found.get();
        if (!mark.storeId().equals(superblock.storeId())) {
            lost(directory, "its watermark is of another store (" + mark.storeId() + ")", null);
            return;
        }
        long there = database.rocks().getLatestSequenceNumber();
        boolean sameBoot = mark.bootId().equals(HostBoot.id());
        long expected =
                mark.clean() || sameBoot ? Math.max(mark.synced(), mark.applied()) : mark.synced();
        if (there < expected) {
            long synced = Math.max(0, mark.synced() - there);
            lost(
                    directory,
                    "its log is damaged: of the changes up to number " + expected + " the last "
                            + (expected - there) + " are missing, " + synced + " of them synced",
                    null);
        }
    }

    /** Synced writes are missing: an error, unless the caller accepts it. */
    private void lost(StoreDirectory directory, String what, @Nullable Exception cause) {
        if (!config.acceptLoss()) {
            throw new StoreException(
                    Kind.CORRUPTION,
                    "store " + directory.path() + " has lost data: " + what + ADVICE,
                    cause);
        }
        lossAccepted = true;
    }

    private PreviousEnd previousEnd(Watermark.@Nullable Mark mark, UUID bootId, boolean isNew) {
        if (mark == null) {
            return isNew ? PreviousEnd.NONE : PreviousEnd.HOST_CRASH;
        }
        if (mark.clean() && !lossAccepted) {
            return PreviousEnd.CLEAN;
        }
        return mark.bootId().equals(bootId) ? PreviousEnd.PROCESS_CRASH : PreviousEnd.HOST_CRASH;
    }

    private <T extends AutoCloseable> T own(T resource) {
        opened.push(resource);
        return resource;
    }

    /** Closes what was opened, in reverse order. */
    private void abandon() {
        while (!opened.isEmpty()) {
            AutoCloseable next = opened.pop();
            try {
                next.close();
            } catch (Exception e) {
                // The reason why opening failed is under way and matters more; none of these closes
                // throws checked.
                throw new IllegalStateException("cannot close " + next, e);
            }
        }
    }
}
