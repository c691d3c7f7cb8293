package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A VDI name, tag, attribute key or driver name: the bytes before the first NUL of a fixed field.
 * The protocol knows no character set, so bytes are kept; text is UTF-8. Immutable.
 */
public final class SheepName {
    /** The empty name. */
    public static final SheepName EMPTY = new SheepName(new byte[0]);

    private final byte[] bytes;

    private SheepName(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * Makes a name of text.
     *
     * @param text cut at its first NUL and, silently as upstream does, to 255 bytes of UTF-8
     */
    public static SheepName of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Makes a name of bytes.
     *
     * @param bytes cut at the first NUL and to 255 bytes; copied
     */
    public static SheepName of(byte[] bytes) {
        return cut(bytes, SheepProtocol.NAME_BYTES - 1);
    }

    /**
     * Reads a NUL padded field. Bytes behind the first NUL are ignored.
     *
     * @param fieldBytes size of the field; the position moves over it
     * @throws SheepFormatException if fewer bytes are left
     */
    public static SheepName decode(ByteBuffer buffer, int fieldBytes) {
        SheepProtocol.require(buffer, fieldBytes, "a name");
        byte[] field = new byte[fieldBytes];
        buffer.get(field);
        return cut(field, fieldBytes);
    }

    /**
     * Writes this name and NUL padding.
     *
     * @param fieldBytes size of the field; a longer name is a caller's mistake
     */
    public void encode(ByteBuffer buffer, int fieldBytes) {
        if (bytes.length > fieldBytes) {
            throw new IllegalArgumentException(
                    "name of " + bytes.length + " bytes does not fit a field of " + fieldBytes);
        }
        buffer.put(bytes);
        SheepProtocol.zeros(buffer, fieldBytes - bytes.length);
    }

    /** Returns a copy of the bytes, 0..256 of them, none of them NUL. */
    public byte[] bytes() {
        return bytes.clone();
    }

    /** Returns the number of bytes, 0..256. */
    public int length() {
        return bytes.length;
    }

    /** Returns whether there are no bytes. */
    public boolean isEmpty() {
        return bytes.length == 0;
    }

    /** Returns the byte at an index below {@link #length}. */
    byte byteAt(int index) {
        return bytes[index];
    }

    /** Returns the text; bytes that are not UTF-8 become U+FFFD, so this may lose information. */
    @Override
    public String toString() {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SheepName name && Arrays.equals(bytes, name.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    private static SheepName cut(byte[] field, int maxBytes) {
        int length = 0;
        while (length < field.length && length < maxBytes && field[length] != 0) {
            length++;
        }
        return length == 0 ? EMPTY : new SheepName(Arrays.copyOf(field, length));
    }
}
