// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

import io.netty.buffer.ByteBuf;

/**
 * The header of a simple reply, 16 bytes; a successful READ is followed by the bytes asked for.
 *
 * <pre>
 *  0  4  SIMPLE_REPLY_MAGIC
 *  4  4  error, 0 = success
 *  8  8  cookie of the request
 * </pre>
 *
 * @param error error number or 0
 * @param cookie as in the request
 */
public record SimpleReply(int error, long cookie) {

    /** Length of the header. */
    public static final int LENGTH_BYTES = 16;

    /** Appends the 16 bytes. Static, so that the fast path builds no record. */
    public static void encode(ByteBuf out, int error, long cookie) {
        out.writeInt(NbdConstants.SIMPLE_REPLY_MAGIC);
        out.writeInt(error);
        out.writeLong(cookie);
    }

    /**
     * Consumes 16 bytes; the server needs this only in tests.
     *
     * @throws IllegalArgumentException if the magic number is wrong
     */
    public static SimpleReply decode(ByteBuf in) {
        var magic = in.readInt();
        if (magic != NbdConstants.SIMPLE_REPLY_MAGIC) {
            throw new IllegalArgumentException(
                    "not a simple reply: magic is 0x" + Integer.toHexString(magic));
        }
        return new SimpleReply(in.readInt(), in.readLong());
    }
}
