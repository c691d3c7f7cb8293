// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

import io.netty.buffer.ByteBuf;

/**
 * The header of a request in the transmission phase, 28 bytes; a WRITE is followed by
 * {@code length} bytes of payload.
 *
 * <pre>
 *  0  4  REQUEST_MAGIC
 *  4  2  flags
 *  6  2  type
 *  8  8  cookie
 * 16  8  offset
 * 24  4  length
 * </pre>
 *
 * @param flags command flags, 16 bits
 * @param type command, 16 bits
 * @param cookie the client's name for the request, returned with the reply
 * @param offset first byte; unsigned, so a negative value means 2^63 and more
 * @param length bytes, 0 to 2^32 - 1
 */
public record RequestHeader(int flags, int type, long cookie, long offset, long length) {

    /** Length of the header. */
    public static final int LENGTH_BYTES = 28;

    private static final int MAGIC_OFFSET = 0;
    private static final int FLAGS_OFFSET = 4;
    private static final int TYPE_OFFSET = 6;
    private static final int COOKIE_OFFSET = 8;
    private static final int OFFSET_OFFSET = 16;
    private static final int LENGTH_OFFSET = 24;

    /** Returns whether the 28 readable bytes begin with the magic number. */
    public static boolean hasMagic(ByteBuf in) {
        return in.getInt(in.readerIndex() + MAGIC_OFFSET) == NbdConstants.REQUEST_MAGIC;
    }

    /** Consumes 28 bytes whose magic number was checked and returns what they say. */
    public static RequestHeader decode(ByteBuf in) {
        var start = in.readerIndex();
        var header = new RequestHeader(
                in.getUnsignedShort(start + FLAGS_OFFSET),
                in.getUnsignedShort(start + TYPE_OFFSET),
                in.getLong(start + COOKIE_OFFSET),
                in.getLong(start + OFFSET_OFFSET),
                in.getUnsignedInt(start + LENGTH_OFFSET));
        in.skipBytes(LENGTH_BYTES);
        return header;
    }

    /** Appends the 28 bytes; the server needs this only in tests. */
    public void encode(ByteBuf out) {
        out.writeInt(NbdConstants.REQUEST_MAGIC);
        out.writeShort(flags);
        out.writeShort(type);
        out.writeLong(cookie);
        out.writeLong(offset);
        out.writeInt((int) length);
    }

    /** Returns whether a flag is set. */
    public boolean has(int flag) {
        return (flags & flag) != 0;
    }
}
