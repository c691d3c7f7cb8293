package io.kelpie.store.rocks;

import io.kelpie.store.StoreException;
import io.kelpie.store.StoreException.Kind;
import io.kelpie.store.StoreListener;

import org.rocksdb.AbstractEventListener;
import org.rocksdb.BackgroundErrorReason;
import org.rocksdb.Status;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Whether the store may still be written. RocksDB reports here from its own threads; the first
 * failure stays.
 */
final class Health extends AbstractEventListener {
    /**
     * Errors while writing tables, after which RocksDB itself goes on once there is space again.
     */
    private static final Set<BackgroundErrorReason> TABLE_WRITES =
            EnumSet.of(BackgroundErrorReason.FLUSH, BackgroundErrorReason.COMPACTION);

    private final String name;
    private final StoreListener listener;
    private final AtomicReference<StoreException> failure = new AtomicReference<>();

    Health(String name, StoreListener listener) {
        super(EnabledEventCallback.ON_BACKGROUND_ERROR);
        this.name = name;
        this.listener = listener;
    }

    @Override
    public void onBackgroundError(BackgroundErrorReason reason, Status status) {
        if (TABLE_WRITES.contains(reason) && Errors.isNoSpace(status)) {
            return;
        }
        fail(reason + " failed (" + Errors.describe(status) + ")", null);
    }

    /** The store is broken from now on, unless it was before. Returns why it is. */
    StoreException fail(String what, @org.jspecify.annotations.Nullable Throwable cause) {
        StoreException fresh = new StoreException(
                Kind.IO,
                "store " + name + " is broken: " + what
                        + "; nothing is written any more, check the disk (and its space) and restart",
                cause);
        if (failure.compareAndSet(null, fresh)) {
            listener.onBroken(fresh);
        }
        return failure();
    }

    private StoreException failure() {
        StoreException known = failure.get();
        if (known == null) {
            throw new IllegalStateException("no failure");
        }
        return known;
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
}
