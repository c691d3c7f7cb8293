package io.kelpie.cluster.message;

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
        boolean removes = action == Action.REMOVE || action == Action.REMOVE_IF_EMPTY;
        Invariant.check(!removes || pieces.isEmpty(), "a removal writes nothing");
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
     * Writes into an object, creating it first if it is missing.
     *
     * @param object the object
     * @param sizeBytes its size if it is created
     * @param pieces what to write
     * @param durable whether to sync
     * @return the change
     */
    public static ObjectChange ensure(
            ObjectId object, long sizeBytes, List<Piece> pieces, boolean durable) {
        return new ObjectChange(object, Action.ENSURE, sizeBytes, pieces, durable);
    }

    /**
     * Removes an object that holds no data; one that holds some, or is missing, stays as it is. A
     * late repetition can do no harm.
     *
     * @param object the object
     * @return the change, not synced
     */
    public static ObjectChange removeIfEmpty(ObjectId object) {
        return new ObjectChange(object, Action.REMOVE_IF_EMPTY, 0, List.of(), false);
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

    /**
     * Whether the change touches a range.
     *
     * @param offset first byte
     * @param length bytes
     * @return true if a read of the range must not pass it
     */
    public boolean overlaps(long offset, long length) {
        if (action != Action.WRITE && action != Action.ENSURE) {
            return true;
        }
        for (Piece piece : pieces) {
            if (piece.offset() < offset + length && offset < piece.offset() + piece.length()) {
                return true;
            }
        }
        return false;
    }

    /** Drops a reference of every payload, for who owns them. */
    public void releasePieces() {
        for (Piece piece : pieces) {
            Payload payload = piece.payload();
            if (payload != null) {
                payload.release();
            }
        }
    }

    /** Adds a reference to every payload. */
    public void retainPieces() {
        for (Piece piece : pieces) {
            Payload payload = piece.payload();
            if (payload != null) {
                payload.retain();
            }
        }
    }

    /** What happens to the object as a whole. */
    public enum Action {
        /** It must exist and stays. */
        WRITE,
        /** It is made anew and reads as zeros under the pieces. */
        CREATE,
        /** It is made if it is missing, and the pieces are laid over what is there. */
        ENSURE,
        /** It must exist and goes. */
        REMOVE,
        /** It goes if it holds no data; otherwise, and if it is missing, nothing happens. */
        REMOVE_IF_EMPTY
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
