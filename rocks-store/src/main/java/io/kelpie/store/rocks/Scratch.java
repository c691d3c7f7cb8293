package io.kelpie.store.rocks;

import io.kelpie.store.format.Checksums;
import io.kelpie.store.format.HeadLayout;
import io.kelpie.store.format.KeyLayout;
import io.kelpie.store.format.PageLayout;
import io.kelpie.store.format.RecordBuffer;

import org.jspecify.annotations.Nullable;
import org.rocksdb.DirectSlice;
import org.rocksdb.ReadOptions;
import org.rocksdb.Snapshot;
import org.rocksdb.WriteBatch;

/**
 * Everything one call needs and would otherwise allocate. Used by one thread at a time; see
 * {@link ScratchPool}.
 */
final class Scratch implements AutoCloseable {
    /** Read-ahead of 64 KiB, 128 KiB, ... 4 MiB: what a scan was asked for and no more. */
    private static final int READ_AHEAD_CLASSES = 7;

    private static final int SMALLEST_READ_AHEAD = 64 << 10;

    /** A batch that grew above this is freed instead of kept. */
    private static final long MAX_KEPT_BATCH_BYTES = 2L << 20;

    final RecordBuffer key = new RecordBuffer(KeyLayout.PAGE_END_BYTES);
    final RecordBuffer head = new RecordBuffer(HeadLayout.BYTES);
    final RecordBuffer page = new RecordBuffer(PageLayout.VALUE_BYTES);
    final RecordBuffer end = new RecordBuffer(KeyLayout.PAGE_END_BYTES);
    final Checksums checksums = new Checksums();

    /** The upper bound of {@link #bounded}: its bytes change, the native slice over them stays. */
    private final DirectSlice endSlice =
            new DirectSlice(end.buffer(KeyLayout.PAGE_END_BYTES), KeyLayout.PAGE_END_BYTES);

    private final ReadOptions point = new ReadOptions();
    private final @Nullable ReadOptions[] bounded = new @Nullable ReadOptions[READ_AHEAD_CLASSES];
    private @Nullable Snapshot snapshot;
    private @Nullable WriteBatch batch;

    /** All reads from now on see this snapshot; null for the present. */
    void readFrom(@Nullable Snapshot at) {
        if (snapshot == at) {
            return;
        }
        snapshot = at;
        point.setSnapshot(at);
        for (ReadOptions options : bounded) {
            if (options != null) {
                options.setSnapshot(at);
            }
        }
    }

    /** Options for single gets. */
    ReadOptions point() {
        return point;
    }

    /**
     * Options for an iterator that ends before the key in {@link #end}, reading ahead what it is
     * asked for.
     */
    ReadOptions bounded(long expectedBytes) {
        int index = 0;
        while (index < READ_AHEAD_CLASSES - 1
                && (long) SMALLEST_READ_AHEAD << index < expectedBytes) {
            index++;
        }
        ReadOptions options = bounded[index];
        if (options == null) {
            options = new ReadOptions().setReadaheadSize((long) SMALLEST_READ_AHEAD << index);
            options.setIterateUpperBound(endSlice);
            options.setSnapshot(snapshot);
            bounded[index] = options;
        }
        return options;
    }

    /** An empty batch. */
    WriteBatch batch() {
        WriteBatch current = batch;
        if (current == null) {
            current = new WriteBatch();
            batch = current;
        }
        current.clear();
        return current;
    }

    /** Makes it ready for the next user. */
    void reset() {
        readFrom(null);
        if (batch != null && batch.getDataSize() > MAX_KEPT_BATCH_BYTES) {
            batch.close();
            batch = null;
        }
    }

    @Override
    public void close() {
        if (batch != null) {
            batch.close();
        }
        for (ReadOptions options : bounded) {
            if (options != null) {
                options.close();
            }
        }
        point.close();
        endSlice.close();
        end.close();
        page.close();
        head.close();
        key.close();
    }
}
