package io.kelpie.cluster.model;

/** What the cluster as a whole is doing, kept in the map. */
public enum ClusterStatus {
    /** Never formatted: no objects, no VDIs. */
    UNFORMATTED,
    /** Serving. */
    RUNNING,
    /** Stopped by the operator; nodes mark themselves clean and exit. */
    SHUTDOWN
}
