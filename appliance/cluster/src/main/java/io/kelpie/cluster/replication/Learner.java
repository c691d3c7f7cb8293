package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.model.ObjectId;

/**
 * A learning session as the primary's write path sees it ({@code cluster.md} 7.6). Core loop only.
 */
public interface Learner {
    /**
     * Who learns.
     *
     * @return index of the member
     */
    int member();

    /**
     * Number of the session, above that of every earlier session with the member in this epoch.
     *
     * @return at least 1
     */
    long session();

    /**
     * Whether writes to an object go to the learner too.
     *
     * @param object the object
     * @return true behind the cursor
     */
    boolean covers(ObjectId object);

    /**
     * Whether writes ordered from now on commit only with the learner's acknowledgement.
     *
     * @return true from the end of the copying on; may become false only by
     *     {@link ActiveGroup#unregister}
     */
    boolean isRequired();

    /**
     * Whether the controller was asked to add the learner: it must then give its lease for reads.
     * Required too, until the epoch is over.
     *
     * @return true from just before the request is sent
     */
    boolean isRequested();

    /**
     * A push's snapshot was taken: writes ordered from now on are sent behind it, so
     * {@link #covers} has to say yes for this object from now on.
     *
     * @param object the object
     */
    void onSnapshot(ObjectId object);

    /**
     * A write was sent to the learner, or will be behind a push that is on its way.
     *
     * @param message what was sent; its payloads are borrowed
     */
    void onReplicated(GroupMessage.Replicate message);

    /**
     * A write was ordered that the learner does not cover.
     *
     * @param object the object
     */
    default void onPassedBy(ObjectId object) {}

    /**
     * The learner answered: {@link GroupMessage.Acknowledge} (its acknowledgement of writes has
     * been counted already), {@link GroupMessage.Listing} or {@link GroupMessage.Digest}.
     *
     * @param answer the answer, of this session
     */
    void onAnswer(GroupMessage answer);

    /** The connection to the learner was lost: messages and answers may be missing. */
    void onLost();
}
