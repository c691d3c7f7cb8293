package io.kelpie.store.rocks;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Tells a reader whether an object may have lost its pages between the read of its head and the
 * read of its pages. Readers take no lock: they note the mark, read, and if something changed they
 * read again from a snapshot.
 */
final class GenerationChanges {
    /** What {@link #mark} gives while a change is going on. */
    static final long UNSETTLED = -1;

    private final AtomicLong started = new AtomicLong();
    private final AtomicLong finished = new AtomicLong();

    void start() {
        started.incrementAndGet();
    }

    void finish() {
        finished.incrementAndGet();
    }

    /** A mark to give to {@link #isUnchanged}. */
    long mark() {
        // In this order: equal counts then prove that nothing ran when started was read.
        long ended = finished.get();
        long begun = started.get();
        return ended == begun ? begun : UNSETTLED;
    }

    boolean isUnchanged(long mark) {
        return started.get() == mark;
    }
}
