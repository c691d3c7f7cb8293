package io.kelpie.cluster.model;

/**
 * Identity of a node: 128 random bits made at its first start and kept in its store.
 *
 * @param high upper 64 bits
 * @param low lower 64 bits
 */
public record NodeId(long high, long low) implements Comparable<NodeId> {
    @Override
    public int compareTo(NodeId other) {
        int order = Long.compareUnsigned(high, other.high);
        return order != 0 ? order : Long.compareUnsigned(low, other.low);
    }

    @Override
    public String toString() {
        return String.format("%016x%016x", high, low);
    }
}
