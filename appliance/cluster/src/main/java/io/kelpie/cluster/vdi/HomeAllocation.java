package io.kelpie.cluster.vdi;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;

import org.jspecify.annotations.Nullable;

/**
 * Writes into an extent at the home of its VDI, making the object first and the entry last. A
 * repetition of what took effect before changes nothing at the data object; as the object may have
 * been discarded since, it is looked for before the entry says that it is there. Core loop only.
 */
final class HomeAllocation implements Completion<Outcome> {
    private final Inode inode;
    private final Gateway gateway;
    private final ObjectChange change;
    private final OperationId operation;
    private final Completion<Outcome> completion;
    private final int extent;

    HomeAllocation(
            Inode inode,
            Gateway gateway,
            ObjectChange change,
            OperationId operation,
            Completion<Outcome> completion) {
        this.inode = inode;
        this.gateway = gateway;
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
        if (refusal == null) {
            inode.writeObject(change, operation, this);
        } else {
            failed(refusal);
        }
    }

    private @Nullable ErrorCode refusal() {
        ErrorCode refusal = inode.refusal();
        if (refusal != null) {
            return refusal;
        } else if (inode.isReadOnly()) {
            return ErrorCode.READ_ONLY;
        } else if (end() > inode.bytesBehind(extent, 0)) {
            // The disk was cut: the object could never be found again.
            return ErrorCode.OUT_OF_RANGE;
        }
        boolean foreign = inode.owner(extent) != 0 && !inode.owns(extent);
        return foreign ? ErrorCode.UNSUPPORTED : null;
    }

    private long end() {
        long end = 0;
        for (Piece piece : change.pieces()) {
            end = Math.max(end, piece.offset() + piece.length());
        }
        return end;
    }

    @Override
    public void done(Outcome result) {
        if (inode.owns(extent)) {
            finish();
            return;
        }
        gateway.read(change.object(), 0, 0, new Completion<>() {
            @Override
            public void done(Payload nothing) {
                nothing.release();
                inode.setEntry(extent, true, true, new Entered());
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.NO_SUCH_OBJECT) {
                    finish();
                } else {
                    HomeAllocation.this.failed(error);
                }
            }
        });
    }

    @Override
    public void failed(ErrorCode error) {
        inode.leave(extent, true);
        completion.failed(error);
    }

    private void finish() {
        inode.leave(extent, true);
        completion.done(Outcome.DONE);
    }

    /** The entry was written, or not: then the object stays, as others may have written it. */
    private final class Entered implements Completion<Outcome> {
        @Override
        public void done(Outcome result) {
            finish();
        }

        @Override
        public void failed(ErrorCode error) {
            HomeAllocation.this.failed(error);
        }
    }
}
