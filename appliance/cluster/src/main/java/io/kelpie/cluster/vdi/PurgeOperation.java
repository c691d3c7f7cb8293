package io.kelpie.cluster.vdi;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;

import org.jspecify.annotations.Nullable;

/**
 * Removes the data objects that a VDI owns, a few at a time, each behind its gate so that writes in
 * flight end first, also those that are about to make an object. Core loop only.
 */
final class PurgeOperation {
    /** Enough to keep the store busy without filling its queues. */
    private static final int PARALLEL = 16;

    private final Inode inode;
    private final Completion<Outcome> completion;
    private int nextExtent;
    private int running;
    private boolean advancing;
    private @Nullable ErrorCode failure;

    PurgeOperation(Inode inode, Completion<Outcome> completion) {
        this.inode = inode;
        this.completion = completion;
    }

    void start() {
        inode.onDeleting();
        advance();
    }

    private void advance() {
        if (advancing) {
            return;
        }
        advancing = true;
        int extent = inode.nextInUse(nextExtent);
        while (running < PARALLEL && failure == null && extent >= 0) {
            nextExtent = extent + 1;
            if (inode.owner(extent) == 0 || inode.owns(extent)) {
                int own = extent;
                running++;
                inode.enter(own, true, () -> remove(own));
            }
            extent = inode.nextInUse(nextExtent);
        }
        advancing = false;
        if (running == 0) {
            ErrorCode error = failure;
            if (error == null) {
                completion.done(Outcome.DONE);
            } else {
                completion.failed(error);
            }
        }
    }

    private void remove(int extent) {
        inode.removeObject(extent, new Completion<>() {
            @Override
            public void done(Outcome result) {
                onRemoved(extent, null);
            }

            @Override
            public void failed(ErrorCode error) {
                // An earlier life removed it already, or a write in flight did not make it.
                onRemoved(extent, error == ErrorCode.NO_SUCH_OBJECT ? null : error);
            }
        });
    }

    private void onRemoved(int extent, @Nullable ErrorCode error) {
        running--;
        failure = failure == null ? error : failure;
        inode.leave(extent, true);
        advance();
    }
}
