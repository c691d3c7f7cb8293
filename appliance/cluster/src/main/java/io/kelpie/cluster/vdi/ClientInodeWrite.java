package io.kelpie.cluster.vdi;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * A Sheepdog client's write to an inode: passes the gates of the extents whose entries it changes,
 * writes, then removes the objects that lost their entry, a few at a time. Where other nodes may
 * write those, it goes the way of a {@link HomeDiscard}. Core loop only.
 */
final class ClientInodeWrite implements Completion<Outcome> {
    /** Enough to keep the store busy without filling its queues. */
    private static final int PARALLEL = 16;

    private final Inode inode;
    private final InodeChange change;
    private final Completion<Outcome> whole;
    private final List<Integer> gated;
    private final List<Integer> released = new ArrayList<>();
    private int requested;
    private int entered;
    private int nextZeroed;
    private int nextReleased;
    private @Nullable ErrorCode failure;
    private int removing;
    private boolean advancing;

    ClientInodeWrite(
            Inode inode, long offset, Payload payload, boolean durable, Completion<Outcome> whole) {
        this.inode = inode;
        this.whole = whole;
        this.change = InodeChange.ofBytes(inode.id(), inode::owner, offset, payload, durable, this);
        this.gated = List.copyOf(change.entries().keySet());
    }

    void start() {
        ErrorCode refusal = inode.refusalOf(change);
        if (refusal == null) {
            enterGates();
        } else {
            change.finish();
            whole.failed(refusal);
        }
    }

    /** One gate after the other, in a loop: gates that are open let this pass at once. */
    private void enterGates() {
        if (advancing) {
            return;
        }
        advancing = true;
        while (requested == entered && requested < gated.size()) {
            inode.enter(gated.get(requested++), true, () -> {
                entered++;
                enterGates();
            });
        }
        advancing = false;
        if (entered == gated.size()) {
            onEntered();
        }
    }

    private void onEntered() {
        ErrorCode closed = inode.refusal();
        if (closed != null) {
            change.finish();
            failed(closed);
            return;
        }
        for (int extent : gated) {
            int owner =
                    Invariant.present(change.entries().get(extent), "a gated extent has an entry");
            if (inode.owns(extent) && owner != inode.id().value()) {
                released.add(extent);
            }
        }
        if (inode.isShared()) {
            zeroObjects();
        } else {
            inode.enqueue(change);
        }
    }

    /**
     * Other nodes may write the objects meanwhile: what is zero afterwards was not written since.
     */
    private void zeroObjects() {
        if (advancing) {
            return;
        }
        advancing = true;
        while (removing < PARALLEL && nextZeroed < released.size()) {
            removing++;
            inode.zeroObject(released.get(nextZeroed++), new Zeroing());
        }
        advancing = false;
        if (removing > 0) {
            return;
        }
        ErrorCode error = failure;
        if (error == null) {
            inode.enqueue(change);
        } else {
            change.finish();
            failed(error);
        }
    }

    @Override
    public void done(Outcome result) {
        removeObjects();
    }

    @Override
    public void failed(ErrorCode error) {
        gated.forEach(extent -> inode.leave(extent, true));
        whole.failed(error);
    }

    private void removeObjects() {
        if (advancing) {
            return;
        }
        advancing = true;
        while (removing < PARALLEL && nextReleased < released.size()) {
            removing++;
            int extent = released.get(nextReleased++);
            if (inode.isShared()) {
                inode.removeEmptyObject(extent, new Removal());
            } else {
                inode.removeObject(extent, new Removal());
            }
        }
        advancing = false;
        if (removing == 0) {
            gated.forEach(extent -> inode.leave(extent, true));
            whole.done(Outcome.DONE);
        }
    }

    /**
     * Goes on also after a failure: the entry is gone, so nobody reads the object; it takes room
     * until the VDI goes.
     */
    private final class Removal implements Completion<Outcome> {
        @Override
        public void done(Outcome result) {
            removing--;
            removeObjects();
        }

        @Override
        public void failed(ErrorCode error) {
            removing--;
            removeObjects();
        }
    }

    /** An object that is missing holds nothing. */
    private final class Zeroing implements Completion<Outcome> {
        @Override
        public void done(Outcome result) {
            removing--;
            zeroObjects();
        }

        @Override
        public void failed(ErrorCode error) {
            removing--;
            boolean missing = error == ErrorCode.NO_SUCH_OBJECT;
            failure = missing || failure != null ? failure : error;
            nextZeroed = missing ? nextZeroed : released.size();
            zeroObjects();
        }
    }
}
