package io.kelpie.cluster.volume;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Extent;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.replication.ObjectChange;
import io.kelpie.cluster.replication.ObjectChange.Piece;
import io.kelpie.cluster.vdi.Inode;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * Writes bytes or zeros into one extent. An extent the VDI owns is written in place; a hole gets an
 * object of its own first and its entry in the data index last, so that a crash in between leaves
 * the hole. Owns its payload. Core loop only.
 */
final class ExtentWrite implements Completion<Outcome> {
    private final Inode inode;
    private final Gateway gateway;
    private final Extent extent;
    private final @Nullable Payload payload;
    private final boolean durable;
    private final Completion<Outcome> completion;
    private boolean exclusive;
    private boolean indexed;

    ExtentWrite(
            Inode inode,
            Gateway gateway,
            Extent extent,
            @Nullable Payload payload,
            boolean durable,
            Completion<Outcome> completion) {
        this.inode = inode;
        this.gateway = gateway;
        this.extent = extent;
        this.payload = payload;
        this.durable = durable;
        this.completion = completion;
    }

    void start() {
        exclusive = !inode.owns(extent.index());
        inode.enter(extent.index(), exclusive, this::onEntered);
    }

    private void onEntered() {
        int index = extent.index();
        if (inode.isDeleted()) {
            failed(ErrorCode.NO_SUCH_VDI);
            return;
        }
        if (!exclusive && !inode.owns(index)) {
            // Somebody freed the extent while this waited at the gate.
            inode.leave(index, false);
            start();
            return;
        }
        indexed = inode.owns(index);
        ObjectId object = ObjectId.data(inode.id(), index);
        if (indexed || inode.isUnindexed(index)) {
            gateway.write(ObjectChange.write(object, List.of(piece()), durable), this);
        } else if (inode.owner(index) != 0) {
            failed(ErrorCode.UNSUPPORTED);
        } else if (payload == null) {
            indexed = true;
            done(Outcome.DONE);
        } else {
            gateway.write(
                    ObjectChange.create(object, inode.objectBytes(), List.of(piece()), durable),
                    this);
        }
    }

    private Piece piece() {
        Payload bytes = payload;
        return bytes == null
                ? Piece.zeros(extent.offset(), extent.length())
                : Piece.of(extent.offset(), bytes);
    }

    @Override
    public void done(Outcome result) {
        if (!indexed) {
            indexed = true;
            inode.setEntry(extent.index(), true, durable, this);
            return;
        }
        finish();
        completion.done(result);
    }

    @Override
    public void failed(ErrorCode error) {
        finish();
        completion.failed(error);
    }

    private void finish() {
        Payload bytes = payload;
        if (bytes != null) {
            bytes.release();
        }
        inode.leave(extent.index(), exclusive);
    }
}
