// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

import io.netty.buffer.ByteBuf;

/**
 * The header of an option in the handshake, 16 bytes, followed by {@code length} bytes of data.
 *
 * <pre>
 *  0  8  OPTION_MAGIC
 *  8  4  option
 * 12  4  length of the data
 * </pre>
 *
 * @param option number of the option
 * @param length bytes of data, 0 to 2^32 - 1
 */
public record OptionHeader(int option, long length) {

    /** Length of the header. */
    public static final int LENGTH_BYTES = 16;

    /** Returns whether the readable bytes begin with the magic number. */
    public static boolean hasMagic(ByteBuf in) {
        return in.getLong(in.readerIndex()) == NbdConstants.OPTION_MAGIC;
    }

    /** Consumes 16 bytes whose magic number was checked and returns what they say. */
    public static OptionHeader decode(ByteBuf in) {
        in.skipBytes(Long.BYTES);
        return new OptionHeader(in.readInt(), in.readUnsignedInt());
    }

    /** Appends the 16 bytes; the server needs this only in tests. */
    public void encode(ByteBuf out) {
        out.writeLong(NbdConstants.OPTION_MAGIC);
        out.writeInt(option);
        out.writeInt((int) length);
    }
}
