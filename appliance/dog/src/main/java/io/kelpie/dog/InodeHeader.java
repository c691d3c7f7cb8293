package io.kelpie.dog;

import io.kelpie.wire.sheep.SheepName;
import io.kelpie.wire.sheep.SheepProtocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The fields of an inode that {@code dog} looks at.
 *
 * <pre>
 *  off size field
 *    0  256 name
 *  256  256 tag
 *  512    8 creation time
 *  520    8 snapshot time, 0 for a working VDI
 *  536    8 size
 *  552    1 copy policy
 *  553    1 store policy
 *  554    1 copies
 *  555    1 block size shift
 *  556    4 snapshot id
 *  560    4 VDI id
 *  564    4 parent VDI id
 * 4664      data index, 4 bytes per object
 * </pre>
 *
 * @param name empty for a deleted VDI
 * @param tag empty for a working VDI
 * @param creationSeconds Unix seconds
 * @param isSnapshot whether the VDI is frozen
 * @param sizeBytes size of the disk
 * @param redundancy copies or strips
 * @param isHyper whether the index is a B-tree
 * @param blockSizeShift size of an object as a power of two
 * @param snapshotId 1, 2, ... per name
 * @param parentVdiId 0 for none
 */
record InodeHeader(
        SheepName name,
        SheepName tag,
        long creationSeconds,
        boolean isSnapshot,
        long sizeBytes,
        Redundancy redundancy,
        boolean isHyper,
        int blockSizeShift,
        int snapshotId,
        int parentVdiId) {
    /** Bytes from the start of the inode that hold all of the above. */
    static final int READ_BYTES = 568;

    /** Where the size of the disk lies. */
    static final int SIZE_OFFSET = 536;

    /** Where the data index begins. */
    static final int INDEX_OFFSET = 4664;

    /** Most entries of a data index. */
    static final int MAX_OBJECTS = 1 << 20;

    private static final int CREATION_TIME = 512;
    private static final int SNAPSHOT_TIME = 520;
    private static final int COPY_POLICY = 552;
    private static final int STORE_POLICY = 553;
    private static final int COPIES = 554;
    private static final int BLOCK_SIZE_SHIFT = 555;
    private static final int SNAPSHOT_ID = 556;
    private static final int PARENT_VDI_ID = 564;

    /**
     * Reads a header.
     *
     * @param bytes at least {@link #READ_BYTES} from the start of an inode
     */
    static InodeHeader parse(byte[] bytes) {
        ByteBuffer inode = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        SheepName name = SheepName.decode(inode, SheepProtocol.NAME_BYTES);
        SheepName tag = SheepName.decode(inode, SheepProtocol.NAME_BYTES);
        return new InodeHeader(
                name,
                tag,
                inode.getLong(CREATION_TIME) >>> 32,
                inode.getLong(SNAPSHOT_TIME) != 0,
                inode.getLong(SIZE_OFFSET),
                new Redundancy(inode.get(COPIES) & 0xFF, inode.get(COPY_POLICY) & 0xFF),
                inode.get(STORE_POLICY) != 0,
                Math.min(inode.get(BLOCK_SIZE_SHIFT) & 0xFF, SheepProtocol.MAX_BLOCK_SIZE_SHIFT),
                inode.getInt(SNAPSHOT_ID),
                inode.getInt(PARENT_VDI_ID));
    }

    /** Returns the id of the inode object of a VDI. */
    static long inodeOid(int vdiId) {
        return (1L << 63) | ((long) vdiId << 32);
    }

    /** Returns the id of a data object. */
    static long dataOid(int vdiId, long index) {
        return ((long) vdiId << 32) | index;
    }

    /** Returns the size of a data object in bytes. */
    long objectBytes() {
        return 1L << blockSizeShift;
    }

    /** Returns how many data objects the disk has, whether or not they exist. */
    int objectCount() {
        long objects =
                (sizeBytes >>> blockSizeShift) + ((sizeBytes & (objectBytes() - 1)) == 0 ? 0 : 1);
        return (int) Math.min(MAX_OBJECTS, objects);
    }
}
