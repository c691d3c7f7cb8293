package io.kelpie.cluster.volume;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Extent;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.vdi.Inode;
import io.kelpie.cluster.vdi.InodeView;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * Writes bytes or zeros into one extent on a node that is the whole cluster. An extent the VDI owns
 * is written in place; a hole gets an object of its own first and its entry in the data index last,
 * so that a crash in between leaves the hole. If the cluster grows meanwhile it goes on as a
 * {@link SharedWrite}. Owns its payload. Core loop only.
 */
final class ExtentWrite implements Completion<Outcome> {
    private final InodeView view;
    private final Inode inode;
    private final Gateway gateway;
    private final Extent extent;
    private final @Nullable Payload payload;
    private final boolean durable;
    private final Completion<Outcome> completion;
    private boolean exclusive;
    private Step step = Step.LAST;
    private ErrorCode failure = ErrorCode.IO_ERROR;

    ExtentWrite(
            InodeView view,
            Inode inode,
            Gateway gateway,
            Extent extent,
            @Nullable Payload payload,
            boolean durable,
            Completion<Outcome> completion) {
        this.view = view;
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
        ErrorCode refusal = inode.refusal();
        if (refusal != null) {
            failed(refusal);
        } else if (inode != view.certain()) {
            failed(ErrorCode.NO_PRIMARY);
        } else if (extent.length() > inode.bytesBehind(index, extent.offset())) {
            // The disk was cut while this waited; the object could never be found again.
            failed(ErrorCode.OUT_OF_RANGE);
        } else if (!exclusive && !inode.owns(index)) {
            // Somebody freed the extent while this waited at the gate.
            inode.leave(index, false);
            start();
        } else {
            change();
        }
    }

    private void change() {
        int index = extent.index();
        boolean owned = inode.owns(index);
        if (owned || inode.isUnindexed(index)) {
            step = owned ? Step.LAST : Step.CLIENTS_OBJECT;
            gateway.write(ObjectChange.write(object(), List.of(piece()), durable), this);
        } else if (inode.owner(index) != 0) {
            failed(ErrorCode.UNSUPPORTED);
        } else if (payload == null) {
            done(Outcome.DONE);
        } else {
            step = Step.NEW_OBJECT;
            gateway.write(
                    ObjectChange.create(object(), inode.objectBytes(), List.of(piece()), durable),
                    this);
        }
    }

    private ObjectId object() {
        return ObjectId.data(inode.id(), extent.index());
    }

    private Piece piece() {
        Payload bytes = payload;
        return bytes == null
                ? Piece.zeros(extent.offset(), extent.length())
                : Piece.of(extent.offset(), bytes);
    }

    @Override
    public void done(Outcome result) {
        switch (step) {
            case NEW_OBJECT -> setEntry(Step.ENTRY);
            case CLIENTS_OBJECT -> setEntry(Step.LAST);
            case ENTRY, LAST -> {
                finish();
                completion.done(result);
            }
            case UNDO -> fail();
        }
    }

    @Override
    public void failed(ErrorCode error) {
        if (step == Step.UNDO) {
            fail();
            return;
        }
        failure = error;
        if (error == ErrorCode.NO_PRIMARY) {
            inode.leave(extent.index(), exclusive);
            new SharedWrite(view, gateway, extent, payload, durable, completion).start();
        } else if (step == Step.ENTRY) {
            // Nobody would find the object again, not even a deletion of the VDI.
            step = Step.UNDO;
            gateway.write(ObjectChange.remove(object()), this);
        } else {
            fail();
        }
    }

    private void setEntry(Step next) {
        step = next;
        inode.setEntry(extent.index(), true, durable, this);
    }

    private void fail() {
        finish();
        completion.failed(failure);
    }

    private void finish() {
        Payload bytes = payload;
        if (bytes != null) {
            bytes.release();
        }
        inode.leave(extent.index(), exclusive);
    }

    /** What is under way. */
    private enum Step {
        /** A new object is being written. */
        NEW_OBJECT,
        /** An object that a client made and did not enter in the index is being written. */
        CLIENTS_OBJECT,
        /** The new object's entry is being written. */
        ENTRY,
        /** The new object is being removed as its entry could not be written. */
        UNDO,
        /** Whatever is under way, nothing follows it. */
        LAST
    }
}
