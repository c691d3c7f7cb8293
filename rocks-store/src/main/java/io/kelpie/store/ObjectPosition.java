package io.kelpie.store;

/**
 * A place in the order of all objects, from which an enumeration goes on; an object need not be
 * there.
 *
 * @param partition 0 to 65535, or 65536 for the end of the store
 * @param objectId any 64 bits, ordered as an unsigned number
 * @param erasureIndex 0 to 255
 */
public record ObjectPosition(int partition, long objectId, int erasureIndex) {
    /** Before the first object of the store. */
    public static final ObjectPosition START = new ObjectPosition(0, 0, 0);

    /** Checks the ranges. */
    public ObjectPosition {
        if (partition < 0 || partition > ObjectKey.MAX_PARTITION + 1) {
            throw new IllegalArgumentException(
                    "partition " + partition + " is not within 0 to 65536");
        }
        if (erasureIndex < 0 || erasureIndex > ObjectKey.MAX_ERASURE_INDEX) {
            throw new IllegalArgumentException(
                    "erasure index " + erasureIndex + " is not within 0 to 255");
        }
    }

    /** Before the first object of a partition, 0 to 65536. */
    public static ObjectPosition startOf(int partition) {
        return new ObjectPosition(partition, 0, 0);
    }

    /** The first place behind an object. */
    public static ObjectPosition after(ObjectKey key) {
        if (key.erasureIndex() < ObjectKey.MAX_ERASURE_INDEX) {
            return new ObjectPosition(key.partition(), key.objectId(), key.erasureIndex() + 1);
        }
        if (key.objectId() != -1L) {
            return new ObjectPosition(key.partition(), key.objectId() + 1, 0);
        }
        return startOf(key.partition() + 1);
    }
}
