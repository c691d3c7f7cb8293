package io.kelpie.cluster.volume;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Extent;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.vdi.Inode;

import java.util.List;

/**
 * Frees a whole extent on a node that is the whole cluster: its entry leaves the data index first,
 * then the object goes, so that a crash in between leaves an object nobody reads. Core loop only.
 */
final class ExtentDiscard implements Completion<Outcome> {
    private final Inode inode;
    private final Gateway gateway;
    private final Extent extent;
    private final Completion<Outcome> completion;
    private Step step = Step.ENTRY;

    ExtentDiscard(Inode inode, Gateway gateway, Extent extent, Completion<Outcome> completion) {
        this.inode = inode;
        this.gateway = gateway;
        this.extent = extent;
        this.completion = completion;
    }

    void start() {
        inode.enter(extent.index(), true, this::onEntered);
    }

    private void onEntered() {
        ErrorCode refusal = inode.refusal();
        if (refusal != null) {
            failed(refusal);
        } else if (!inode.owns(extent.index())) {
            finish();
        } else if (inode.isWhole(extent)) {
            inode.setEntry(extent.index(), false, false, this);
        } else {
            // The disk has grown while this waited, and the rest may have been written since.
            step = Step.ZEROS;
            List<Piece> zeros = List.of(Piece.zeros(extent.offset(), extent.length()));
            gateway.write(ObjectChange.write(object(), zeros, false), this);
        }
    }

    private ObjectId object() {
        return ObjectId.data(inode.id(), extent.index());
    }

    @Override
    public void done(Outcome result) {
        if (step == Step.ENTRY) {
            step = Step.OBJECT;
            gateway.write(ObjectChange.remove(object()), this);
        } else {
            finish();
        }
    }

    @Override
    public void failed(ErrorCode error) {
        if (step == Step.OBJECT) {
            // The entry is gone, so the extent reads as zeros: an error would deny an effect that
            // readers see. The object takes room until the extent is written again.
            finish();
        } else {
            inode.leave(extent.index(), true);
            completion.failed(error);
        }
    }

    private void finish() {
        inode.leave(extent.index(), true);
        completion.done(Outcome.DONE);
    }

    /** What is under way. */
    private enum Step {
        ENTRY,
        OBJECT,
        ZEROS
    }
}
