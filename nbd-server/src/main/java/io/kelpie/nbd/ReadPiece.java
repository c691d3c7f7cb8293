// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * A part of what a read found: bytes, or a hole that reads as zeroes. Clients with structured
 * replies are told of holes; all others get zeroes, all sent from the same piece of memory.
 *
 * @param lengthBytes at least 1
 * @param data the bytes, exactly {@code lengthBytes} readable, or {@code null} for a hole;
 *     ownership goes to the server with {@link Reply#pieces}
 */
public record ReadPiece(int lengthBytes, @Nullable ByteBuf data) {

    /** Checks the length; throws {@link IllegalArgumentException} with what is wrong. */
    public ReadPiece {
        if (lengthBytes < 1) {
            throw new IllegalArgumentException("a piece of " + lengthBytes + " bytes");
        }
        if (data != null && data.readableBytes() != lengthBytes) {
            throw new IllegalArgumentException("a piece of " + lengthBytes
                    + " bytes comes with a buffer of " + data.readableBytes());
        }
    }

    /** Returns a piece of bytes: all that are readable, at least one. */
    public static ReadPiece data(ByteBuf bytes) {
        return new ReadPiece(bytes.readableBytes(), bytes);
    }

    /** Returns a hole of 1 and more bytes. */
    public static ReadPiece hole(int lengthBytes) {
        return new ReadPiece(lengthBytes, null);
    }

    /**
     * Returns one buffer over all pieces, with zeroes for the holes; nothing is copied. The
     * buffers' ownership goes into the result.
     */
    public static ByteBuf join(List<ReadPiece> pieces) {
        var parts = new ArrayList<ByteBuf>(pieces.size());
        addTo(parts, pieces);
        return Unpooled.compositeBuffer(Math.max(1, parts.size())).addComponents(true, parts);
    }

    /** Appends the pieces' buffers, and zeroes for the holes. */
    static void addTo(List<ByteBuf> parts, List<ReadPiece> pieces) {
        for (var piece : pieces) {
            if (piece.data() == null) {
                Zeroes.addTo(parts, piece.lengthBytes());
            } else {
                parts.add(piece.data());
            }
        }
    }

    /** Returns whether this is a hole. */
    public boolean isHole() {
        return data == null;
    }
}
