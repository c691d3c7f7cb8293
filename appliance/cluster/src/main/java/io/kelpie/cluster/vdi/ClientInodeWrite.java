package io.kelpie.cluster.vdi;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * A Sheepdog client's write to an inode: passes the gates of the extents whose entries it changes,
 * writes, then removes the objects that lost their entry, a few at a time. Where other nodes may
 * write those, it goes the way of a {@link HomeDiscard}: the objects go first, and one that
 * somebody wrote meanwhile stays and keeps its entry. Core loop only.
 */
final class ClientInodeWrite implements Completion<Outcome> {
    /** Enough to keep the store busy without filling its queues. */
    private static final int PARALLEL = 16;

    private final Inode inode;
    private final Gateway gateway;
    private final OperationId operation;
    private final InodeChange change;
    private final Completion<Outcome> whole;
    private final List<Integer> gated;
    private final List<Integer> released = new ArrayList<>();
    private int requested;
    private int entered;
    private int nextFreed;
    private int nextReleased;
    private @Nullable ErrorCode failure;
    private int removing;
    private boolean advancing;

    ClientInodeWrite(
            Inode inode,
            Gateway gateway,
            long offset,
            Payload payload,
            boolean durable,
            OperationId operation,
            Completion<Outcome> whole) {
        this.inode = inode;
        this.gateway = gateway;
        this.operation = operation;
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
            freeObjects();
        } else {
            inode.enqueue(change);
        }
    }

    private void freeObjects() {
        if (advancing) {
            return;
        }
        advancing = true;
        while (removing < PARALLEL && nextFreed < released.size()) {
            removing++;
            int extent = released.get(nextFreed++);
            inode.zeroObject(extent, identity(), new Zeroing(extent));
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

    /**
     * A repetition must not zero what was written since. A group takes one change of an operation,
     * and a client that discards clears one entry.
     */
    private OperationId identity() {
        return released.size() == 1 ? operation : gateway.newOperation();
    }

    @Override
    public void done(Outcome result) {
        if (inode.isShared()) {
            end();
        } else {
            removeObjects();
        }
    }

    @Override
    public void failed(ErrorCode error) {
        gated.forEach(extent -> inode.leave(extent, true));
        whole.failed(error);
    }

    private void end() {
        gated.forEach(extent -> inode.leave(extent, true));
        whole.done(Outcome.DONE);
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
            end();
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

    /** An object is zeros, or missing, which is as much. */
    private final class Zeroing implements Completion<Outcome> {
        private final int extent;

        Zeroing(int extent) {
            this.extent = extent;
        }

        @Override
        public void done(Outcome result) {
            inode.removeEmptyObject(extent, new Freeing(extent));
        }

        @Override
        public void failed(ErrorCode error) {
            if (error == ErrorCode.NO_SUCH_OBJECT) {
                done(Outcome.DONE);
            } else {
                onFailed(error);
            }
        }
    }

    /** An object has gone, or was written meanwhile. */
    private final class Freeing implements Completion<Boolean> {
        private final int extent;

        Freeing(int extent) {
            this.extent = extent;
        }

        @Override
        public void done(Boolean there) {
            if (there) {
                change.keepEntry(extent);
            }
            removing--;
            freeObjects();
        }

        @Override
        public void failed(ErrorCode error) {
            onFailed(error);
        }
    }

    /** What has gone already is found missing by who reads it, and leaves the index then. */
    private void onFailed(ErrorCode error) {
        failure = failure == null ? error : failure;
        nextFreed = released.size();
        removing--;
        freeObjects();
    }
}
