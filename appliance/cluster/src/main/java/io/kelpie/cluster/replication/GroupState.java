package io.kelpie.cluster.replication;

import io.kelpie.cluster.model.PgId;

/**
 * A group at this node, for people.
 *
 * @param pg the group
 * @param epoch its partition epoch here
 * @param state what the node does for it
 * @param parked operations that wait for the group as a whole
 * @param reason what they, or the group, wait for; empty if nothing waits
 */
public record GroupState(PgId pg, long epoch, State state, int parked, String reason) {
    /** What a node does for a group. */
    public enum State {
        /** It is named by no map in force. */
        IDLE,
        /** It does not hold the group; copies may be left here. */
        STRAY,
        /** It receives copies. */
        LEARNER,
        /** It follows the primary. */
        REPLICA,
        /** It is the primary and brings the copies level. */
        PEERING,
        /** It is the primary and serves. */
        ACTIVE,
        /** It was the primary until its disk failed a write; it waits for a newer map. */
        FAILED
    }
}
