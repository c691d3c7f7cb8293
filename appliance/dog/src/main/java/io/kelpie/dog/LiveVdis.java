package io.kelpie.dog;

import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;

import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;

/**
 * Walks over the inodes of all VDIs that are in use and not deleted, in ascending order of their
 * ids. Headers are fetched ahead, so that a long list costs few round trips.
 */
final class LiveVdis {
    private static final int AHEAD = 64; // 64 headers of 568 bytes: far below any socket buffer.

    /** Receives the VDIs, in ascending order. */
    interface Visitor {
        /** Takes one VDI; the daemon may be asked for more about it. */
        void visit(int vdiId, InodeHeader header) throws NoAnswerException;
    }

    private record Pending(int vdiId, int requestId) {}

    private final Sheep sheep;
    private final Console console;
    private final Deque<Pending> pending = new ArrayDeque<>();

    LiveVdis(Invocation invocation) {
        sheep = invocation.sheep();
        console = invocation.console();
    }

    /** Visits every live VDI with a name; one that cannot be read is reported and left out. */
    void visit(Visitor visitor) throws NoAnswerException {
        BitSet live = bitmap(SheepOpcode.READ_VDIS);
        live.andNot(bitmap(SheepOpcode.READ_DEL_VDIS));
        for (int id = live.nextSetBit(0); id >= 0; id = live.nextSetBit(id + 1)) {
            if (pending.size() == AHEAD) {
                finish(pending.remove(), visitor);
            }
            long oid = InodeHeader.inodeOid(id);
            pending.add(new Pending(
                    id, sheep.sendRead(oid, 0, InodeHeader.READ_BYTES, SheepFlags.DIRECT)));
        }
        while (!pending.isEmpty()) {
            finish(pending.remove(), visitor);
        }
    }

    private BitSet bitmap(SheepOpcode opcode) throws NoAnswerException {
        Reply reply = sheep.ask(opcode, SheepProtocol.VDI_BITMAP_BYTES);
        if (!reply.isSuccess()) {
            console.error(reply.text());
            throw DogExit.returning(ExitStatus.SYSTEM_FAILURE);
        }
        return BitSet.valueOf(reply.payload());
    }

    private void finish(Pending next, Visitor visitor) throws NoAnswerException {
        Reply reply = sheep.receive(next.requestId);
        if (!reply.isSuccess() || reply.payload().length != InodeHeader.READ_BYTES) {
            String oid = Long.toHexString(InodeHeader.inodeOid(next.vdiId));
            console.error("Failed to read object " + oid + " " + reply.text());
            console.error("Failed to read inode header");
            return;
        }
        InodeHeader header = InodeHeader.parse(reply.payload());
        if (!header.name().isEmpty()) {
            visitor.visit(next.vdiId, header);
        }
    }
}
