package io.kelpie.cluster.vdi;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;

import java.util.ArrayList;
import java.util.List;

/**
 * A Sheepdog client's write to an inode: passes the gates of the extents whose entries it changes,
 * writes, then removes the objects that lost their entry, a few at a time. Core loop only.
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
    private int nextReleased;
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
        for (int extent : gated) {
            int owner =
                    Invariant.present(change.entries().get(extent), "a gated extent has an entry");
            if (inode.owns(extent) && owner != inode.id().value()) {
                released.add(extent);
            }
        }
        inode.enqueue(change);
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
            inode.removeObject(released.get(nextReleased++), new Removal());
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
}
