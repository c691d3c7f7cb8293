package io.kelpie.cluster.vdi;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Payload;

/**
 * A Sheepdog client's read of an inode. It passes every gate in the range once that was in use when
 * it came there, in ascending order: whatever another door showed before the read began is in the
 * bytes then. It holds none of them, as a range may have a million. Core loop only.
 */
final class ClientInodeRead implements Completion<Payload> {
    private final Inode inode;
    private final Gateway gateway;
    private final long offset;
    private final int length;
    private final Completion<Payload> completion;
    private int next;
    private boolean advancing;
    private boolean passed;

    ClientInodeRead(
            Inode inode, Gateway gateway, long offset, int length, Completion<Payload> completion) {
        this.inode = inode;
        this.gateway = gateway;
        this.offset = offset;
        this.length = length;
        this.completion = completion;
    }

    void start() {
        next = InodeChange.firstEntry(offset);
        advance();
    }

    /** In a loop: gates that only writers share let this pass at once. */
    private void advance() {
        if (advancing) {
            return;
        }
        advancing = true;
        int last = InodeChange.lastEntry(offset + length);
        int extent = inode.firstGated(next);
        passed = true;
        while (passed && extent >= 0 && extent <= last) {
            int gated = extent;
            next = gated + 1;
            passed = false;
            inode.enter(gated, false, () -> {
                inode.leave(gated, false);
                passed = true;
                advance();
            });
            extent = inode.firstGated(next);
        }
        advancing = false;
        if (passed) {
            read();
        }
    }

    private void read() {
        ErrorCode refusal = inode.refusal();
        if (refusal == null) {
            ObjectId object = ObjectId.inode(inode.id());
            gateway.readAsHome(object, offset, length, inode.homeEpoch(), this);
        } else {
            failed(refusal);
        }
    }

    @Override
    public void done(Payload bytes) {
        if (inode.isDropped()) {
            // The asker was told already.
            bytes.release();
            failed(ErrorCode.NO_PRIMARY);
        } else {
            completion.done(bytes);
        }
    }

    @Override
    public void failed(ErrorCode error) {
        completion.failed(error);
    }
}
