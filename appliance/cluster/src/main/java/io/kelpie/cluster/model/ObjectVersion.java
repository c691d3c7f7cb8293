package io.kelpie.cluster.model;

/**
 * Version of an object: the partition epoch in which its last write was ordered and that write's
 * number in it. Ordered lexicographically, unique in the placement group for ever.
 *
 * @param epoch partition epoch, at least 0
 * @param sequence number of the write in the epoch, from 1
 */
public record ObjectVersion(long epoch, long sequence) implements Comparable<ObjectVersion> {
    /** Version of an object that was never written. */
    public static final ObjectVersion NONE = new ObjectVersion(0, 0);

    /** Version of a copy that is still being received: above none, below every write. */
    public static final ObjectVersion PARTIAL = new ObjectVersion(0, 1);

    @Override
    public int compareTo(ObjectVersion other) {
        int order = Long.compare(epoch, other.epoch);
        return order != 0 ? order : Long.compare(sequence, other.sequence);
    }

    @Override
    public String toString() {
        return epoch + "." + sequence;
    }
}
