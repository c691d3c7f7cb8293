package io.kelpie.dog;

import io.kelpie.wire.sheep.SheepName;
import io.kelpie.wire.sheep.SheepProtocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The content of an attribute object.
 *
 * <pre>
 * off  size field
 *   0   256 VDI name
 * 256   256 tag
 * 512     8 creation time, set by the daemon
 * 520     4 snapshot id
 * 524     4 value length
 * 528   256 key
 * 784 65536 value
 * </pre>
 */
final class Attribute {
    /** Longest value in bytes. */
    static final int MAX_VALUE_BYTES = 65_536;

    private static final int VALUE_LENGTH = 524;
    private static final int KEY = 528;
    private static final int VALUE = 784;

    private Attribute() {}

    /**
     * Lays out an attribute of a working VDI.
     *
     * @param value at most 65536 bytes
     */
    static byte[] encode(SheepName vdi, SheepName key, byte[] value) {
        ByteBuffer object =
                ByteBuffer.allocate(SheepProtocol.ATTRIBUTE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        vdi.encode(object, SheepProtocol.NAME_BYTES);
        object.putInt(VALUE_LENGTH, value.length);
        object.position(KEY);
        key.encode(object, SheepProtocol.NAME_BYTES);
        object.put(value);
        return object.array();
    }

    /** Returns the value of a whole attribute object; an impossible length is cut. */
    static byte[] value(byte[] object) {
        int length = ByteBuffer.wrap(object).order(ByteOrder.LITTLE_ENDIAN).getInt(VALUE_LENGTH);
        int end = VALUE + Math.max(0, Math.min(length, MAX_VALUE_BYTES));
        return Arrays.copyOfRange(object, VALUE, end);
    }

    /** Returns the id of an attribute object. */
    static long oid(int vdiId, int attributeId) {
        return (1L << 61) | ((long) vdiId << 32) | Integer.toUnsignedLong(attributeId);
    }
}
