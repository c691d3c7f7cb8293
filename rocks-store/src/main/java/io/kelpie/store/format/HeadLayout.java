package io.kelpie.store.format;

import io.kelpie.store.ObjectHead;
import io.kelpie.store.ObjectKind;
import io.kelpie.store.ObjectVersion;

import net.openhft.chronicle.bytes.BytesStore;

import java.nio.ByteBuffer;

/**
 * The head of an object, little endian, 64 bytes:
 *
 * <pre>
 *  offset length
 *       0      1  format, 1
 *       1      1  kind
 *       2      2  generation
 *       4      4  flags
 *       8      8  version: epoch
 *      16      8  version: sequence
 *      24      8  size in bytes
 *      32      8  created, milliseconds since 1970
 *      40      8  write count
 *      48      8  base object id, 0 for none
 *      56      4  pages in which the base shows through
 *      60      4  CRC-32C of bytes 0 to 59
 * </pre>
 *
 * A later format raises the first byte; the CRC stays in the last four.
 */
public final class HeadLayout {
    /** Length of a head. */
    public static final int BYTES = 64;

    private static final int FORMAT = 0;
    private static final int KIND = 1;
    private static final int GENERATION = 2;
    private static final int FLAGS = 4;
    private static final int EPOCH = 8;
    private static final int SEQUENCE = 16;
    private static final int SIZE = 24;
    private static final int CREATED = 32;
    private static final int WRITE_COUNT = 40;
    private static final int BASE = 48;
    private static final int BASE_PAGES = 56;
    private static final int CHECKSUM = 60;
    private static final byte FORMAT_1 = 1;

    private HeadLayout() {}

    /** Lays a head out and returns it, ready to be read. */
    public static ByteBuffer encode(ObjectHead head, RecordBuffer record, Checksums checksums) {
        BytesStore<?, ?> bytes = record.bytes();
        bytes.writeByte(FORMAT, FORMAT_1);
        bytes.writeByte(KIND, (byte) head.kind().code());
        bytes.writeShort(GENERATION, (short) head.generation());
        bytes.writeInt(FLAGS, head.flags());
        bytes.writeLong(EPOCH, head.version().epoch());
        bytes.writeLong(SEQUENCE, head.version().sequence());
        bytes.writeLong(SIZE, head.sizeBytes());
        bytes.writeLong(CREATED, head.createdMillis());
        bytes.writeLong(WRITE_COUNT, head.writeCount());
        bytes.writeLong(BASE, head.baseObjectId());
        bytes.writeInt(BASE_PAGES, (int) (head.baseLimitBytes() / PageLayout.PAGE_BYTES));
        bytes.writeInt(CHECKSUM, checksums.of(record, CHECKSUM));
        return record.buffer(BYTES);
    }

    /**
     * Reads a head of {@code length} bytes.
     *
     * @throws DamagedRecordException when it is none, or its checksum does not hold
     */
    public static ObjectHead decode(RecordBuffer record, int length, Checksums checksums)
            throws DamagedRecordException {
        if (length != BYTES) {
            throw new DamagedRecordException("head is " + length + " bytes long, not " + BYTES);
        }
        BytesStore<?, ?> bytes = record.bytes();
        if (bytes.readInt(CHECKSUM) != checksums.of(record, CHECKSUM)) {
            throw new DamagedRecordException("checksum of the head does not hold");
        }
        if (bytes.readByte(FORMAT) != FORMAT_1) {
            throw new DamagedRecordException("head has format " + bytes.readUnsignedByte(FORMAT)
                    + ", this version reads format 1; use the version that wrote it");
        }
        return new ObjectHead(
                ObjectKind.ofCode(bytes.readUnsignedByte(KIND)),
                bytes.readInt(FLAGS),
                bytes.readUnsignedShort(GENERATION),
                new ObjectVersion(bytes.readLong(EPOCH), bytes.readLong(SEQUENCE)),
                bytes.readLong(SIZE),
                bytes.readLong(CREATED),
                bytes.readLong(WRITE_COUNT),
                bytes.readLong(BASE),
                Integer.toUnsignedLong(bytes.readInt(BASE_PAGES)) * PageLayout.PAGE_BYTES);
    }
}
