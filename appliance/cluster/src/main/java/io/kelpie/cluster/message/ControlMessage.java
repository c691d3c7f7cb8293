package io.kelpie.cluster.message;

import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.PeerMessage;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * What nodes tell the controller; sent to whoever is believed to be it, and again until it acts.
 */
public sealed interface ControlMessage extends PeerMessage {
    /**
     * A node does not do its part.
     *
     * @param accused the node
     * @param evidence what was seen
     * @param groups the groups concerned; none: all
     */
    record Suspicion(NodeId accused, Evidence evidence, List<PgId> groups)
            implements ControlMessage {
        /** Copies the list. */
        public Suspicion {
            groups = List.copyOf(groups);
        }
    }

    /** What speaks against a node. */
    enum Evidence {
        /** Its host answers that no process listens. */
        REFUSED,
        /** No heartbeat was answered for the time of suspicion. */
        SILENT,
        /** It answers heartbeats, but a write waits for its acknowledgement. */
        NO_ACKNOWLEDGEMENT,
        /** It says itself that it cannot hold the groups: its disk failed or is full. */
        STORE_FAILED,
        /** Its copy lacks what it once had: it was restored from a backup, or its disk lies. */
        ROLLED_BACK
    }

    /**
     * A learner has everything: add it to the in-sync set.
     *
     * @param pg the group
     * @param epoch the partition epoch in which it learned; the request holds for that one only
     * @param learner index of the member
     */
    record AddLearner(PgId pg, long epoch, int learner) implements ControlMessage {}

    /** The sender is about to stop: move its primaries away. */
    record Drain() implements ControlMessage {}

    /**
     * The sender has emptied its store for a format that is under way.
     *
     * @param createdNanos time of creation that the format event carries
     */
    record Emptied(long createdNanos) implements ControlMessage {}

    /**
     * An operator's word on the map, passed on by the node it was said to.
     *
     * @param requestId echoed in the answer
     * @param order what to do
     * @param node the node concerned, or null
     */
    record Order(long requestId, OrderKind order, @Nullable NodeId node)
            implements ControlMessage {}

    /** What an operator may order. */
    enum OrderKind {
        /** Stop the cluster. */
        SHUTDOWN,
        /** Copy and move again. */
        RECOVERY_ON,
        /** Copy and move nothing. */
        RECOVERY_OFF,
        /** Start groups without their missing members, though writes may be lost. */
        FORCE_RECOVERY,
        /** Start with the members that are there without waiting longer. */
        START,
        /** Stop one node. */
        KILL
    }

    /**
     * Answers an order.
     *
     * @param requestId as it came
     * @param accepted whether the map says so now; false: ask again, the controller may have moved
     */
    record OrderReply(long requestId, boolean accepted) implements ControlMessage {}

    /**
     * Controller to members, before it starts groups by force: what do you hold of them?
     *
     * @param requestId echoed in the answer
     * @param groups groups that nobody serves
     */
    record CopiesRequest(long requestId, List<PgId> groups) implements ControlMessage {
        /** Copies the list. */
        public CopiesRequest {
            groups = List.copyOf(groups);
        }
    }

    /**
     * Answers {@link CopiesRequest}.
     *
     * @param requestId as it came
     * @param copies what the node holds of each group whose copy it can read
     */
    record Copies(long requestId, List<Copy> copies) implements ControlMessage {
        /** Copies the list. */
        public Copies {
            copies = List.copyOf(copies);
        }
    }

    /**
     * What a node holds of a group.
     *
     * @param pg the group
     * @param objects how many objects
     * @param highest highest version of one of them; NONE if there are none
     */
    record Copy(PgId pg, long objects, ObjectVersion highest) {}
}
