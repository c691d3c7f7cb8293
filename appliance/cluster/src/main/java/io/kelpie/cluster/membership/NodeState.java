package io.kelpie.cluster.membership;

/** What a node is in the cluster ({@code cluster.md} 16.1). */
public enum NodeState {
    /** Nothing is known yet: the coordinator has not answered. */
    WAIT_COORDINATOR,
    /** Waits to be named in the map. */
    ANNOUNCED,
    /** The cluster waits for its first format. */
    WAIT_FORMAT,
    /** Empties its store for a format. */
    FORMATTING,
    /** The map names this process. */
    MEMBER,
    /** The map names this process no more: it holds nothing and passes requests on. */
    GATEWAY_ONLY,
    /** The map says that the cluster is stopped. */
    CLUSTER_SHUTDOWN,
    /** The store belongs to another cluster, or another process took over this node. */
    REFUSED
}
