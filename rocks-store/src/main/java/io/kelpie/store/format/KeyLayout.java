package io.kelpie.store.format;

import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectKind;

import net.openhft.chronicle.bytes.BytesStore;

import java.nio.ByteBuffer;

/**
 * Keys of heads and pages, big endian, so that the order of bytes is the order of numbers:
 *
 * <pre>
 *  offset length
 *       0      2  partition
 *       2      8  object id
 *      10      1  erasure index      a head's key ends here
 *      11      2  generation
 *      13      3  page
 *      16      1  0                  only in a range's end: directly behind the page's key
 * </pre>
 *
 * <p>Chronicle Bytes writes in native order; this store runs on little-endian hosts only
 * ({@code RocksObjectStore} refuses others), so numbers are turned around here.
 */
public final class KeyLayout {
    /** Length of a head's key. */
    public static final int HEAD_KEY_BYTES = 11;

    /** Length of a page's key. */
    public static final int PAGE_KEY_BYTES = 16;

    /** Length of the key directly behind a page's key. */
    public static final int PAGE_END_BYTES = 17;

    /** The largest page number. */
    public static final int MAX_PAGE = 0xff_ffff;

    /** The largest generation. */
    public static final int MAX_GENERATION = 0xffff;

    private static final int PARTITION = 0;
    private static final int OBJECT_ID = 2;
    private static final int ERASURE_INDEX = 10;
    private static final int GENERATION = 11;
    private static final int PAGE_HIGH = 13;
    private static final int PAGE_LOW = 14;
    private static final int END_MARK = 16;

    private KeyLayout() {}

    /** Writes a head's key and returns it, ready to be read. */
    public static ByteBuffer headKey(
            RecordBuffer record, int partition, long objectId, int erasureIndex) {
        BytesStore<?, ?> bytes = record.bytes();
        bytes.writeShort(PARTITION, Short.reverseBytes((short) partition));
        bytes.writeLong(OBJECT_ID, Long.reverseBytes(objectId));
        bytes.writeByte(ERASURE_INDEX, (byte) erasureIndex);
        return record.buffer(HEAD_KEY_BYTES);
    }

    /** The same for an object's key. */
    public static ByteBuffer headKey(RecordBuffer record, ObjectKey key) {
        return headKey(record, key.partition(), key.objectId(), key.erasureIndex());
    }

    /** Reads a head's key; the kind comes from the head. */
    public static ObjectKey objectKey(RecordBuffer record, ObjectKind kind) {
        BytesStore<?, ?> bytes = record.bytes();
        return new ObjectKey(
                partition(record), kind, objectId(record), bytes.readUnsignedByte(ERASURE_INDEX));
    }

    /** The partition of a head's or a page's key. */
    public static int partition(RecordBuffer record) {
        return Short.toUnsignedInt(Short.reverseBytes(record.bytes().readShort(PARTITION)));
    }

    private static long objectId(RecordBuffer record) {
        return Long.reverseBytes(record.bytes().readLong(OBJECT_ID));
    }

    /** Writes a page's key and returns it, ready to be read. */
    public static ByteBuffer pageKey(RecordBuffer record, ObjectKey key, int generation, int page) {
        headKey(record, key);
        BytesStore<?, ?> bytes = record.bytes();
        bytes.writeShort(GENERATION, Short.reverseBytes((short) generation));
        bytes.writeByte(PAGE_HIGH, (byte) (page >>> 16));
        bytes.writeShort(PAGE_LOW, Short.reverseBytes((short) page));
        return record.buffer(PAGE_KEY_BYTES);
    }

    /** Writes the key directly behind a page's key and returns it, ready to be read. */
    public static ByteBuffer pageEnd(
            RecordBuffer record, ObjectKey key, int generation, int lastPage) {
        pageKey(record, key, generation, lastPage);
        record.bytes().writeByte(END_MARK, (byte) 0);
        return record.buffer(PAGE_END_BYTES);
    }

    /** The page number of a page's key. */
    public static int page(RecordBuffer record) {
        BytesStore<?, ?> bytes = record.bytes();
        return bytes.readUnsignedByte(PAGE_HIGH) << 16
                | Short.toUnsignedInt(Short.reverseBytes(bytes.readShort(PAGE_LOW)));
    }

    /** The generation of a page's key. */
    public static int generation(RecordBuffer record) {
        return Short.toUnsignedInt(Short.reverseBytes(record.bytes().readShort(GENERATION)));
    }
}
