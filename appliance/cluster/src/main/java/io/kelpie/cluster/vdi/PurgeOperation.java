package io.kelpie.cluster.vdi;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;

import org.jspecify.annotations.Nullable;

/**
 * Removes the data objects that a VDI owns, a few at a time, each behind its gate so that writes in
 * flight end first. Core loop only.
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
        while (running < PARALLEL && failure == null && nextExtent < inode.extentCount()) {
            int extent = nextExtent++;
            if (inode.owns(extent) || inode.isUnindexed(extent)) {
                running++;
                inode.enter(extent, true, () -> remove(extent));
            }
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
                // An earlier life may have removed it already.
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
