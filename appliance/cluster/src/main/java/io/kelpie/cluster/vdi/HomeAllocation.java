package io.kelpie.cluster.vdi;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;

import org.jspecify.annotations.Nullable;

/**
 * Writes into an extent at the home of its VDI, entering it in the index first and making the
 * object last: whoever finds the object finds its entry, also when the home dies in between. What
 * is entered is looked for afterwards and leaves the index if it is not there: the change may have
 * failed, or be a repetition of one that took effect before and whose object was discarded since.
 * Core loop only.
 */
final class HomeAllocation implements Completion<Outcome> {
    private final Inode inode;
    private final ObjectChange change;
    private final OperationId operation;
    private final Completion<Outcome> completion;
    private final int extent;
    private boolean entering;

    HomeAllocation(
            Inode inode,
            ObjectChange change,
            OperationId operation,
            Completion<Outcome> completion) {
        this.inode = inode;
        this.change = change;
        this.operation = operation;
        this.completion = completion;
        this.extent = change.object().index();
    }

    void start() {
        inode.enter(extent, true, this::onEntered);
    }

    private void onEntered() {
        ErrorCode refusal = refusal();
        if (refusal != null) {
            end(refusal);
        } else if (inode.owns(extent)) {
            write();
        } else {
            entering = true;
            inode.setEntry(extent, true, true, new Entered());
        }
    }

    private void write() {
        inode.writeObject(change, operation, this);
    }

    private @Nullable ErrorCode refusal() {
        ErrorCode refusal = inode.refusal();
        if (refusal != null) {
            return refusal;
        } else if (inode.isReadOnly()) {
            return ErrorCode.READ_ONLY;
        } else if (changeEnd() > inode.bytesBehind(extent, 0)) {
            // The disk was cut: the object could never be found again.
            return ErrorCode.OUT_OF_RANGE;
        }
        boolean foreign = inode.owner(extent) != 0 && !inode.owns(extent);
        return foreign ? ErrorCode.UNSUPPORTED : null;
    }

    private long changeEnd() {
        long end = 0;
        for (Piece piece : change.pieces()) {
            end = Math.max(end, piece.offset() + piece.length());
        }
        return end;
    }

    @Override
    public void done(Outcome result) {
        close(null);
    }

    @Override
    public void failed(ErrorCode error) {
        close(error);
    }

    /** Ends after the object was looked for if the entry is new. */
    private void close(@Nullable ErrorCode error) {
        if (!entering || inode.isDropped()) {
            end(error);
            return;
        }
        inode.lookForObject(extent, new Completion<>() {
            @Override
            public void done(Boolean there) {
                if (there) {
                    end(error);
                } else {
                    inode.clearEntry(extent, new Left(error));
                }
            }

            @Override
            public void failed(ErrorCode unknown) {
                end(error == null ? unknown : error);
            }
        });
    }

    private void end(@Nullable ErrorCode error) {
        inode.leave(extent, true);
        if (error == null) {
            completion.done(Outcome.DONE);
        } else {
            completion.failed(error);
        }
    }

    /** The index says that the object is there, or could not be written. */
    private final class Entered implements Completion<Outcome> {
        @Override
        public void done(Outcome result) {
            write();
        }

        @Override
        public void failed(ErrorCode error) {
            end(error);
        }
    }

    /** The index says again that there is no object. */
    private final class Left implements Completion<Outcome> {
        private final @Nullable ErrorCode before;

        Left(@Nullable ErrorCode before) {
            this.before = before;
        }

        @Override
        public void done(Outcome result) {
            end(before);
        }

        @Override
        public void failed(ErrorCode error) {
            end(before == null ? error : before);
        }
    }
}
