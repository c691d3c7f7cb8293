package io.kelpie.dog;

import io.kelpie.wire.sheep.ObjectArguments;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepOpcode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * {@code dog vdi write}: copies standard input into a VDI. Input is taken in pieces that end at the
 * length given or at the end of an object; when it ends inside a piece, the rest of that piece is
 * filled with zeros and written, as upstream does and scripts know. A piece is sent in requests of
 * at most 4 MiB, several in flight; the index names a new object only when all of its data has been
 * acknowledged.
 */
final class VdiWrite implements DogCommand {
    private static final int REQUEST_BYTES = 4 * 1024 * 1024;
    private static final int AHEAD = 2; // With the request size this bounds the memory to 12 MiB.

    /**
     * A write that is not acknowledged yet.
     *
     * @param newIndex the object whose index entry follows, -1 if none does
     */
    private record Pending(int requestId, long oid, int newIndex) {}

    private final Deque<Pending> pending = new ArrayDeque<>();
    private boolean inputEnded;

    @Override
    public int minOperands() {
        return 1;
    }

    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        long offset = SizeOperands.read(invocation, 1, 0);
        long length = SizeOperands.read(invocation, 2, Long.MAX_VALUE);
        OpenedVdi vdi = OpenedVdi.open(invocation);
        long size = vdi.header().sizeBytes();
        if (offset > size) {
            invocation.console().error("Write offset is beyond the end of the VDI");
            return ExitStatus.FAILURE;
        }
        long end = offset + Math.min(length, size - offset);
        if (offset < end) {
            copy(invocation, vdi, offset, end);
        }
        return ExitStatus.SUCCESS;
    }

    private void copy(Invocation invocation, OpenedVdi vdi, long start, long end)
            throws NoAnswerException {
        int shift = vdi.header().blockSizeShift();
        int firstObject = (int) (start >>> shift);
        int objects = (int) ((end - 1) >>> shift) - firstObject + 1;
        int[] owners = vdi.index(invocation, firstObject, objects);
        for (long at = start; at < end && !inputEnded; ) {
            int index = (int) (at >>> shift);
            long inObject = at & (vdi.header().objectBytes() - 1);
            long length = Math.min(end - at, vdi.header().objectBytes() - inObject);
            writePiece(invocation, vdi, owners[index - firstObject], index, inObject, length);
            at += length;
        }
        while (!pending.isEmpty()) {
            finish(invocation, vdi, pending.remove());
        }
    }

    private void writePiece(
            Invocation invocation, OpenedVdi vdi, int owner, int index, long offset, long length)
            throws NoAnswerException {
        boolean owned = owner == vdi.vdiId();
        for (long done = 0; done < length; ) {
            byte[] bytes = input(invocation, (int) Math.min(REQUEST_BYTES, length - done));
            boolean creates = !owned && done == 0;
            done += bytes.length;
            int newIndex = !owned && done == length ? index : -1;
            if (creates) {
                send(
                        invocation,
                        vdi,
                        SheepOpcode.CREATE_AND_WRITE_OBJ,
                        owner,
                        index,
                        offset,
                        bytes,
                        newIndex);
                drainIfMore(invocation, vdi, done < length);
            } else {
                long at = offset + done - bytes.length;
                send(invocation, vdi, SheepOpcode.WRITE_OBJ, 0, index, at, bytes, newIndex);
            }
        }
    }

    /**
     * Requests to one object are not ordered: an object must exist before more is written into it.
     */
    private void drainIfMore(Invocation invocation, OpenedVdi vdi, boolean more)
            throws NoAnswerException {
        while (more && !pending.isEmpty()) {
            finish(invocation, vdi, pending.remove());
        }
    }

    private void send(
            Invocation invocation,
            OpenedVdi vdi,
            SheepOpcode opcode,
            int base,
            int index,
            long offset,
            byte[] bytes,
            int newIndex)
            throws NoAnswerException {
        if (pending.size() == AHEAD) {
            finish(invocation, vdi, pending.remove());
        }
        long oid = InodeHeader.dataOid(vdi.vdiId(), index);
        long baseOid = base == 0 ? 0 : InodeHeader.dataOid(base, index);
        Redundancy redundancy = vdi.header().redundancy();
        ObjectArguments arguments = new ObjectArguments(
                oid, baseOid, redundancy.copies(), redundancy.policy(), 0, 0, offset);
        int flags = cacheFlag(invocation) | (base == 0 ? 0 : SheepFlags.COW);
        int requestId = invocation.sheep().sendWrite(opcode, flags, arguments, bytes);
        pending.add(new Pending(requestId, oid, newIndex));
    }

    private void finish(Invocation invocation, OpenedVdi vdi, Pending write)
            throws NoAnswerException {
        check(invocation, invocation.sheep().receive(write.requestId), write.oid);
        if (write.newIndex >= 0) {
            byte[] entry = ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(vdi.vdiId())
                    .array();
            long oid = InodeHeader.inodeOid(vdi.vdiId());
            ObjectArguments arguments = new ObjectArguments(
                    oid,
                    0,
                    vdi.header().redundancy().copies(),
                    0,
                    0,
                    0,
                    OpenedVdi.indexOffset(write.newIndex));
            Reply reply = invocation
                    .sheep()
                    .tell(SheepOpcode.WRITE_OBJ, cacheFlag(invocation), arguments.encode(), entry);
            check(invocation, reply, oid);
        }
    }

    private static void check(Invocation invocation, Reply reply, long oid) {
        if (!reply.isSuccess()) {
            invocation
                    .console()
                    .error("Failed to write object " + Long.toHexString(oid) + ": " + reply.text());
            invocation.console().error("Failed to write VDI");
            throw DogExit.returning(ExitStatus.FAILURE);
        }
    }

    private static int cacheFlag(Invocation invocation) {
        return invocation.options().has('w') ? SheepFlags.CACHE : 0;
    }

    /** Reads a full piece of input; what is missing at its end stays zero. */
    private byte[] input(Invocation invocation, int length) {
        byte[] bytes = new byte[length];
        try {
            int read = invocation.console().in().readNBytes(bytes, 0, length);
            inputEnded |= read < length;
        } catch (IOException e) {
            invocation.console().error("Failed to read from stdin: " + e.getMessage());
            throw DogExit.returning(ExitStatus.SYSTEM_FAILURE);
        }
        return bytes;
    }
}
