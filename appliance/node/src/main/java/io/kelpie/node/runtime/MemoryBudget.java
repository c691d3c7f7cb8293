package io.kelpie.node.runtime;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A bound on the payload bytes that requests hold. Who does not get bytes stops reading from its
 * client and is called back when some are free again. Any thread; nothing blocks.
 */
public final class MemoryBudget {
    private final long limitBytes;
    private final AtomicLong usedBytes = new AtomicLong();
    /** At most one entry for each connection that stopped reading, so bounded by those. */
    private final ConcurrentLinkedQueue<Runnable> waiting = new ConcurrentLinkedQueue<>();

    /**
     * Creates a budget with nothing taken.
     *
     * @param limitBytes most bytes that may be taken, at least 1
     */
    public MemoryBudget(long limitBytes) {
        if (limitBytes < 1) {
            throw new IllegalArgumentException("a budget is at least 1 byte, not " + limitBytes);
        }
        this.limitBytes = limitBytes;
    }

    /**
     * Takes bytes if they are free. A request larger than the whole budget gets it when nothing
     * else is taken, so that it does not wait for ever.
     *
     * @param bytes at least 0
     * @return whether they were taken
     */
    public boolean tryTake(long bytes) {
        while (true) {
            long used = usedBytes.get();
            if (used > 0 && used + bytes > limitBytes) {
                return false;
            }
            if (usedBytes.compareAndSet(used, used + bytes)) {
                return true;
            }
        }
    }

    /**
     * Gives bytes back and calls everybody who waits; each tries again.
     *
     * @param bytes as taken
     */
    public void giveBack(long bytes) {
        long left = usedBytes.addAndGet(-bytes);
        if (left < 0) {
            throw new IllegalStateException("more given back than taken, by " + -left + " bytes");
        }
        wakeWaiting();
    }

    /**
     * Calls a task once, soon after bytes were given back; at once if nothing is taken. The caller
     * waits only once at a time.
     *
     * @param retry runs on the thread that gives back (or this one) and must not block
     */
    public void whenGivenBack(Runnable retry) {
        waiting.add(retry);
        // What was given back between the failed take and the line above would wake nobody.
        if (usedBytes.get() == 0) {
            wakeWaiting();
        }
    }

    /**
     * Bytes taken now.
     *
     * @return 0 or more; above the limit only for one oversized request
     */
    public long usedBytes() {
        return usedBytes.get();
    }

    private void wakeWaiting() {
        // Only those who wait now: one that fails again queues up for the next time.
        for (int left = waiting.size(); left > 0; left--) {
            Runnable next = waiting.poll();
            if (next == null) {
                return;
            }
            next.run();
        }
    }
}
