// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

import io.netty.buffer.ByteBuf;

/**
 * One chunk of a structured reply (20 bytes of header) or of an extended reply (32), followed by
 * {@code length} bytes by type.
 *
 * <pre>
 *  structured                       extended
 *  0  4  STRUCTURED_REPLY_MAGIC      0  4  EXTENDED_REPLY_MAGIC
 *  4  2  flags                       4  2  flags
 *  6  2  type                        6  2  type
 *  8  8  cookie of the request       8  8  cookie of the request
 *                                   16  8  offset of the request
 * 16  4  length                     24  8  length
 *
 *  OFFSET_DATA       8 offset, data
 *  OFFSET_HOLE       8 offset, 4 length of the hole
 *  BLOCK_STATUS      4 context, then for each extent 4 length, 4 flags
 *  BLOCK_STATUS_EXT  4 context, 4 number of extents, then for each 8 length, 8 flags
 *  ERROR             4 error, 2 length of the text, text
 * </pre>
 *
 * @param isExtended which of the two headers
 * @param flags {@code REPLY_FLAG_DONE} or 0
 * @param type what follows, 16 bits
 * @param cookie as in the request
 * @param offset as in the request; 0 in a structured reply, which has none
 * @param length bytes that follow
 */
public record ReplyChunk(
        boolean isExtended, int flags, int type, long cookie, long offset, long length) {

    /** Length of a structured reply's header. */
    public static final int STRUCTURED_BYTES = 20;
    /** Length of an extended reply's header. */
    public static final int EXTENDED_BYTES = 32;
    /** What precedes the bytes of a data chunk. */
    public static final int DATA_PREFIX_BYTES = 8;
    /** All that follows the header of a hole chunk. */
    public static final int HOLE_BYTES = 12;
    /** What precedes the text of an error chunk. */
    public static final int ERROR_PREFIX_BYTES = 6;
    /** The longest header with prefix of any chunk, for sizing buffers. */
    public static final int MAX_PREFIXED_BYTES = EXTENDED_BYTES + HOLE_BYTES;

    private static final int STATUS_PREFIX_BYTES = 4;
    private static final int STATUS_EXTENT_BYTES = 8;
    private static final int EXTENDED_STATUS_PREFIX_BYTES = 8;
    private static final int EXTENDED_STATUS_EXTENT_BYTES = 16;

    /** Appends the header of the last chunk, or of one before it. */
    public static void encodeHeader(
            ByteBuf out,
            boolean isExtended,
            RequestHeader to,
            int type,
            boolean isLast,
            long length) {
        out.writeInt(
                isExtended
                        ? NbdConstants.EXTENDED_REPLY_MAGIC
                        : NbdConstants.STRUCTURED_REPLY_MAGIC);
        out.writeShort(isLast ? NbdConstants.REPLY_FLAG_DONE : 0);
        out.writeShort(type);
        out.writeLong(to.cookie());
        if (isExtended) {
            out.writeLong(to.offset());
            out.writeLong(length);
        } else {
            out.writeInt((int) length);
        }
    }

    /** Appends a chunk without content: success, and nothing more. */
    public static void encodeNone(ByteBuf out, boolean isExtended, RequestHeader to) {
        encodeHeader(out, isExtended, to, NbdConstants.REPLY_TYPE_NONE, true, 0);
    }

    /** Appends header and offset of a data chunk; {@code length} bytes of data are to follow. */
    public static void encodeDataPrefix(
            ByteBuf out,
            boolean isExtended,
            RequestHeader to,
            long offset,
            long length,
            boolean isLast) {
        encodeHeader(
                out,
                isExtended,
                to,
                NbdConstants.REPLY_TYPE_OFFSET_DATA,
                isLast,
                DATA_PREFIX_BYTES + length);
        out.writeLong(offset);
    }

    /** Appends a hole chunk; {@code length} is 1 to 2^32 - 1. */
    public static void encodeHole(
            ByteBuf out,
            boolean isExtended,
            RequestHeader to,
            long offset,
            long length,
            boolean isLast) {
        encodeHeader(out, isExtended, to, NbdConstants.REPLY_TYPE_OFFSET_HOLE, isLast, HOLE_BYTES);
        out.writeLong(offset);
        out.writeInt((int) length);
    }

    /** Appends a last chunk that says what failed; the text is cut to 4096 bytes. */
    public static void encodeError(
            ByteBuf out, boolean isExtended, RequestHeader to, int error, String text) {
        var bytes = WireText.encodeCut(text);
        encodeHeader(
                out,
                isExtended,
                to,
                NbdConstants.REPLY_TYPE_ERROR,
                true,
                ERROR_PREFIX_BYTES + bytes.length);
        out.writeInt(error);
        out.writeShort(bytes.length);
        out.writeBytes(bytes);
    }

    /** Returns the bytes of a last chunk with so many extents. */
    public static int statusBytes(boolean isExtended, int extentCount) {
        return isExtended
                ? EXTENDED_BYTES
                        + EXTENDED_STATUS_PREFIX_BYTES
                        + extentCount * EXTENDED_STATUS_EXTENT_BYTES
                : STRUCTURED_BYTES + STATUS_PREFIX_BYTES + extentCount * STATUS_EXTENT_BYTES;
    }

    /** Appends the beginning of a last chunk with extents; {@link #encodeExtent} appends them. */
    public static void encodeStatusPrefix(
            ByteBuf out, boolean isExtended, RequestHeader to, int contextId, int extentCount) {
        var headerBytes = isExtended ? EXTENDED_BYTES : STRUCTURED_BYTES;
        encodeHeader(
                out,
                isExtended,
                to,
                isExtended
                        ? NbdConstants.REPLY_TYPE_BLOCK_STATUS_EXT
                        : NbdConstants.REPLY_TYPE_BLOCK_STATUS,
                true,
                statusBytes(isExtended, extentCount) - headerBytes);
        out.writeInt(contextId);
        if (isExtended) {
            out.writeInt(extentCount);
        }
    }

    /** Appends one extent. */
    public static void encodeExtent(ByteBuf out, boolean isExtended, long length, int flags) {
        if (isExtended) {
            out.writeLong(length);
            out.writeLong(flags);
        } else {
            out.writeInt((int) length);
            out.writeInt(flags);
        }
    }

    /**
     * Consumes a header; the server needs this only in tests.
     *
     * @throws IllegalArgumentException if it begins with neither magic number
     */
    public static ReplyChunk decode(ByteBuf in) {
        var magic = in.readInt();
        var isExtended = magic == NbdConstants.EXTENDED_REPLY_MAGIC;
        if (!isExtended && magic != NbdConstants.STRUCTURED_REPLY_MAGIC) {
            throw new IllegalArgumentException(
                    "not a chunk: magic is 0x" + Integer.toHexString(magic));
        }
        var flags = in.readUnsignedShort();
        var type = in.readUnsignedShort();
        var cookie = in.readLong();
        return isExtended
                ? new ReplyChunk(true, flags, type, cookie, in.readLong(), in.readLong())
                : new ReplyChunk(false, flags, type, cookie, 0, in.readUnsignedInt());
    }

    /** Returns whether this is the last chunk of its reply. */
    public boolean isLast() {
        return (flags & NbdConstants.REPLY_FLAG_DONE) != 0;
    }
}
