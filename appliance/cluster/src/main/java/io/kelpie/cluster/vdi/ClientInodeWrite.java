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
 * writes, then removes the objects that lost their entry. Core loop only.
 */
final class ClientInodeWrite implements Completion<Outcome> {
    private final Inode inode;
    private final InodeChange change;
    private final Completion<Outcome> whole;
    private final List<Integer> gated = new ArrayList<>();
    private final List<Integer> released = new ArrayList<>();
    private int nextGate;
    private int removing;

    ClientInodeWrite(
            Inode inode, long offset, Payload payload, boolean durable, Completion<Outcome> whole) {
        this.inode = inode;
        this.whole = whole;
        this.change = InodeChange.ofBytes(offset, payload, durable, this);
    }

    void start() {
        change.entries().forEach((extent, owner) -> {
            if (inode.owner(extent) != owner) {
                gated.add(extent);
            }
        });
        enterNext();
    }

    private void enterNext() {
        if (nextGate < gated.size()) {
            inode.enter(gated.get(nextGate++), true, this::enterNext);
            return;
        }
        for (int extent : gated) {
            Integer owner = change.entries().get(extent);
            Invariant.check(owner != null, "a gated extent has a new entry", extent);
            if (inode.owns(extent) && owner != inode.id().value()) {
                released.add(extent);
            }
        }
        inode.enqueue(change);
    }

    @Override
    public void done(Outcome result) {
        removing = released.size();
        if (removing == 0) {
            finish();
        }
        for (int extent : released) {
            inode.removeObject(extent, new Completion<>() {
                @Override
                public void done(Outcome outcome) {
                    onRemoved();
                }

                @Override
                public void failed(ErrorCode error) {
                    // The entry is gone, so nobody reads the object; it takes room until the VDI
                    // goes.
                    onRemoved();
                }
            });
        }
    }

    @Override
    public void failed(ErrorCode error) {
        gated.forEach(extent -> inode.leave(extent, true));
        whole.failed(error);
    }

    private void onRemoved() {
        removing--;
        if (removing == 0) {
            finish();
        }
    }

    private void finish() {
        gated.forEach(extent -> inode.leave(extent, true));
        whole.done(Outcome.DONE);
    }
}
