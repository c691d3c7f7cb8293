package io.kelpie.dog;

import io.kelpie.wire.sheep.ObjectArguments;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepOpcode;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * {@code dog vdi resize}: grows a working VDI. Only the size field is written; upstream writes back
 * the whole header it read before, and so can undo what someone else changed in between.
 */
final class VdiResize implements DogCommand {
    @Override
    public int minOperands() {
        return 1;
    }

    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        Console console = invocation.console();
        if (invocation.options().operand(1) == null) {
            console.error("Please specify the new size for the VDI");
            return ExitStatus.USAGE;
        }
        long size = SizeOperands.read(invocation, 1, 0);
        OpenedVdi vdi = OpenedVdi.open(invocation);
        long max = vdi.header().isHyper()
                ? 16L << 50
                : (long) InodeHeader.MAX_OBJECTS << vdi.header().blockSizeShift();
        if (size > max) {
            String stop = vdi.header().isHyper() ? "" : ".";
            console.error("New VDI size is too large" + stop + " This volume's max size is " + max);
            return ExitStatus.USAGE;
        }
        if (size < vdi.header().sizeBytes()) {
            console.error("Shrinking VDIs is not implemented");
            return ExitStatus.USAGE;
        }
        return write(invocation, vdi, size);
    }

    private static int write(Invocation invocation, OpenedVdi vdi, long size)
            throws NoAnswerException {
        ObjectArguments arguments = new ObjectArguments(
                InodeHeader.inodeOid(vdi.vdiId()),
                0,
                vdi.header().redundancy().copies(),
                0,
                0,
                0,
                InodeHeader.SIZE_OFFSET);
        byte[] field = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(size)
                .array();
        Reply reply = invocation
                .sheep()
                .tell(SheepOpcode.WRITE_OBJ, SheepFlags.DIRECT, arguments.encode(), field);
        if (!reply.isSuccess()) {
            invocation.console().error("Failed to update an inode header");
            return ExitStatus.FAILURE;
        }
        return ExitStatus.SUCCESS;
    }
}
