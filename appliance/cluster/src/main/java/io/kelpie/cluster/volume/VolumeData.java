package io.kelpie.cluster.volume;

import io.kelpie.cluster.port.Payload;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * What a read of a volume returned: pieces in order that together have the length asked for. The
 * receiver owns the payloads and calls {@link #release()} (or releases each payload) once.
 *
 * @param pieces consecutive pieces
 */
public record VolumeData(List<Piece> pieces) {
    /** Copies the list. */
    public VolumeData {
        pieces = List.copyOf(pieces);
    }

    /** Releases every payload. */
    public void release() {
        for (Piece piece : pieces) {
            Payload payload = piece.payload();
            if (payload != null) {
                payload.release();
            }
        }
    }

    /**
     * A run of bytes or a hole.
     *
     * @param length bytes, at least 1
     * @param payload the bytes, or null for a hole, which reads as zeros
     */
    public record Piece(int length, @Nullable Payload payload) {}
}
