package io.kelpie.cluster.vdi;

import io.kelpie.cluster.model.VdiId;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The VDI object as clients read and write it (Sheepdog protocol, section 11.1); all numbers are
 * little endian, bytes never written are zero.
 *
 * <table>
 * <caption>Layout</caption>
 * <tr><td>0</td><td>name, 256 bytes</td></tr>
 * <tr><td>256</td><td>tag, 256 bytes</td></tr>
 * <tr><td>512</td><td>create time u64: seconds in the upper half, nanoseconds in the lower</td></tr>
 * <tr><td>520</td><td>snapshot time u64, 0 for a working VDI</td></tr>
 * <tr><td>528</td><td>virtual machine clock u64</td></tr>
 * <tr><td>536</td><td>size of the disk in bytes u64</td></tr>
 * <tr><td>544</td><td>size of the machine state u64</td></tr>
 * <tr><td>552</td><td>copy policy u8, store policy u8, copies u8, block size shift u8</td></tr>
 * <tr><td>556</td><td>snapshot id u32, VDI id u32, parent VDI id u32, B-tree counter u32</td></tr>
 * <tr><td>4664</td><td>data index: 1048576 times the u32 id of the VDI whose object backs the extent</td></tr>
 * <tr><td>4198968</td><td>reference generations, 1048576 times 8 bytes</td></tr>
 * </table>
 */
public final class InodeLayout {
    /** Bytes of a name or tag field. */
    public static final int TEXT_BYTES = 256;
    /** Offset of the tag. */
    public static final int TAG = 256;
    /** Offset of the time of creation. */
    public static final int CREATE_TIME = 512;
    /** Offset of the time of the snapshot. */
    public static final int SNAPSHOT_TIME = 520;
    /** Offset of the disk's size. */
    public static final int SIZE = 536;
    /** Offset of the number of copies. */
    public static final int COPIES = 554;
    /** Offset of the object size's exponent. */
    public static final int BLOCK_SIZE_SHIFT = 555;
    /** Offset of the snapshot id. */
    public static final int SNAPSHOT_ID = 556;
    /** Offset of the VDI id. */
    public static final int VDI_ID = 560;
    /** Offset of the parent's id. */
    public static final int PARENT = 564;
    /** Length of the header. */
    public static final int HEADER_BYTES = 4664;
    /** Offset of the data index. */
    public static final int INDEX = HEADER_BYTES;
    /** Entries of the data index. */
    public static final int INDEX_ENTRIES = 1 << 20;
    /** First byte behind the data index. */
    public static final int INDEX_END = INDEX + INDEX_ENTRIES * Integer.BYTES;
    /** Length of the whole object. */
    public static final int OBJECT_BYTES = INDEX_END + INDEX_ENTRIES * 8;
    /** Length of an attribute object (section 11.3). */
    public static final int ATTRIBUTE_BYTES = 66_320;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private InodeLayout() {}

    /**
     * The header of a fresh inode.
     *
     * @param entry the VDI's row
     * @return {@link #HEADER_BYTES} bytes from position 0 to limit
     */
    static ByteBuffer header(VdiEntry entry) {
        ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        FixedText.write(out, 0, entry.name());
        FixedText.write(out, TAG, entry.tag());
        out.putLong(CREATE_TIME, time(entry.createdNanos()));
        out.putLong(SIZE, entry.sizeBytes());
        out.put(COPIES, (byte) entry.copies());
        out.put(BLOCK_SIZE_SHIFT, (byte) entry.blockSizeShift());
        out.putInt(SNAPSHOT_ID, entry.snapshotId());
        out.putInt(VDI_ID, entry.id().value());
        out.putInt(PARENT, entry.parent());
        return out;
    }

    /**
     * The protocol's form of a time.
     *
     * @param wallNanos nanoseconds since 1970
     * @return seconds in the upper 32 bits, nanoseconds in the lower
     */
    public static long time(long wallNanos) {
        return wallNanos / NANOS_PER_SECOND << Integer.SIZE | wallNanos % NANOS_PER_SECOND;
    }

    /**
     * Offset of an entry of the data index.
     *
     * @param index position of the data object, 0 to 1048575
     * @return byte offset in the inode
     */
    public static int entryOffset(int index) {
        return INDEX + index * Integer.BYTES;
    }

    /**
     * How many data objects a disk has.
     *
     * @param sizeBytes size of the disk
     * @param blockSizeShift object size as a power of two
     * @return 0 to {@link #INDEX_ENTRIES}
     */
    static int objectCount(long sizeBytes, int blockSizeShift) {
        return (int) Math.min(
                INDEX_ENTRIES, (sizeBytes + (1L << blockSizeShift) - 1) >>> blockSizeShift);
    }

    /**
     * The largest disk that an inode with a given object size can describe.
     *
     * @param blockSizeShift object size as a power of two
     * @return bytes
     */
    public static long maxSizeBytes(int blockSizeShift) {
        return (long) INDEX_ENTRIES << blockSizeShift;
    }

    /**
     * The name in the first bytes of an inode or attribute.
     *
     * @param bytes starts with the name field
     * @return the name up to its first zero byte, one character a byte
     */
    public static String name(ByteBuffer bytes) {
        return FixedText.read(bytes, 0, TEXT_BYTES);
    }

    static boolean isVdiNumber(int number) {
        return number > 0 && number <= VdiId.MAX;
    }
}
