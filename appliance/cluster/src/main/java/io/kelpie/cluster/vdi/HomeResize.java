package io.kelpie.cluster.vdi;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;

import java.util.List;

/**
 * Changes the size of a disk that other nodes may write: one change after the other. Before it
 * grows, what lies behind the old end in the last object is zeroed, as a node that had not heard of
 * an earlier cut may have written there. Core loop only.
 */
final class HomeResize implements Completion<Outcome> {
    /** A gate of no extent, where changes of the size wait for each other. */
    private static final int SIZE_GATE = -1;

    private final Inode inode;
    private final Gateway gateway;
    private final long newSizeBytes;
    private final Completion<Outcome> completion;

    HomeResize(Inode inode, Gateway gateway, long newSizeBytes, Completion<Outcome> completion) {
        this.inode = inode;
        this.gateway = gateway;
        this.newSizeBytes = newSizeBytes;
        this.completion = completion;
    }

    void start() {
        inode.enter(SIZE_GATE, true, this::onEntered);
    }

    private void onEntered() {
        ErrorCode refusal = inode.refusal();
        if (refusal != null) {
            failed(refusal);
            return;
        }
        long size = inode.sizeBytes();
        long inLast = size % inode.objectBytes();
        int last = (int) (size / inode.objectBytes());
        boolean grows = newSizeBytes > size && inLast > 0;
        if (!grows || !inode.isShared()) {
            resize();
            return;
        }
        Piece zeros = Piece.zeros(inLast, inode.objectBytes() - inLast);
        gateway.write(
                ObjectChange.write(ObjectId.data(inode.id(), last), List.of(zeros), true),
                new Completion<>() {
                    @Override
                    public void done(Outcome result) {
                        resize();
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        if (error == ErrorCode.NO_SUCH_OBJECT) {
                            resize();
                        } else {
                            HomeResize.this.failed(error);
                        }
                    }
                });
    }

    private void resize() {
        inode.resize(newSizeBytes, this);
    }

    @Override
    public void done(Outcome result) {
        inode.leave(SIZE_GATE, true);
        completion.done(result);
    }

    @Override
    public void failed(ErrorCode error) {
        inode.leave(SIZE_GATE, true);
        completion.failed(error);
    }
}
