package io.kelpie.store.rocks;

import io.kelpie.store.StoreException;
import io.kelpie.store.StoreException.Kind;
import io.kelpie.store.StoreListener;

import org.jspecify.annotations.Nullable;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Whether the store may still be written; the first failure stays. Any thread.
 *
 * <p>A failure in RocksDB's background comes out with the next write or sync, which RocksDB
 * refuses. Its Java event listener would tell earlier, but cannot represent all reasons (rocksdbjni
 * 10.10.1: "Illegal value provided for BackgroundErrorReason: 5") and then prints a stack trace
 * instead.
 */
final class Health {
    /**
     * RocksDB looks for space every 5 s after a flush failed; when it has not gone on by then, it
     * never will.
     */
    private static final long MAX_STUCK_NANOS = 30_000_000_000L;

    private static final long NOT_STUCK = 0;

    private final String name;
    private final StoreListener listener;
    private final AtomicReference<@Nullable StoreException> failure = new AtomicReference<>();
    private final AtomicLong stuckSinceNanos = new AtomicLong(NOT_STUCK);

    Health(String name, StoreListener listener) {
        this.name = name;
        this.listener = listener;
    }

    /** The store is broken from now on, unless it was before. Returns why it is. */
    StoreException fail(String what, @Nullable Throwable cause) {
        StoreException fresh = new StoreException(
                Kind.IO,
                "store " + name + " is broken: " + what
                        + "; nothing is written any more, check the disk (and its space) and restart",
                cause);
        if (failure.compareAndSet(null, fresh)) {
            listener.onBroken(fresh);
        }
        return current().orElse(fresh);
    }

    Optional<StoreException> current() {
        return Optional.ofNullable(failure.get());
    }

    /** Throws when the store is broken; a new exception, so that the stack is the caller's. */
    void requireSound() {
        StoreException known = failure.get();
        if (known != null) {
            throw new StoreException(known.kind(), String.valueOf(known.getMessage()), known);
        }
    }

    /** A write went through, or there is truly no space. */
    void noteNotStuck() {
        if (stuckSinceNanos.get() != NOT_STUCK) {
            stuckSinceNanos.set(NOT_STUCK);
        }
    }

    /**
     * RocksDB refused a write for want of space although there is some; true when it has done so
     * for too long.
     */
    boolean isStuck(long nowNanos) {
        long since = stuckSinceNanos.get();
        if (since == NOT_STUCK) {
            stuckSinceNanos.compareAndSet(NOT_STUCK, nowNanos);
            return false;
        }
        return nowNanos - since > MAX_STUCK_NANOS;
    }
}
