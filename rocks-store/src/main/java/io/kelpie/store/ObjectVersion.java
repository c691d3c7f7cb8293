package io.kelpie.store;

/**
 * The version of an object's content: the caller's, ordered by epoch, then sequence (both as
 * unsigned numbers).
 *
 * @param epoch the partition epoch in which the write was ordered
 * @param sequence the write's number within that epoch
 */
public record ObjectVersion(long epoch, long sequence) implements Comparable<ObjectVersion> {
    /** The version of an object that was never given one. */
    public static final ObjectVersion ZERO = new ObjectVersion(0, 0);

    @Override
    public int compareTo(ObjectVersion other) {
        int byEpoch = Long.compareUnsigned(epoch, other.epoch);
        return byEpoch != 0 ? byEpoch : Long.compareUnsigned(sequence, other.sequence);
    }
}
