package io.kelpie.store.rocks;

import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.CompactRangeOptions;
import org.rocksdb.RocksDBException;

import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Turns deletes into free space when there is none left: RocksDB compacts by size, so on a full
 * disk a small number of tombstones would wait for ever. One daemon thread, asleep until asked.
 */
final class Reclaimer implements AutoCloseable {
    private final Database database;
    private final Gate gate;
    private final Thread thread;

    /** At most one permit: requests made while one is served are one more run. */
    private final Semaphore requests = new Semaphore(0);

    private final AtomicBoolean requested = new AtomicBoolean();

    /** Set at first, because of deletes before the store was opened. */
    private final AtomicBoolean deleted = new AtomicBoolean(true);

    private final AtomicLong failures = new AtomicLong();
    private final CompactRangeOptions options =
            new CompactRangeOptions().setExclusiveManualCompaction(false);
    private volatile boolean ended;

    Reclaimer(Database database, Gate gate, String name) {
        this.database = database;
        this.gate = gate;
        this.thread = new Thread(this::run, "kelpie-reclaim " + name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Something was deleted that a compaction may turn into space. */
    void noteDelete() {
        deleted.set(true);
    }

    /** Asks for one compaction of everything, soon, if there is something to gain by it. */
    void request() {
        if (deleted.compareAndSet(true, false) && requested.compareAndSet(false, true)) {
            requests.release();
        }
    }

    private void run() {
        while (true) {
            requests.acquireUninterruptibly();
            if (ended) {
                return;
            }
            requested.set(false);
            compact();
        }
    }

    private void compact() {
        if (!gate.tryEnter()) {
            return;
        }
        try {
            for (ColumnFamilyHandle family : database.all()) {
                database.rocks().compactRange(family, null, null, options);
            }
        } catch (RocksDBException e) {
            // Cancelled, or still no space. Nothing was lost, the next delete asks again, and what
            // breaks the
            // store comes to Health by the event listener.
            failures.incrementAndGet();
        } finally {
            gate.leave();
        }
    }

    /** Makes a running compaction give up, so that the store can be closed. */
    void cancel() {
        ended = true;
        options.setCanceled(true);
        requests.release();
    }

    /** Waits for the thread to end; {@link #cancel} comes before. */
    @Override
    public void close() {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        options.close();
    }
}
