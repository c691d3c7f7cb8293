package io.kelpie.node.store;

import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.ObjectSnapshot;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoredPiece;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * One object at one instant, for the core: reads go to the object's store thread and their
 * completions to the core loop. Closing the object store releases what the core did not close.
 */
final class StoredSnapshot implements ObjectSnapshot {
    private final HeldObject held;
    private final io.kelpie.store.@Nullable ObjectSnapshot snapshot;
    private final Threads threads;
    /** Changed by {@link #close} only. */
    private boolean closed;

    /** The store threads and the way back to the core. */
    interface Threads {
        /** Runs work on the object's thread and answers for its failure. */
        void submit(ObjectId object, Completion<?> completion, Runnable work);

        /** Runs a release on the object's thread; false if it never will. */
        boolean submitRelease(ObjectId object, Runnable work);

        /** A payload of a length filled by a source, which tells how much it filled. */
        Payload filled(int length, ToIntFunction<ByteBuffer> source);

        /** Has a task run on the core loop; false if it never will. */
        boolean post(Runnable task);
    }

    StoredSnapshot(
            HeldObject held, io.kelpie.store.@Nullable ObjectSnapshot snapshot, Threads threads) {
        this.held = held;
        this.snapshot = snapshot;
        this.threads = threads;
    }

    @Override
    public HeldObject held() {
        return held;
    }

    @Override
    public void read(long offset, int length, Completion<List<StoredPiece>> completion) {
        threads.submit(held.object(), completion, () -> {
            List<StoredPiece> pieces = pieces(offset, length);
            if (!threads.post(() -> completion.done(pieces))) {
                release(pieces);
            }
        });
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (!threads.submitRelease(held.object(), this::release)) {
                release();
            }
        }
    }

    /** Ends it at once. Any thread. */
    void release() {
        if (snapshot != null) {
            snapshot.close();
        }
    }

    private List<StoredPiece> pieces(long offset, int length) {
        List<StoredPiece> pieces = new ArrayList<>();
        io.kelpie.store.ObjectSnapshot source = snapshot;
        if (source == null) {
            return pieces;
        }
        boolean complete = false;
        try {
            for (DataRange range : HeldContent.dataRanges(source.extents(offset, length))) {
                Payload bytes = threads.filled(
                        Math.toIntExact(range.length()),
                        target -> source.read(range.offset(), target));
                pieces.add(new StoredPiece(range.offset(), bytes));
            }
            complete = true;
            return List.copyOf(pieces);
        } finally {
            if (!complete) {
                release(pieces);
            }
        }
    }

    private static void release(List<StoredPiece> pieces) {
        pieces.forEach(piece -> piece.payload().release());
    }
}
