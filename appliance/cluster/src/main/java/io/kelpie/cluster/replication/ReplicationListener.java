package io.kelpie.cluster.replication;

import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;

/** Learns what becomes of the groups of this node. Core loop only. */
public interface ReplicationListener {
    /** Wants to know nothing. */
    ReplicationListener NONE = new ReplicationListener() {};

    /**
     * This node answers requests of a group from now on: all copies are level.
     *
     * @param pg the group
     */
    default void onActive(PgId pg) {}

    /**
     * This node does not answer requests of a group any more, at least until it is active again;
     * what was remembered of the group's objects may be outdated.
     *
     * @param pg the group
     */
    default void onInactive(PgId pg) {}

    /**
     * A message came from a process that has a newer map: fetch it there.
     *
     * @param from the process
     */
    default void onNewerEpochSeen(PeerId from) {}
}
