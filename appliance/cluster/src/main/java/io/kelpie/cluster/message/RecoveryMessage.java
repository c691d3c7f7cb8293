package io.kelpie.cluster.message;

import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.PeerMessage;

/**
 * What a primary and a node that shall learn agree on before a learning session copies anything: a
 * node receives few sessions at a time, whoever sends them.
 */
public sealed interface RecoveryMessage extends PeerMessage {
    /**
     * The group.
     *
     * @return its id
     */
    PgId pg();

    /**
     * The partition epoch in which the message was sent.
     *
     * @return the sender's
     */
    long epoch();

    /**
     * The session.
     *
     * @return its number, unique for the primary's process
     */
    long session();

    /**
     * Primary to learner: may this session copy to you? Sent again, as long as it copies, so that
     * the place of a primary that died is free after a while.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param session the session
     * @param danger how urgent it is, 0 most
     */
    record SlotRequest(PgId pg, long epoch, long session, int danger) implements RecoveryMessage {}

    /**
     * Learner to primary: answers {@link SlotRequest}.
     *
     * @param pg the group
     * @param epoch as it came
     * @param session as it came
     * @param status whether it may
     */
    record SlotReply(PgId pg, long epoch, long session, SlotStatus status)
            implements RecoveryMessage {}

    /** Whether a session may copy to a node. */
    enum SlotStatus {
        /** It may, until a few seconds after it asked last. */
        GRANTED,
        /** As many as the node receives are under way, or a more urgent one is waiting. */
        BUSY,
        /** The node is too full to receive copies. */
        FULL
    }

    /**
     * Primary to learner: the session needs its place no more.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param session the session
     */
    record SlotRelease(PgId pg, long epoch, long session) implements RecoveryMessage {}
}
