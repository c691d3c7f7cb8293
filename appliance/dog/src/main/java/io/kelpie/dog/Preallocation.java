package io.kelpie.dog;

import io.kelpie.wire.sheep.ObjectArguments;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.VdiAnswer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Creates every data object of a new VDI. Objects are created in batches with all requests of a
 * batch in flight; the index entries of a batch are written when all its objects exist, so an index
 * never names an object that is not there.
 */
final class Preallocation {
    private static final int BATCH = 64; // Header-only requests; the answers fit any socket buffer.
    private static final byte[] NOTHING = new byte[0];

    private final Invocation invocation;
    private final VdiAnswer vdi;
    private final int shift;

    Preallocation(Invocation invocation, VdiAnswer vdi, int shift) {
        this.invocation = invocation;
        this.vdi = vdi;
        this.shift = shift;
    }

    /**
     * Creates the first {@code objects} data objects; says why and ends the command if one fails.
     */
    void run(int objects) throws NoAnswerException {
        ProgressBar progress = new ProgressBar(invocation.console(), (long) objects << shift);
        for (int first = 0; first < objects; first += BATCH) {
            int count = Math.min(BATCH, objects - first);
            createObjects(first, count);
            writeIndex(first, count);
            progress.show((long) (first + count) << shift);
        }
    }

    private void createObjects(int first, int count) throws NoAnswerException {
        int[] requests = new int[count];
        for (int i = 0; i < count; i++) {
            long oid = InodeHeader.dataOid(vdi.vdiId(), first + i);
            requests[i] = send(SheepOpcode.CREATE_AND_WRITE_OBJ, oid, 0, NOTHING);
        }
        for (int i = 0; i < count; i++) {
            check(requests[i], InodeHeader.dataOid(vdi.vdiId(), first + i));
        }
    }

    private void writeIndex(int first, int count) throws NoAnswerException {
        ByteBuffer owners =
                ByteBuffer.allocate(count * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (owners.hasRemaining()) {
            owners.putInt(vdi.vdiId());
        }
        long oid = InodeHeader.inodeOid(vdi.vdiId());
        check(send(SheepOpcode.WRITE_OBJ, oid, OpenedVdi.indexOffset(first), owners.array()), oid);
    }

    private int send(SheepOpcode opcode, long oid, long offset, byte[] payload)
            throws NoAnswerException {
        ObjectArguments arguments = new ObjectArguments(oid, 0, vdi.copies(), 0, 0, 0, offset);
        return invocation.sheep().sendWrite(opcode, 0, arguments, payload);
    }

    private void check(int request, long oid) throws NoAnswerException {
        Reply reply = invocation.sheep().receive(request);
        if (!reply.isSuccess()) {
            invocation
                    .console()
                    .error("Failed to write object " + Long.toHexString(oid) + ": " + reply.text());
            throw DogExit.returning(ExitStatus.FAILURE);
        }
    }
}
