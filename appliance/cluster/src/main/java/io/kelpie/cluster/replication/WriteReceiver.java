package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.ReplicaStatus;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.message.ObjectChange.Action;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Applies what the primary orders, each write on top of the one before, and acknowledges what is
 * durable. Repeated writes are acknowledged again, never applied again.
 */
final class WriteReceiver {
    private final Group group;
    private final ObjectTurns turns;

    /** Writes that the store has not ended, with the member that waits for each. */
    private final TreeMap<ObjectVersion, Replicate> open = new TreeMap<>();

    private long committed;
    private boolean closed;

    WriteReceiver(Group group, ObjectTurns turns) {
        this.group = group;
        this.turns = turns;
    }

    void close() {
        closed = true;
    }

    /** Every write of the epoch up to a sequence is committed. */
    void onCommitted(long sequence) {
        if (sequence > committed) {
            committed = sequence;
            group.onCommitted(new ObjectVersion(group.epoch(), sequence));
        }
    }

    /** Takes a write; ownership of its payloads passes here. */
    void onReplicate(int from, Replicate message) {
        turns.take(message.change().object(), new ObjectTurns.Turn() {
            @Override
            public void run(HeldObject head) {
                take(from, head, message);
            }

            @Override
            public void failed(ErrorCode error) {
                acknowledge(from, message, ReplicaStatus.IO_ERROR, ObjectVersion.NONE);
                message.release();
            }

            @Override
            public void abandoned() {
                message.release();
            }
        });
    }

    private void take(int from, HeldObject head, Replicate message) {
        ObjectVersion known = group.known(head);
        ObjectId object = message.change().object();
        if (open.containsKey(message.version())) {
            // Its first copy is on the way to the disk and will be acknowledged.
            message.release();
        } else if (group.gapped.contains(object)) {
            refuse(from, message, ObjectVersion.NONE);
        } else if (known.compareTo(message.version()) >= 0 || isCommitted(message)) {
            message.release();
            repeat(from, message, known);
        } else if (fits(head, message)) {
            apply(from, head, message);
        } else {
            refuse(from, message, Group.worth(head));
        }
    }

    /** What is here already may have come by a push that is still on its way to the disk. */
    private void repeat(int from, Replicate message, ObjectVersion known) {
        group.store().sync(new Completion<>() {
            @Override
            public void done(Outcome result) {
                boolean whole = !group.gapped.contains(message.change().object());
                acknowledge(
                        from, message, whole ? ReplicaStatus.APPLIED : ReplicaStatus.GAP, known);
            }

            @Override
            public void failed(ErrorCode error) {
                acknowledge(from, message, ReplicaStatus.IO_ERROR, known);
            }
        });
    }

    private boolean isCommitted(Replicate message) {
        return message.session() == 0
                && message.version().epoch() == group.epoch()
                && message.version().sequence() <= committed;
    }

    private boolean fits(HeldObject head, Replicate message) {
        if (!group.around.has(Rule.PREVIOUS_CHECK)) {
            return message.change().action() == Action.CREATE || head.sizeBytes() > 0;
        }
        return Group.worth(head).equals(message.previous());
    }

    private void refuse(int from, Replicate message, ObjectVersion held) {
        acknowledge(from, message, ReplicaStatus.GAP, held);
        message.release();
    }

    private void apply(int from, HeldObject head, Replicate message) {
        ObjectVersion version = message.version();
        ObjectId object = message.change().object();
        boolean removes = message.change().action() == Action.REMOVE;
        LogEntry line = new LogEntry(object, version, removes, message.operation());
        List<StoreOperation> operations =
                Changes.operations(group.pg, message.change(), version, line);
        group.log.add(line);
        group.around.versions.put(Changes.after(head, message.change(), version));
        open.put(version, message);
        boolean alone = group.isRoomShort();
        if (alone) {
            turns.keep(object);
        }
        boolean synced = group.around.has(Rule.ACKNOWLEDGE_AFTER_SYNC);
        group.write(new StoreBatch(operations, synced), new Completion<>() {
            @Override
            public void done(Outcome result) {
                open.remove(version);
                message.release();
                boolean whole = !group.gapped.contains(object);
                acknowledge(
                        from,
                        message,
                        whole ? ReplicaStatus.APPLIED : ReplicaStatus.GAP,
                        whole ? version : message.previous());
                leave();
            }

            @Override
            public void failed(ErrorCode error) {
                open.remove(version);
                message.release();
                group.log.takeBack(line);
                group.around.versions.forget(object);
                onFailure(from, message, error);
                leave();
            }

            private void leave() {
                if (alone) {
                    turns.leave(object);
                }
            }
        });
    }

    private void onFailure(int from, Replicate message, ErrorCode error) {
        ObjectId object = message.change().object();
        group.gapped.add(object);
        for (Replicate later : open.values()) {
            if (later.change().object().equals(object)) {
                lower(object, message.previous());
                break;
            }
        }
        ReplicaStatus status = switch (error) {
            case NO_SPACE -> ReplicaStatus.NO_SPACE;
            case CORRUPT_OBJECT, NO_SUCH_OBJECT -> ReplicaStatus.GAP;
            default -> ReplicaStatus.IO_ERROR;
        };
        acknowledge(from, message, status, message.previous());
    }

    /**
     * A later write of the object may be in the store without the one that failed: its version must
     * not claim that the copy is as others'. Just below the last state that was whole, the copy
     * loses against every whole one and still counts if it is the last.
     */
    private void lower(ObjectId object, ObjectVersion previous) {
        ObjectVersion below = previous.sequence() == 0
                ? ObjectVersion.PARTIAL
                : new ObjectVersion(previous.epoch(), previous.sequence() - 1);
        StoreOperation set = new StoreOperation.SetVersion(group.pg, object, below);
        group.write(new StoreBatch(new ArrayList<>(List.of(set)), true), new Completion<>() {
            @Override
            public void done(Outcome result) {
                group.around.versions.forget(object);
            }

            @Override
            public void failed(ErrorCode error) {
                // In memory it stays marked; the primary was told and has this member leave.
                group.around.versions.forget(object);
            }
        });
        group.around.versions.forget(object);
    }

    private void acknowledge(int to, Replicate message, ReplicaStatus status, ObjectVersion held) {
        if (!closed) {
            group.send(
                    to,
                    new Acknowledge(
                            group.pg,
                            message.epoch(),
                            message.session(),
                            message.change().object(),
                            message.version(),
                            status,
                            held));
        }
    }
}
