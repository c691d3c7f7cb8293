// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import java.util.List;

/** Zeroes to send, all from one piece of memory that is never written and never freed. */
final class Zeroes {

    private static final int RUN_BYTES = 1 << 20;

    private static final ByteBuf RUN = Unpooled.unreleasableBuffer(
            Unpooled.directBuffer(RUN_BYTES, RUN_BYTES).writeZero(RUN_BYTES).asReadOnly());

    private Zeroes() {}

    /** Appends buffers with so many zeroes together. Any thread. */
    static void addTo(List<ByteBuf> parts, int lengthBytes) {
        for (var left = lengthBytes; left > 0; left -= RUN_BYTES) {
            parts.add(RUN.slice(0, Math.min(left, RUN_BYTES)));
        }
    }
}
