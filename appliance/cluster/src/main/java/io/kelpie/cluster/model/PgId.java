package io.kelpie.cluster.model;

/**
 * A placement group: the set of objects that share one primary and one in-sync set.
 *
 * @param partition 0 to 16383, below 2^partBits of the map
 */
public record PgId(int partition) implements Comparable<PgId> {
    /** Largest number of bits a cluster may be formatted with. */
    public static final int MAX_BITS = 14;

    /** Checks the range. */
    public PgId {
        if (partition < 0 || partition >= 1 << MAX_BITS) {
            throw new IllegalArgumentException("partition must be 0 to 16383, not " + partition);
        }
    }

    @Override
    public int compareTo(PgId other) {
        return Integer.compare(partition, other.partition);
    }

    @Override
    public String toString() {
        return "pg" + partition;
    }
}
