package io.kelpie.simulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What clients write: each block is filled with 16-byte cells of the write's unique stamp and the
 * block's place, so that a torn, misplaced or foreign block is seen in the block itself.
 */
final class Stamp {
    private static final int CELL_BYTES = 16;

    private Stamp() {}

    /** The place of a block, part of each of its cells. */
    static long place(int vdi, int block) {
        return ((long) vdi << 32) | block;
    }

    static byte[] fill(long stamp, int vdi, int firstBlock, int blockCount, int blockBytes) {
        ByteBuffer bytes =
                ByteBuffer.allocate(blockCount * blockBytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int block = firstBlock; block < firstBlock + blockCount; block++) {
            for (int i = 0; i < blockBytes; i += CELL_BYTES) {
                bytes.putLong(stamp).putLong(place(vdi, block));
            }
        }
        return bytes.array();
    }

    /**
     * Reads the stamp of one block.
     *
     * @return the stamp, 0 for a block of zeros
     * @throws SimulationFailure if the block is not one that a client wrote here as a whole
     */
    static long read(World world, byte[] bytes, int from, int blockBytes, int vdi, int block) {
        ByteBuffer cells = ByteBuffer.wrap(bytes, from, blockBytes).order(ByteOrder.LITTLE_ENDIAN);
        long stamp = cells.getLong(from);
        long place = cells.getLong(from + 8);
        for (int i = from; i < from + blockBytes; i += CELL_BYTES) {
            if (cells.getLong(i) != stamp || cells.getLong(i + 8) != place) {
                throw world.fail(
                        SimulationFailure.Kind.CORRECTNESS,
                        "a block is read as it was written, whole",
                        String.format(
                                "vdi %06x block %d of %d bytes: cell %d is %x at %x, the first %x"
                                        + " at %x",
                                vdi,
                                block,
                                blockBytes,
                                (i - from) / CELL_BYTES,
                                cells.getLong(i),
                                cells.getLong(i + 8),
                                stamp,
                                place));
            }
        }
        world.check(
                stamp == 0 ? place == 0 : place == place(vdi, block),
                "a block is read where it was written",
                String.format("vdi %06x block %d holds %x meant for %x", vdi, block, stamp, place));
        return stamp;
    }
}
