package io.kelpie.cluster.vdi;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Extent;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;

import java.util.List;

/**
 * Frees an extent at the home of its VDI while other nodes may write it: the object is zeroed, and
 * goes if it still holds nothing; only when it has gone its entry is cleared. So nobody finds a
 * hole in the index in place of a write that came in between. Only the zeroing could do harm when
 * it is repeated, so that bears the identity of the asker's operation. Core loop only.
 */
final class HomeDiscard implements Completion<Outcome> {
    private final Inode inode;
    private final PrimaryCall.Discard call;
    private final OperationId operation;
    private final Completion<Outcome> completion;
    private boolean whole;

    HomeDiscard(
            Inode inode,
            PrimaryCall.Discard call,
            OperationId operation,
            Completion<Outcome> completion) {
        this.inode = inode;
        this.call = call;
        this.operation = operation;
        this.completion = completion;
    }

    void start() {
        inode.enter(call.extent(), true, this::onEntered);
    }

    private void onEntered() {
        ErrorCode refusal = inode.isReadOnly() ? ErrorCode.READ_ONLY : inode.refusal();
        boolean foreign = inode.owner(call.extent()) != 0 && !inode.owns(call.extent());
        if (refusal != null || foreign) {
            failed(refusal != null ? refusal : ErrorCode.UNSUPPORTED);
            return;
        }
        whole = inode.isWhole(new Extent(call.extent(), call.offset(), call.length()));
        // What lies behind the end of the disk goes too.
        long length = whole ? inode.objectBytes() : call.length();
        Piece zeros = Piece.zeros(call.offset(), length);
        inode.writeObject(
                ObjectChange.write(object(), List.of(zeros), call.durable()), operation, this);
    }

    private ObjectId object() {
        return ObjectId.data(inode.id(), call.extent());
    }

    @Override
    public void done(Outcome result) {
        if (whole) {
            inode.removeEmptyObject(call.extent(), new Removed());
        } else {
            finish();
        }
    }

    @Override
    public void failed(ErrorCode error) {
        boolean missing = error == ErrorCode.NO_SUCH_OBJECT;
        if (missing && !inode.owns(call.extent())) {
            finish();
        } else if (missing && whole) {
            // A client removed the object and left the entry.
            done(Outcome.DONE);
        } else if (missing && inode.isShared()) {
            inode.forgetMissing(call.extent(), new Freed());
        } else {
            inode.leave(call.extent(), true);
            completion.failed(missing ? ErrorCode.CORRUPT_OBJECT : error);
        }
    }

    private void finish() {
        inode.leave(call.extent(), true);
        completion.done(Outcome.DONE);
    }

    /** The object is gone, or stays as somebody wrote in between: then its entry stays too. */
    private final class Removed implements Completion<Boolean> {
        @Override
        public void done(Boolean there) {
            if (there) {
                finish();
            } else {
                inode.clearEntry(call.extent(), new Freed());
            }
        }

        @Override
        public void failed(ErrorCode error) {
            inode.leave(call.extent(), true);
            completion.failed(error);
        }
    }

    /** The entry says so too. */
    private final class Freed implements Completion<Outcome> {
        @Override
        public void done(Outcome result) {
            finish();
        }

        @Override
        public void failed(ErrorCode error) {
            inode.leave(call.extent(), true);
            completion.failed(error);
        }
    }
}
