package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * A group of which this node is the active primary, for one partition epoch: what learning sessions
 * need of it. Core loop only.
 */
public interface ActiveGroup {
    /**
     * The group.
     *
     * @return its id
     */
    PgId pg();

    /**
     * Its entry in the map.
     *
     * @return the entry; its epoch is that of the group
     */
    PgEntry entry();

    /**
     * The node that a member is.
     *
     * @param member its index
     * @return the node
     */
    NodeId node(int member);

    /**
     * Lets a session take part in the write path.
     *
     * @param learner the session; at most one for each member
     */
    void register(Learner learner);

    /**
     * Ends a session's part: its acknowledgements are not waited for any more. Only for a session
     * that is not requested.
     *
     * @param learner the session
     */
    void unregister(Learner learner);

    /**
     * Looks at an object in its turn among the writes.
     *
     * @param object the object
     * @param completion gets what this node holds after every write ordered so far (version NONE:
     *     nothing) before any later write is ordered, so a learner that covers the object from
     *     within the completion misses none
     */
    void visit(ObjectId object, Completion<HeldObject> completion);

    /**
     * Lists what this node holds.
     *
     * @param from first id wanted
     * @param max at most this many, 1 to 4096
     * @param completion gets the objects in ascending order as they are at about this time; fewer
     *     than {@code max} are the last
     */
    void listHeld(ObjectId from, int max, Completion<List<HeldObject>> completion);

    /**
     * Brings the learner's copy of an object to what this node holds now: takes a snapshot in the
     * object's turn, tells {@link Learner#onSnapshot}, sends the push in parts and behind it, in
     * order, the writes that came meanwhile. An object that is missing here is removed there.
     *
     * @param learner the session
     * @param found what the learner holds, as it said; its version is what the push expects
     * @param sums the learner's checksums of the object, so that only chunks that differ are sent;
     *     null: everything is sent
     * @param completion gets the version that was sent, when the last part is on its way; the
     *     acknowledgement comes by {@link Learner#onAnswer}. CORRUPT_OBJECT, IO_ERROR: nothing can
     *     be sent
     */
    void push(
            Learner learner,
            HeldObject found,
            int @Nullable [] sums,
            Completion<ObjectVersion> completion);

    /**
     * Sends the learner a message of its session.
     *
     * @param learner the session
     * @param message a {@link GroupMessage.ListRequest} or {@link GroupMessage.DigestRequest}
     */
    void send(Learner learner, GroupMessage message);
}
