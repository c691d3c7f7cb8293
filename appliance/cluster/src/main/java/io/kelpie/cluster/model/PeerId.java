package io.kelpie.cluster.model;

/**
 * One process lifetime of a node. Leases, sessions and duplicates are kept by it: a restarted node
 * is somebody else.
 *
 * @param node the node
 * @param incarnation its process lifetime, from 1
 */
public record PeerId(NodeId node, long incarnation) implements Comparable<PeerId> {
    @Override
    public int compareTo(PeerId other) {
        int order = node.compareTo(other.node);
        return order != 0 ? order : Long.compare(incarnation, other.incarnation);
    }

    @Override
    public String toString() {
        return node + "/" + incarnation;
    }
}
