package io.kelpie.dog;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** {@code dog vdi read}: copies bytes of a VDI to standard output. */
final class VdiRead implements DogCommand {
    private static final int PIECE_BYTES = 1024 * 1024;
    private static final int AHEAD = 4; // With the piece size this bounds the memory to 4 MiB.

    /** A piece of the output: an answer that is waited for, or zeros. */
    private record Piece(long oid, int requestId, int length) {
        boolean isHole() {
            return oid == 0;
        }
    }

    private final Deque<Piece> pieces = new ArrayDeque<>();

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
            invocation.console().error("Read offset is beyond the end of the VDI");
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
        for (long at = start; at < end; ) {
            long inObject = at & (vdi.header().objectBytes() - 1);
            int length = (int) Math.min(
                    Math.min(PIECE_BYTES, end - at), vdi.header().objectBytes() - inObject);
            int index = (int) (at >>> shift);
            if (pieces.size() == AHEAD) {
                finish(invocation, pieces.remove());
            }
            pieces.add(
                    ask(invocation.sheep(), owners[index - firstObject], index, inObject, length));
            at += length;
        }
        while (!pieces.isEmpty()) {
            finish(invocation, pieces.remove());
        }
    }

    private static Piece ask(Sheep sheep, int owner, int index, long offset, int length)
            throws NoAnswerException {
        if (owner == 0) {
            return new Piece(0, 0, length);
        }
        long oid = InodeHeader.dataOid(owner, index);
        return new Piece(oid, sheep.sendRead(oid, offset, length, 0), length);
    }

    private static void finish(Invocation invocation, Piece piece) throws NoAnswerException {
        Console console = invocation.console();
        byte[] bytes;
        if (piece.isHole()) {
            bytes = new byte[piece.length];
        } else {
            Reply reply = invocation.sheep().receive(piece.requestId);
            if (!reply.isSuccess() || reply.payload().length != piece.length) {
                console.error("Failed to read object " + Long.toHexString(piece.oid) + " "
                        + reply.text());
                console.error("Failed to read VDI");
                throw DogExit.returning(ExitStatus.FAILURE);
            }
            bytes = reply.payload();
        }
        try {
            console.write(bytes, 0, bytes.length);
        } catch (IOException e) {
            console.error("Failed to write to stdout: " + e.getMessage());
            throw DogExit.returning(ExitStatus.SYSTEM_FAILURE);
        }
    }
}
