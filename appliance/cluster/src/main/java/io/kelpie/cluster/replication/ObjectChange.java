package io.kelpie.cluster.replication;

import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Payload;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * An atomic change of one object. Payloads are borrowed until the change completes: the operation
 * that asked for it releases them.
 *
 * @param object the object
 * @param action what happens to the object as a whole
 * @param sizeBytes its size, for a creation
 * @param pieces what is laid over it, in order; none for a removal
 * @param durable whether to complete only after a sync on every in-sync copy
 */
public record ObjectChange(
        ObjectId object, Action action, long sizeBytes, List<Piece> pieces, boolean durable) {
    /** Copies the list. */
    public ObjectChange {
        pieces = List.copyOf(pieces);
        Invariant.check(action != Action.REMOVE || pieces.isEmpty(), "a removal writes nothing");
    }

    /**
     * Lays pieces over an existing object.
     *
     * @param object the object
     * @param pieces what to write
     * @param durable whether to sync
     * @return the change
     */
    public static ObjectChange write(ObjectId object, List<Piece> pieces, boolean durable) {
        return new ObjectChange(object, Action.WRITE, 0, pieces, durable);
    }

    /**
     * Creates an object, replacing one of that id.
     *
     * @param object the object
     * @param sizeBytes its size
     * @param pieces what is not zero in it
     * @param durable whether to sync
     * @return the change
     */
    public static ObjectChange create(
            ObjectId object, long sizeBytes, List<Piece> pieces, boolean durable) {
        return new ObjectChange(object, Action.CREATE, sizeBytes, pieces, durable);
    }

    /**
     * Removes an object.
     *
     * @param object the object
     * @return the change, not synced: a removal that a crash undoes frees less room, nothing else
     */
    public static ObjectChange remove(ObjectId object) {
        return new ObjectChange(object, Action.REMOVE, 0, List.of(), false);
    }

    boolean overlaps(long offset, long length) {
        if (action != Action.WRITE) {
            return true;
        }
        for (Piece piece : pieces) {
            if (piece.offset() < offset + length && offset < piece.offset() + piece.length()) {
                return true;
            }
        }
        return false;
    }

    /** What happens to the object as a whole. */
    public enum Action {
        /** It must exist and stays. */
        WRITE,
        /** It is made anew and reads as zeros under the pieces. */
        CREATE,
        /** It must exist and goes. */
        REMOVE
    }

    /**
     * A range to overwrite.
     *
     * @param offset first byte in the object
     * @param length bytes, at least 1
     * @param payload the bytes, or null to make the range read as zeros
     */
    public record Piece(long offset, long length, @Nullable Payload payload) {
        /**
         * A range of bytes.
         *
         * @param offset first byte in the object
         * @param payload the bytes, at least one
         * @return the piece
         */
        public static Piece of(long offset, Payload payload) {
            return new Piece(offset, payload.length(), payload);
        }

        /**
         * A range of zeros.
         *
         * @param offset first byte in the object
         * @param length bytes, at least 1
         * @return the piece
         */
        public static Piece zeros(long offset, long length) {
            return new Piece(offset, length, null);
        }
    }
}
