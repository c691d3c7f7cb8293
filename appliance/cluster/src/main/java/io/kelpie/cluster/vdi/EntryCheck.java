package io.kelpie.cluster.vdi;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;

/**
 * Looks again, behind the extent's gate, for the object that an entry names and somebody did not
 * find. A home that dies between an object and its entry leaves such an entry; it is taken away, as
 * the extent reads as zeros. On one node nothing leaves one, so there it stays and tells of damage.
 * Core loop only.
 */
final class EntryCheck implements Completion<Outcome> {
    private final Inode inode;
    private final int extent;
    private final Completion<Integer> completion;

    EntryCheck(Inode inode, int extent, Completion<Integer> completion) {
        this.inode = inode;
        this.extent = extent;
        this.completion = completion;
    }

    void start() {
        inode.enter(extent, true, this::onEntered);
    }

    private void onEntered() {
        ErrorCode refusal = inode.refusal();
        if (refusal != null) {
            failed(refusal);
        } else if (inode.owns(extent) && inode.isShared()) {
            inode.lookForObject(extent, new Completion<>() {
                @Override
                public void done(Boolean there) {
                    if (there) {
                        EntryCheck.this.done(Outcome.DONE);
                    } else {
                        inode.forgetMissing(extent, EntryCheck.this);
                    }
                }

                @Override
                public void failed(ErrorCode error) {
                    EntryCheck.this.failed(error);
                }
            });
        } else {
            done(Outcome.DONE);
        }
    }

    @Override
    public void done(Outcome result) {
        int owner = inode.owner(extent);
        inode.leave(extent, true);
        completion.done(owner);
    }

    @Override
    public void failed(ErrorCode error) {
        inode.leave(extent, true);
        completion.failed(error);
    }
}
