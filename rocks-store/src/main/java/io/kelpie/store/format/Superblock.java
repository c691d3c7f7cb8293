package io.kelpie.store.format;

import net.openhft.chronicle.bytes.BytesStore;

import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * What a store is, in the family {@code default} under the key {@code superblock}; little endian:
 *
 * <pre>
 *  offset length
 *       0      8  magic, "KELPIEOS"
 *       8      4  format, 1
 *      12      4  bytes of a page, 4096
 *      16     16  store id
 *      32      8  created, milliseconds since 1970
 *      40      4  0
 *      44      4  CRC-32C of bytes 0 to 43
 * </pre>
 *
 * Magic and format stay where they are in every later format.
 *
 * @param storeId random
 * @param createdMillis wall-clock time
 */
public record Superblock(UUID storeId, long createdMillis) {
    /** The format that this version writes, and the newest it reads. */
    public static final int FORMAT_1 = 1;

    /** Length of a superblock. */
    public static final int BYTES = 48;

    private static final long MAGIC = magic("KELPIEOS");
    private static final int MAGIC_AT = 0;
    private static final int FORMAT = 8;
    private static final int PAGE_BYTES = 12;
    private static final int STORE_ID_HIGH = 16;
    private static final int STORE_ID_LOW = 24;
    private static final int CREATED = 32;
    private static final int RESERVED = 40;
    private static final int CHECKSUM = 44;

    /** The key of the record. */
    public static byte[] key() {
        return "superblock".getBytes(StandardCharsets.US_ASCII);
    }

    /** Lays it out. */
    public byte[] encode() {
        return encode(FORMAT_1);
    }

    /** As a later version might write it. */
    byte[] encode(int format) {
        try (RecordBuffer record = new RecordBuffer(BYTES)) {
            BytesStore<?, ?> bytes = record.bytes();
            bytes.writeLong(MAGIC_AT, MAGIC);
            bytes.writeInt(FORMAT, format);
            bytes.writeInt(PAGE_BYTES, PageLayout.PAGE_BYTES);
            bytes.writeLong(STORE_ID_HIGH, storeId.getMostSignificantBits());
            bytes.writeLong(STORE_ID_LOW, storeId.getLeastSignificantBits());
            bytes.writeLong(CREATED, createdMillis);
            bytes.writeInt(RESERVED, 0);
            bytes.writeInt(CHECKSUM, new Checksums().of(record, CHECKSUM));
            return record.toArray(BYTES);
        }
    }

    /**
     * Reads one.
     *
     * @throws NewerFormatException when a later version wrote it
     * @throws DamagedRecordException when it is none, or its checksum does not hold
     */
    public static Superblock decode(byte[] value)
            throws DamagedRecordException, NewerFormatException {
        try (RecordBuffer record = new RecordBuffer(Math.max(BYTES, value.length))) {
            record.set(value);
            BytesStore<?, ?> bytes = record.bytes();
            if (value.length < CREATED || bytes.readLong(MAGIC_AT) != MAGIC) {
                throw new DamagedRecordException("superblock does not begin with KELPIEOS");
            }
            if (Integer.compareUnsigned(bytes.readInt(FORMAT), FORMAT_1) > 0) {
                throw new NewerFormatException(bytes.readInt(FORMAT));
            }
            if (value.length != BYTES
                    || bytes.readInt(CHECKSUM) != new Checksums().of(record, CHECKSUM)) {
                throw new DamagedRecordException("checksum of the superblock does not hold");
            }
            if (bytes.readInt(PAGE_BYTES) != PageLayout.PAGE_BYTES) {
                throw new DamagedRecordException(
                        "superblock names pages of " + bytes.readInt(PAGE_BYTES) + " bytes");
            }
            return new Superblock(
                    new UUID(bytes.readLong(STORE_ID_HIGH), bytes.readLong(STORE_ID_LOW)),
                    bytes.readLong(CREATED));
        }
    }

    /** Eight ASCII characters as the number that lays them out in this order in little endian. */
    static long magic(String text) {
        long value = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            value |= (long) text.charAt(i) << (8 * i);
        }
        return value;
    }
}
