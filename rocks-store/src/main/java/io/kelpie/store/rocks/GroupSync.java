package io.kelpie.store.rocks;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One sync of the log for all who wait.
 *
 * <p>Two counters, both sequences of the log: <i>started</i> is what the running sync will cover,
 * <i>finished</i> what is on the disk. Who needs more than finished waits; who finds no sync
 * running runs the next one for everybody. A sync that failed is never tried again: after a failed
 * fsync the kernel may have dropped the pages and reports success the next time.
 */
final class GroupSync {
    /** What is synced. */
    interface Log {
        /** The highest sequence written. */
        long written();

        /** Puts everything written before the call on the disk. */
        void sync();
    }

    private final Log log;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private final AtomicLong finished;
    private final AtomicLong syncs = new AtomicLong();

    /** Guarded by {@link #lock}. */
    private boolean running;

    GroupSync(Log log, long syncedAtOpen) {
        this.log = log;
        this.finished = new AtomicLong(syncedAtOpen);
    }

    long syncedThrough() {
        return finished.get();
    }

    long syncs() {
        return syncs.get();
    }

    /**
     * Blocks until the sequence is on the disk; throws what {@link Log#sync} throws to its caller.
     */
    void sync(long sequence) {
        while (finished.get() < sequence) {
            if (lead(sequence)) {
                runOnce();
            }
        }
    }

    /** Takes the lead, or waits for the end of the running sync. */
    private boolean lead(long sequence) {
        lock.lock();
        try {
            if (!running) {
                running = true;
                return true;
            }
            while (running && finished.get() < sequence) {
                ended.awaitUninterruptibly();
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void runOnce() {
        try {
            // Read before the sync: what is written meanwhile may or may not be covered.
            long started = log.written();
            if (started > finished.get()) {
                log.sync();
                syncs.incrementAndGet();
                finished.set(started);
            }
        } finally {
            stop();
        }
    }

    private void stop() {
        lock.lock();
        try {
            running = false;
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
