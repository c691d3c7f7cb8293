package io.kelpie.cluster.volume;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Extent;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.vdi.InodeView;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * Writes bytes or zeros into one extent of a VDI that other nodes may use too. An extent that was
 * owned when last seen is written at its primary; if the object is not there, or was not, the home
 * of the VDI makes it. Zeros need no object. Owns its payload. Core loop only.
 */
final class SharedWrite implements Completion<Outcome> {
    private final InodeView view;
    private final Gateway gateway;
    private final Extent extent;
    private final @Nullable Payload payload;
    private final boolean durable;
    private final Completion<Outcome> completion;
    private boolean allocating;

    SharedWrite(
            InodeView view,
            Gateway gateway,
            Extent extent,
            @Nullable Payload payload,
            boolean durable,
            Completion<Outcome> completion) {
        this.view = view;
        this.gateway = gateway;
        this.extent = extent;
        this.payload = payload;
        this.durable = durable;
        this.completion = completion;
    }

    void start() {
        int owner = view.owner(extent.index());
        boolean owned = owner == view.id().value();
        if (owner != 0 && owner != InodeView.UNKNOWN && !owned) {
            failed(ErrorCode.UNSUPPORTED);
        } else if (owned || payload == null) {
            gateway.write(ObjectChange.write(object(), List.of(piece()), durable), this);
        } else {
            allocate();
        }
    }

    private void allocate() {
        allocating = true;
        ObjectChange change =
                ObjectChange.ensure(object(), view.objectBytes(), List.of(piece()), durable);
        view.askHome(new PrimaryCall.Allocate(view.id(), change), this);
    }

    private ObjectId object() {
        return ObjectId.data(view.id(), extent.index());
    }

    private Piece piece() {
        Payload bytes = payload;
        return bytes == null
                ? Piece.zeros(extent.offset(), extent.length())
                : Piece.of(extent.offset(), bytes);
    }

    @Override
    public void done(Outcome result) {
        if (allocating) {
            view.note(extent.index(), true);
        }
        release();
        completion.done(result);
    }

    @Override
    public void failed(ErrorCode error) {
        boolean missing = error == ErrorCode.NO_SUCH_OBJECT && !allocating;
        if (missing) {
            view.note(extent.index(), false);
        }
        if (missing && payload != null) {
            allocate();
            return;
        }
        release();
        if (missing) {
            completion.done(Outcome.DONE);
        } else {
            completion.failed(error);
        }
    }

    private void release() {
        Payload bytes = payload;
        if (bytes != null) {
            bytes.release();
        }
    }
}
