package io.kelpie.cluster.message;

import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.ObjectDigest;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PeerMessage;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * What the members of a placement group say to each other. Every message carries the partition
 * epoch: a member acts only on its own, holds what is newer until it has the map, and answers what
 * is older with {@link Stale}.
 */
public sealed interface GroupMessage extends PeerMessage {
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
     * Primary to replica or learner: apply a write.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param session 0 to a replica; to a learner the number of its learning session
     * @param previous the object's version before; NONE if it was missing
     * @param version its version after
     * @param operation the client's operation, or null
     * @param committed sequence up to which all writes of the epoch are committed
     * @param change the change; of the actions only WRITE, CREATE and REMOVE travel
     */
    record Replicate(
            PgId pg,
            long epoch,
            long session,
            ObjectVersion previous,
            ObjectVersion version,
            @Nullable OperationId operation,
            long committed,
            ObjectChange change)
            implements GroupMessage {
        @Override
        public void release() {
            change.releasePieces();
        }
    }

    /**
     * Replica or learner to primary: answers {@link Replicate} and {@link Push}.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param session as it came
     * @param object the object
     * @param version the version that was asked for
     * @param status how it ended
     * @param held what the node holds of the object now
     */
    record Acknowledge(
            PgId pg,
            long epoch,
            long session,
            ObjectId object,
            ObjectVersion version,
            ReplicaStatus status,
            ObjectVersion held)
            implements GroupMessage {}

    /** How a replica fared with a write. */
    enum ReplicaStatus {
        /** Durable, as asked. */
        APPLIED,
        /** The version before is not the one expected: push the object. */
        GAP,
        /** No room. */
        NO_SPACE,
        /** The disk failed. */
        IO_ERROR
    }

    /**
     * Answers a message of an older epoch.
     *
     * @param pg the group
     * @param epoch the answering node's partition epoch
     * @param mapVersion its map
     */
    record Stale(PgId pg, long epoch, long mapVersion) implements GroupMessage {}

    /**
     * Primary to replicas: all writes of the epoch up to a sequence are committed; sent when no
     * write carries it.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param sequence the sequence
     */
    record Committed(PgId pg, long epoch, long sequence) implements GroupMessage {}

    /**
     * New primary to in-sync members: what was written lately?
     *
     * @param pg the group
     * @param epoch partition epoch
     */
    record Query(PgId pg, long epoch) implements GroupMessage {}

    /**
     * Answers {@link Query}; a long log comes in parts.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param full the log is not complete: compare everything
     * @param highest highest version ever applied in the group
     * @param entries lines of the log
     * @param last whether this is the last part
     */
    record Info(
            PgId pg,
            long epoch,
            boolean full,
            ObjectVersion highest,
            List<LogEntry> entries,
            boolean last)
            implements GroupMessage {
        /** Copies the list. */
        public Info {
            entries = List.copyOf(entries);
        }
    }

    /**
     * Asks for the versions of some objects.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param objects the objects, at most 4096
     */
    record VersionsRequest(PgId pg, long epoch, List<ObjectId> objects) implements GroupMessage {
        /** Copies the list. */
        public VersionsRequest {
            objects = List.copyOf(objects);
        }
    }

    /**
     * Answers {@link VersionsRequest}.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param held what the node holds of each, in the order asked; of an object that it knows to
     *     have been removed the version of the removal, with size -1
     */
    record Versions(PgId pg, long epoch, List<HeldObject> held) implements GroupMessage {
        /** Copies the list. */
        public Versions {
            held = List.copyOf(held);
        }
    }

    /**
     * Asks for what a member holds, in the order of ids.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param session the learning session, or 0
     * @param from first id wanted
     * @param max at most this many, 1 to 4096
     */
    record ListRequest(PgId pg, long epoch, long session, ObjectId from, int max)
            implements GroupMessage {}

    /**
     * Answers {@link ListRequest}.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param session as it came
     * @param from as it came
     * @param held ascending by id
     * @param last whether nothing follows
     */
    record Listing(
            PgId pg, long epoch, long session, ObjectId from, List<HeldObject> held, boolean last)
            implements GroupMessage {
        /** Copies the list. */
        public Listing {
            held = List.copyOf(held);
        }
    }

    /**
     * Primary to a member that holds the newest version of an object: push it to me.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param object the object
     */
    record Pull(PgId pg, long epoch, ObjectId object) implements GroupMessage {}

    /**
     * Brings a copy of an object to a version; a long one comes in parts, in order. Answered by
     * {@link Acknowledge} after the last part.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param session the learning session, or 0
     * @param expected version the receiver holds; another, save {@code version} itself, is a gap
     * @param held the object's version and size after the last part; size -1: the object is removed
     * @param part number of the part, 0 for the first: one that does not follow on the one before
     *     shows that something was lost between, and ends the push
     * @param last whether this is the last part
     * @param whole true: the copy is made anew; false: the pieces are laid over what is there
     * @param pieces bytes and zeros
     * @param operations recent operations on the object, so that retries are recognised
     */
    record Push(
            PgId pg,
            long epoch,
            long session,
            ObjectVersion expected,
            HeldObject held,
            int part,
            boolean last,
            boolean whole,
            List<Piece> pieces,
            List<LogEntry> operations)
            implements GroupMessage {
        /** Copies the lists. */
        public Push {
            pieces = List.copyOf(pieces);
            operations = List.copyOf(operations);
        }

        /**
         * Whether this begins a push.
         *
         * @return true for the first part
         */
        public boolean first() {
            return part == 0;
        }

        @Override
        public void release() {
            for (Piece piece : pieces) {
                Payload payload = piece.payload();
                if (payload != null) {
                    payload.release();
                }
            }
        }
    }

    /**
     * Asks for the checksums of an object, so that only what differs is pushed.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param session the learning session, or 0
     * @param object the object
     */
    record DigestRequest(PgId pg, long epoch, long session, ObjectId object)
            implements GroupMessage {}

    /**
     * Answers {@link DigestRequest}.
     *
     * @param pg the group
     * @param epoch partition epoch
     * @param session as it came
     * @param digest version, size and checksums
     */
    record Digest(PgId pg, long epoch, long session, ObjectDigest digest) implements GroupMessage {}

    /**
     * Primary to in-sync members: all copies are level; whatever was written in older epochs is
     * committed.
     *
     * @param pg the group
     * @param epoch partition epoch
     */
    record Activate(PgId pg, long epoch) implements GroupMessage {}

    /**
     * Former primary to the members: this process answers no reads of the group in this epoch and
     * will in no older one, whatever leases it holds; nobody has to wait until they run out.
     *
     * @param pg the group
     * @param epoch partition epoch, in which somebody else is primary or nobody is
     */
    record LeaseEnd(PgId pg, long epoch) implements GroupMessage {}
}
