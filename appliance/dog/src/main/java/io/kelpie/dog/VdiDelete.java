package io.kelpie.dog;

import io.kelpie.wire.sheep.ObjectArguments;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepOpcode;

/**
 * {@code dog vdi delete}: deletes a working VDI or a snapshot. Fails with 1 when it could not, as
 * 0.7.6 did; 1.0.1 always returned 0.
 */
final class VdiDelete implements DogCommand {
    /** Used entries per write, as upstream: each makes the daemon drop that many references. */
    private static final int BATCH = 128;

    @Override
    public int minOperands() {
        return 1;
    }

    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        Options options = invocation.options();
        OpenedVdi vdi = OpenedVdi.open(invocation);
        // The index of a hyper volume is a tree that the daemon takes apart itself; zeroing it as
        // upstream
        // does loses the tree's header and brings the upstream daemon down.
        if (!vdi.header().isHyper() && vdi.header().objectCount() > 0) {
            clearIndex(invocation, vdi);
        }
        Reply reply = invocation
                .sheep()
                .tell(
                        SheepOpcode.DEL_VDI,
                        0,
                        OpenedVdi.selector(options.snapshotId()),
                        OpenedVdi.namePayload(options.name(), options.snapshotTag()));
        if (!reply.isSuccess()) {
            invocation
                    .console()
                    .error("Failed to delete " + Options.text(options.name()) + ": "
                            + reply.text());
            return ExitStatus.FAILURE;
        }
        return ExitStatus.SUCCESS;
    }

    /** Writes zeros over the used entries, which releases the references they hold. */
    private static void clearIndex(Invocation invocation, OpenedVdi vdi) throws NoAnswerException {
        int[] owners = vdi.index(invocation, 0, vdi.header().objectCount());
        int first = nextUsed(owners, 0);
        while (first < owners.length) {
            int end = first;
            for (int used = 0; used < BATCH && end < owners.length; used++) {
                end = nextUsed(owners, end + 1);
            }
            clear(invocation, vdi, first, lastUsed(owners, end) + 1);
            first = end;
        }
    }

    private static void clear(Invocation invocation, OpenedVdi vdi, int first, int end)
            throws NoAnswerException {
        long oid = InodeHeader.inodeOid(vdi.vdiId());
        ObjectArguments arguments = new ObjectArguments(
                oid, 0, vdi.header().redundancy().copies(), 0, 0, 0, OpenedVdi.indexOffset(first));
        byte[] zeros = new byte[(end - first) * Integer.BYTES];
        Reply reply = invocation
                .sheep()
                .tell(SheepOpcode.WRITE_OBJ, SheepFlags.DIRECT, arguments.encode(), zeros);
        if (!reply.isSuccess()) {
            invocation
                    .console()
                    .error("failed to update inode for discarding objects: "
                            + Long.toHexString(oid));
            throw DogExit.returning(ExitStatus.FAILURE);
        }
    }

    private static int nextUsed(int[] owners, int from) {
        int index = from;
        while (index < owners.length && owners[index] == 0) {
            index++;
        }
        return index;
    }

    private static int lastUsed(int[] owners, int end) {
        int index = end - 1;
        while (index >= 0 && owners[index] == 0) {
            index--;
        }
        return index;
    }
}
