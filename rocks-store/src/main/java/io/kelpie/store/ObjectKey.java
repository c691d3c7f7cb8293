package io.kelpie.store;

/**
 * Names one object of a store.
 *
 * <p>Objects are ordered by partition, then object id (as an unsigned number), then erasure index.
 * The kind is not part of the identity: one object id in one partition belongs to one kind, and a
 * key of another kind names no object.
 *
 * @param partition opaque prefix, 0 to 65535, that can be enumerated and dropped as a whole
 * @param kind what the object holds
 * @param objectId any 64 bits
 * @param erasureIndex erasure-coding strip, 0 to 255; 0 without erasure coding
 */
public record ObjectKey(int partition, ObjectKind kind, long objectId, int erasureIndex) {
    /** The largest partition number. */
    public static final int MAX_PARTITION = 0xffff;

    /** The largest erasure index. */
    public static final int MAX_ERASURE_INDEX = 0xff;

    /** Checks the ranges. */
    public ObjectKey {
        if (partition < 0 || partition > MAX_PARTITION) {
            throw new IllegalArgumentException(
                    "partition " + partition + " is not within 0 to 65535");
        }
        if (erasureIndex < 0 || erasureIndex > MAX_ERASURE_INDEX) {
            throw new IllegalArgumentException(
                    "erasure index " + erasureIndex + " is not within 0 to 255");
        }
    }

    /** A key without erasure coding. */
    public static ObjectKey of(int partition, ObjectKind kind, long objectId) {
        return new ObjectKey(partition, kind, objectId, 0);
    }

    /** For people: {@code partition/kind/object id in hex[.erasure index]}. */
    @Override
    public String toString() {
        String name = partition + "/" + kind.familyName() + "/" + String.format("%016x", objectId);
        return erasureIndex == 0 ? name : name + "." + erasureIndex;
    }
}
