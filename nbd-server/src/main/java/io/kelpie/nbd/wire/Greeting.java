// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

import io.netty.buffer.ByteBuf;

/**
 * What the server says first, 18 bytes, and the client's answer, 4 bytes of flags.
 *
 * <pre>
 *  0  8  INIT_MAGIC
 *  8  8  OPTION_MAGIC
 * 16  2  handshake flags
 * </pre>
 */
public final class Greeting {

    /** Length of the greeting. */
    public static final int LENGTH_BYTES = 18;
    /** Length of the client's flags. */
    public static final int CLIENT_FLAGS_BYTES = 4;

    private Greeting() {}

    /** Appends the greeting of a fixed newstyle server that can leave out the zeroes. */
    public static void encode(ByteBuf out) {
        out.writeLong(NbdConstants.INIT_MAGIC);
        out.writeLong(NbdConstants.OPTION_MAGIC);
        out.writeShort(NbdConstants.FLAG_FIXED_NEWSTYLE | NbdConstants.FLAG_NO_ZEROES);
    }

    /** Returns whether a client's flags hold nothing but what the greeting offered. */
    public static boolean isKnown(int clientFlags) {
        return (clientFlags & ~(NbdConstants.FLAG_FIXED_NEWSTYLE | NbdConstants.FLAG_NO_ZEROES))
                == 0;
    }
}
