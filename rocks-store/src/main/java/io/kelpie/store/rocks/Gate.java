package io.kelpie.store.rocks;

import io.kelpie.store.StoreException;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Counts the calls that are inside the database, and shuts: a native call on a closed database
 * would take the process down. Any thread.
 */
final class Gate {
    private static final int SHUT = 1 << 30;

    private final String name;
    private final AtomicInteger state = new AtomicInteger();

    /** The thread that waits in {@link #shut}; set before SHUT is, by the one caller who wins. */
    private volatile @Nullable Thread closer;

    /** Open; the name is for errors. */
    Gate(String name) {
        this.name = name;
    }

    /** Goes in; every return is paired with {@link #leave}. */
    void enter() {
        if (!tryEnter()) {
            throw new StoreException(StoreException.Kind.CLOSED, "store " + name + " is closed");
        }
    }

    /** As {@link #enter}, but false when shut; then there is nothing to leave. */
    boolean tryEnter() {
        if ((state.incrementAndGet() & SHUT) != 0) {
            leave();
            return false;
        }
        return true;
    }

    /** Goes out. */
    void leave() {
        int now = state.decrementAndGet();
        if (now == SHUT) {
            LockSupport.unpark(closer);
        }
    }

    /**
     * Refuses newcomers and waits until everybody is out; false when somebody else shut it before.
     *
     * @param hurry run once newcomers are refused, to make those inside come out
     */
    boolean shut(Runnable hurry) {
        synchronized (this) {
            if (closer != null) {
                return false;
            }
            closer = Thread.currentThread();
        }
        state.getAndAdd(SHUT);
        hurry.run();
        boolean interrupted = false;
        while (state.get() != SHUT) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return true;
    }
}
