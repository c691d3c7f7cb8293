package io.kelpie.store.rocks;

import io.kelpie.store.StoreException;
import io.kelpie.store.StoreException.Kind;
import io.kelpie.store.StoreListener;

import org.rocksdb.RocksDBException;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Refuses writes while there is still space for RocksDB to go on: a log that hits the end of the
 * disk cannot be written again before the database is opened anew (rocksdb issues 11643, 12998).
 *
 * <p>Asks the file system only when a budget is used up or old; in between a write costs one
 * subtraction. Any thread.
 */
final class SpaceGuard {
    private static final long MIN_RESERVE_BYTES = 64L << 20;
    private static final long MAX_RESERVE_BYTES = 1L << 30;

    /** Deletes are let through down to this part of the reserve. */
    private static final int DELETE_SHARE = 4;

    /** A byte of payload takes one in the log and one in a table. */
    private static final int BYTES_PER_BYTE = 2;

    /** What a batch takes besides its payload: heads, keys, blocks of the log. */
    private static final long BATCH_OVERHEAD_BYTES = 4096;

    /** This part of the reserve is written between two looks at the disk, as others fill it too. */
    private static final int BUDGET_SHARE = 4;

    private static final long MAX_BUDGET_AGE_NANOS = 250_000_000;

    private final Path directory;
    private final FileStore fileStore;
    private final Database database;
    private final StoreListener listener;
    private final long reserveBytes;
    private final AtomicLong budget = new AtomicLong();
    private volatile long checkedAtNanos;
    private volatile boolean exhausted;

    SpaceGuard(Path directory, long configuredReserve, Database database, StoreListener listener)
            throws IOException {
        this.directory = directory;
        this.fileStore = Files.getFileStore(directory);
        this.database = database;
        this.listener = listener;
        this.reserveBytes = configuredReserve != 0
                ? configuredReserve
                : Math.max(
                        MIN_RESERVE_BYTES,
                        Math.min(fileStore.getTotalSpace() / 100, MAX_RESERVE_BYTES));
    }

    long reserveBytes() {
        return reserveBytes;
    }

    boolean isExhausted() {
        return exhausted;
    }

    long totalBytes() {
        return ask(FileStore::getTotalSpace);
    }

    long freeBytes() {
        return ask(FileStore::getUsableSpace);
    }

    /** Lets a batch pass, or throws NO_SPACE. */
    void admit(long payloadBytes, boolean addsContent) {
        long need = payloadBytes * BYTES_PER_BYTE + BATCH_OVERHEAD_BYTES;
        boolean fresh = System.nanoTime() - checkedAtNanos < MAX_BUDGET_AGE_NANOS;
        if (fresh && !exhausted && budget.addAndGet(-need) >= 0) {
            return;
        }
        check(need, addsContent);
    }

    private synchronized void check(long need, boolean addsContent) {
        long free = freeBytes();
        // What is in memtables still has to go to tables; its log is freed only after that.
        long room = free - unflushedBytes() - reserveBytes;
        checkedAtNanos = System.nanoTime();
        budget.set(Math.min(room, reserveBytes / BUDGET_SHARE) - need);
        setExhausted(room < need, free);
        if (!exhausted || (!addsContent && free >= reserveBytes / DELETE_SHARE)) {
            return;
        }
        throw new StoreException(
                Kind.NO_SPACE,
                "no space in " + directory + ": " + free + " bytes are free, of which "
                        + reserveBytes
                        + " are kept in reserve; delete data or enlarge the file system");
    }

    private void setExhausted(boolean now, long free) {
        if (now == exhausted) {
            return;
        }
        exhausted = now;
        if (now) {
            listener.onSpaceExhausted(free);
        } else {
            listener.onSpaceReturned(free);
        }
    }

    private long unflushedBytes() {
        try {
            return database.memtableBytes();
        } catch (RocksDBException e) {
            throw Errors.of("cannot tell the size of the memtables", e);
        }
    }

    private interface Question {
        long ask(FileStore fileStore) throws IOException;
    }

    private long ask(Question question) {
        try {
            return question.ask(fileStore);
        } catch (IOException e) {
            throw new StoreException(
                    Kind.IO,
                    "cannot tell the free space of " + directory + ": " + e.getMessage(),
                    e);
        }
    }
}
