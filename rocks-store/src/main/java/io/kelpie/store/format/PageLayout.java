package io.kelpie.store.format;

import io.kelpie.store.ObjectStore;

import java.nio.ByteBuffer;

/**
 * The value of a page:
 *
 * <pre>
 *  offset length
 *       0   4096  content                 left out where the content is zeros but must be kept
 *    4096      4  CRC-32C of the content, little endian
 * </pre>
 *
 * <p>The trailer comes last so that the content can be read straight to where it is wanted. A page
 * of zeros over a base object is kept as a value of 4 bytes: the CRC-32C of 4096 zeros.
 */
public final class PageLayout {
    /** Length of a page's content. */
    public static final int PAGE_BYTES = ObjectStore.PAGE_BYTES;

    /** Length of the trailer. */
    public static final int TRAILER_BYTES = 4;

    /** Length of a page's value. */
    public static final int VALUE_BYTES = PAGE_BYTES + TRAILER_BYTES;

    /** Length of the value of a kept page of zeros. */
    public static final int ZERO_VALUE_BYTES = TRAILER_BYTES;

    private static final int ZERO_CHECKSUM =
            new Checksums().of(ByteBuffer.allocate(PAGE_BYTES), 0, PAGE_BYTES);

    private PageLayout() {}

    /**
     * Appends the trailer to the content in a record of {@link #VALUE_BYTES} and returns the value.
     */
    public static ByteBuffer seal(RecordBuffer record, Checksums checksums) {
        record.bytes().writeInt(PAGE_BYTES, checksums.of(record, PAGE_BYTES));
        return record.buffer(VALUE_BYTES);
    }

    /** Writes the value of a kept page of zeros and returns it. */
    public static ByteBuffer sealZeroes(RecordBuffer record) {
        record.bytes().writeInt(0, ZERO_CHECKSUM);
        return record.buffer(ZERO_VALUE_BYTES);
    }

    /** Whether the content at {@code from} matches the trailer behind it. */
    public static boolean holds(ByteBuffer buffer, int from, Checksums checksums) {
        return littleEndianInt(buffer, from + PAGE_BYTES) == checksums.of(buffer, from, PAGE_BYTES);
    }

    /** Whether the 4 bytes at {@code from} are those of a kept page of zeros. */
    public static boolean holdsZeroes(ByteBuffer buffer, int from) {
        return littleEndianInt(buffer, from) == ZERO_CHECKSUM;
    }

    /**
     * Byte by byte, because the caller's buffer may be of either order and is not ours to change.
     */
    private static int littleEndianInt(ByteBuffer buffer, int at) {
        return (buffer.get(at) & 0xff)
                | ((buffer.get(at + 1) & 0xff) << 8)
                | ((buffer.get(at + 2) & 0xff) << 16)
                | ((buffer.get(at + 3) & 0xff) << 24);
    }
}
