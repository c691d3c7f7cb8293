package io.kelpie.cluster.volume;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.replication.ObjectChange;
import io.kelpie.cluster.vdi.Inode;

/**
 * Frees a whole extent: its entry leaves the data index first, then the object goes, so that a
 * crash in between leaves an object nobody reads. Core loop only.
 */
final class ExtentDiscard implements Completion<Outcome> {
    private final Inode inode;
    private final Gateway gateway;
    private final int index;
    private final Completion<Outcome> completion;
    private boolean removing;

    ExtentDiscard(Inode inode, Gateway gateway, int index, Completion<Outcome> completion) {
        this.inode = inode;
        this.gateway = gateway;
        this.index = index;
        this.completion = completion;
    }

    void start() {
        inode.enter(index, true, this::onEntered);
    }

    private void onEntered() {
        if (inode.isDeleted()) {
            failed(ErrorCode.NO_SUCH_VDI);
        } else if (inode.owns(index)) {
            inode.setEntry(index, false, false, this);
        } else {
            removing = true;
            done(Outcome.DONE);
        }
    }

    @Override
    public void done(Outcome result) {
        if (!removing) {
            removing = true;
            gateway.write(ObjectChange.remove(ObjectId.data(inode.id(), index)), this);
            return;
        }
        inode.leave(index, true);
        completion.done(result);
    }

    @Override
    public void failed(ErrorCode error) {
        inode.leave(index, true);
        if (removing) {
            // The entry is gone, so the extent reads as zeros: an error would deny an effect that
            // readers see. The object takes room until it is replaced or the VDI goes.
            completion.done(Outcome.DONE);
        } else {
            completion.failed(error);
        }
    }
}
