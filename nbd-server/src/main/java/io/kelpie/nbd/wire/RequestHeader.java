// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

import io.netty.buffer.ByteBuf;

/**
 * The header of a request in the transmission phase. The compact one has 28 bytes, and a WRITE is
 * followed by {@code length} bytes of payload; the extended one has 32, and a payload follows when
 * {@code CMD_FLAG_PAYLOAD_LEN} is set.
 *
 * <pre>
 *  compact                 extended
 *  0  4  REQUEST_MAGIC      0  4  EXTENDED_REQUEST_MAGIC
 *  4  2  flags              4  2  flags
 *  6  2  type               6  2  type
 *  8  8  cookie             8  8  cookie
 * 16  8  offset            16  8  offset
 * 24  4  length            24  8  length
 * </pre>
 *
 * @param flags command flags, 16 bits
 * @param type command, 16 bits
 * @param cookie the client's name for the request, returned with the reply
 * @param offset first byte; unsigned, so a negative value means 2^63 and more
 * @param length bytes; unsigned, so a negative value means 2^63 and more, which only an extended
 *     header can say
 */
public record RequestHeader(int flags, int type, long cookie, long offset, long length) {

    /** Length of the compact header. */
    public static final int LENGTH_BYTES = 28;
    /** Length of the extended header. */
    public static final int EXTENDED_LENGTH_BYTES = 32;

    private static final int MAGIC_OFFSET = 0;
    private static final int FLAGS_OFFSET = 4;
    private static final int TYPE_OFFSET = 6;
    private static final int COOKIE_OFFSET = 8;
    private static final int OFFSET_OFFSET = 16;
    private static final int LENGTH_OFFSET = 24;

    /** As {@link #hasMagic(ByteBuf, boolean)}, of the compact header. */
    public static boolean hasMagic(ByteBuf in) {
        return hasMagic(in, false);
    }

    /** As {@link #decode(ByteBuf, boolean)}, of the compact header. */
    public static RequestHeader decode(ByteBuf in) {
        return decode(in, false);
    }

    /** As {@link #encode(ByteBuf, boolean)}, of the compact header. */
    public void encode(ByteBuf out) {
        encode(out, false);
    }

    /** Returns the length of one of the two headers. */
    public static int lengthBytes(boolean isExtended) {
        return isExtended ? EXTENDED_LENGTH_BYTES : LENGTH_BYTES;
    }

    /** Returns whether the readable bytes begin with the header's magic number. */
    public static boolean hasMagic(ByteBuf in, boolean isExtended) {
        return in.getInt(in.readerIndex() + MAGIC_OFFSET) == magic(isExtended);
    }

    /** Consumes a header whose magic number was checked and returns what it says. */
    public static RequestHeader decode(ByteBuf in, boolean isExtended) {
        var start = in.readerIndex();
        var header = new RequestHeader(
                in.getUnsignedShort(start + FLAGS_OFFSET),
                in.getUnsignedShort(start + TYPE_OFFSET),
                in.getLong(start + COOKIE_OFFSET),
                in.getLong(start + OFFSET_OFFSET),
                isExtended
                        ? in.getLong(start + LENGTH_OFFSET)
                        : in.getUnsignedInt(start + LENGTH_OFFSET));
        in.skipBytes(lengthBytes(isExtended));
        return header;
    }

    /** Appends a header; the server needs this only in tests. */
    public void encode(ByteBuf out, boolean isExtended) {
        out.writeInt(magic(isExtended));
        out.writeShort(flags);
        out.writeShort(type);
        out.writeLong(cookie);
        out.writeLong(offset);
        if (isExtended) {
            out.writeLong(length);
        } else {
            out.writeInt((int) length);
        }
    }

    /** Returns whether a flag is set. */
    public boolean has(int flag) {
        return (flags & flag) != 0;
    }

    private static int magic(boolean isExtended) {
        return isExtended ? NbdConstants.EXTENDED_REQUEST_MAGIC : NbdConstants.REQUEST_MAGIC;
    }
}
