package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.ReplicaStatus;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Action;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.port.StoreRead;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * The primary of a group whose copies are level: orders writes, applies them on every copy, answers
 * reads. While the node is the whole cluster ("solo") nothing of that needs to know the versions of
 * objects: a write is one batch of the local store, and its acknowledgement is the store's.
 */
final class Serving {
    private static final long RESEND_DELAY_NANOS = 100_000_000L;

    /** Often enough to persist, by the times of the controller. */
    private static final long ACCUSE_NANOS = 1_000_000_000L;

    /** {@link io.kelpie.cluster.port.LocalStore#allocated} takes no more at once. */
    private static final long MAX_RANGE = 1L << 30;

    /** Writes that wait for more copies; gateways send again what is refused. */
    private static final int MAX_WAITING = 4096;

    private final Group group;
    private final Traffic traffic = new Traffic();
    private final PushLanes lanes;
    private final OpenWrites writes;
    private final Teaching teaching;
    private final Repairs repairs;
    private final Healing healing;
    private final Reads reads;
    private final List<Completion<?>> waiting = new ArrayList<>();
    private ObjectTurns turns;
    private boolean solo;
    private boolean failed;
    private boolean over;

    Serving(Group group, boolean solo) {
        this.group = group;
        this.solo = solo;
        this.lanes = new PushLanes(group);
        this.writes = new OpenWrites(group, lanes, traffic);
        this.turns = newTurns();
        this.healing = new Healing(group, turns, writes::isElsewhere, writes::onHealed);
        this.repairs = new Repairs(group, turns, lanes, this::isOver, this::damaged);
        this.teaching = new Teaching(group, turns, repairs, writes);
        this.reads = new Reads(group, traffic, healing, teaching, this::isOver);
    }

    private ObjectTurns newTurns() {
        return new ObjectTurns(group.pg, group.store(), group.around.versions);
    }

    boolean isOver() {
        return over || failed;
    }

    boolean isFailed() {
        return failed;
    }

    int parked() {
        return waiting.size();
    }

    String reason() {
        return waiting.isEmpty() ? writes.reason() : "too few copies are in sync";
    }

    Teaching teaching() {
        return teaching;
    }

    /** The cluster is more than this node from now on. */
    void endSolitude() {
        solo = false;
    }

    boolean isSolo() {
        return solo;
    }

    void close() {
        over = true;
        turns.close();
        lanes.drop();
        healing.close();
        repairs.close();
        writes.close();
        List<Completion<?>> left = List.copyOf(waiting);
        waiting.clear();
        left.forEach(completion -> completion.failed(ErrorCode.NO_PRIMARY));
        if (!solo) {
            traffic.close();
        }
    }

    // Writes

    void write(
            @Nullable OperationId operation, ObjectChange change, Completion<Outcome> completion) {
        if (solo) {
            writeAlone(change, completion);
            return;
        }
        if (failed || group.entry().sync().size() < group.around.map.settings().minCopies()) {
            await(completion);
        } else if (!isRepetition(operation, completion)) {
            turns.take(change.object(), new WriteTurn(operation, change, completion));
        }
    }

    /** No copy may take the write now: it waits for a newer map. */
    private void await(Completion<Outcome> completion) {
        if (waiting.size() < MAX_WAITING) {
            waiting.add(completion);
        } else {
            completion.failed(ErrorCode.NO_PRIMARY);
        }
    }

    private boolean isRepetition(@Nullable OperationId operation, Completion<Outcome> completion) {
        if (operation == null || !group.around.has(Rule.DEDUP)) {
            return false;
        }
        OpenWrite open = writes.find(operation);
        if (open != null) {
            open.waiters.add(completion);
            return true;
        }
        if (group.log.knows(operation)) {
            completion.done(Outcome.DONE);
            return true;
        }
        return false;
    }

    private void order(
            @Nullable OperationId operation,
            ObjectChange change,
            HeldObject head,
            Completion<Outcome> completion) {
        OpenWrite write = new OpenWrite(
                operation, change, Group.worth(head), writes.nextVersion(), group.around.now());
        write.waiters.add(completion);
        for (int member : group.others()) {
            write.awaiting.put(member, 0L);
        }
        teaching.addRequired(write);
        writes.add(write);
        applyHere(write, head);
        for (int member : group.others()) {
            writes.send(write, member, 0);
        }
        teaching.send(write);
    }

    private void applyHere(OpenWrite write, HeldObject head) {
        List<StoreOperation> operations =
                Changes.operations(group.pg, write.change, write.version, write.line);
        group.log.add(write.line);
        group.around.versions.put(Changes.after(head, write.change, write.version));
        // The client's reference ends with its completion, which a new epoch does not delay.
        write.change.retainPieces();
        boolean alone = group.isRoomShort();
        if (alone) {
            turns.keep(write.object());
        }
        group.write(new StoreBatch(operations, true), new Completion<>() {
            @Override
            public void done(Outcome result) {
                write.change.releasePieces();
                writes.onLocalDone(write);
                leave();
            }

            @Override
            public void failed(ErrorCode error) {
                write.change.releasePieces();
                group.log.takeBack(write.line);
                onLocalFailure(write, error);
                leave();
            }

            private void leave() {
                if (alone) {
                    turns.leave(write.object());
                }
            }
        });
    }

    private void onLocalFailure(OpenWrite write, ErrorCode error) {
        if (over) {
            group.around.versions.forget(write.object());
            group.gapped.add(write.object());
        } else if (group.others().isEmpty() && !write.shared) {
            group.around.versions.forget(write.object());
            writes.fail(write, error);
        } else if (error == ErrorCode.CORRUPT_OBJECT) {
            healing.heal(write.object(), healed -> {
                if (!healed) {
                    stop();
                }
            });
        } else {
            group.gapped.add(write.object());
            group.around.versions.forget(write.object());
            stop();
        }
    }

    /** This copy lacks what others were sent: only a newer map can decide what becomes of it. */
    private void stop() {
        if (!failed && !over) {
            failed = true;
            writes.stick();
            accuseSelf();
        }
    }

    /** Said again until it is heard: the controller may be without its coordinator just now. */
    private void accuseSelf() {
        if (!over) {
            group.suspect(group.self(), Evidence.STORE_FAILED);
            group.around.ports.timers().after(ACCUSE_NANOS, this::accuseSelf);
        }
    }

    private void damaged(ObjectId object) {
        healing.heal(object, healed -> {});
    }

    // The only node

    private void writeAlone(ObjectChange change, Completion<Outcome> completion) {
        Action action = change.action();
        boolean plain =
                action == Action.WRITE || action == Action.CREATE || action == Action.REMOVE;
        if (plain && !turns.isBusy(change.object())) {
            ErrorCode refusal = group.around.guard.refusalOf(change);
            if (refusal == null) {
                applyAlone(change, completion);
            } else {
                completion.failed(refusal);
            }
        } else {
            // Plain writes pass the cache by.
            if (!turns.isBusy(change.object())) {
                group.around.versions.forget(change.object());
            }
            turns.take(change.object(), new WriteTurn(null, change, completion));
        }
    }

    private void applyAlone(ObjectChange change, Completion<Outcome> completion) {
        traffic.open(change);
        List<StoreOperation> operations =
                Changes.operations(group.pg, change, writes.nextVersion(), null);
        group.store().write(new StoreBatch(operations, change.durable()), new Completion<>() {
            @Override
            public void done(Outcome result) {
                traffic.settle(change);
                completion.done(result);
            }

            @Override
            public void failed(ErrorCode error) {
                traffic.settle(change);
                completion.failed(error);
            }
        });
    }

    /** A client's change whose object's head has to be known before it is ordered. */
    private final class WriteTurn implements ObjectTurns.Turn {
        private final @Nullable OperationId operation;
        private final ObjectChange change;
        private final Completion<Outcome> completion;

        WriteTurn(
                @Nullable OperationId operation,
                ObjectChange change,
                Completion<Outcome> completion) {
            this.operation = operation;
            this.change = change;
            this.completion = completion;
        }

        @Override
        public void failed(ErrorCode error) {
            completion.failed(error);
        }

        @Override
        public void abandoned() {
            completion.failed(ErrorCode.NO_PRIMARY);
        }

        @Override
        public void run(HeldObject head) {
            if (failed) {
                await(completion);
                return;
            }
            if (isRepetition(operation, completion)) {
                return;
            }
            ErrorCode refusal = group.around.guard.refusalOf(change);
            if (refusal != null) {
                completion.failed(refusal);
                return;
            }
            boolean missing = Group.worth(head).equals(ObjectVersion.NONE);
            switch (change.action()) {
                case CREATE -> proceed(head, change);
                case ENSURE ->
                    proceed(head, Changes.as(change, missing ? Action.CREATE : Action.WRITE));
                case WRITE, REMOVE -> {
                    if (missing) {
                        completion.failed(ErrorCode.NO_SUCH_OBJECT);
                    } else {
                        proceed(head, change);
                    }
                }
                case REMOVE_IF_EMPTY -> {
                    if (missing) {
                        completion.done(Outcome.DONE);
                    } else {
                        turns.keep(change.object());
                        // Later writes of the object wait meanwhile, so it stays as it is found.
                        traffic.afterOverlapping(
                                change.object(), 0, Long.MAX_VALUE, () -> look(head, 0));
                    }
                }
            }
        }

        private void proceed(HeldObject head, ObjectChange exact) {
            if (solo) {
                group.around.versions.forget(exact.object());
                applyAlone(exact, completion);
            } else {
                order(operation, exact, head, completion);
            }
        }

        private void look(HeldObject head, long offset) {
            if (over) {
                completion.failed(ErrorCode.NO_PRIMARY);
                return;
            }
            if (offset >= head.sizeBytes()) {
                proceed(head, ObjectChange.remove(change.object()));
                turns.leave(change.object());
                return;
            }
            int length = (int) Math.min(MAX_RANGE, head.sizeBytes() - offset);
            StoreRead range = new StoreRead(group.pg, change.object(), offset, length);
            group.store().allocated(range, new Completion<>() {
                @Override
                public void done(List<DataRange> stored) {
                    if (stored.isEmpty()) {
                        look(head, offset + length);
                    } else {
                        finish();
                    }
                }

                @Override
                public void failed(ErrorCode error) {
                    // Not known to be empty: it stays.
                    finish();
                }

                private void finish() {
                    turns.leave(change.object());
                    if (over) {
                        completion.failed(ErrorCode.NO_PRIMARY);
                    } else {
                        completion.done(Outcome.DONE);
                    }
                }
            });
        }
    }

    // Reads

    void read(ObjectId object, long offset, int length, Completion<Payload> completion) {
        if (solo) {
            reads.readAlone(object, offset, length, completion);
        } else {
            reads.read(object, offset, length, completion);
        }
    }

    void allocated(
            ObjectId object, long offset, int length, Completion<List<DataRange>> completion) {
        reads.allocated(object, offset, length, completion);
    }

    /** A deletion lists when nobody may write any more: what was ordered before must be there. */
    void list(ObjectId from, int max, Completion<List<ObjectId>> completion) {
        if (solo) {
            reads.list(from, max, completion);
            return;
        }
        writes.afterOrdered(new Completion<>() {
            @Override
            public void done(Outcome result) {
                reads.list(from, max, completion);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    void flush(Completion<Outcome> completion) {
        if (solo) {
            group.store().sync(completion);
        } else if (failed) {
            completion.failed(ErrorCode.NO_PRIMARY);
        } else {
            // Every write was synced on every copy before it was acknowledged.
            completion.done(Outcome.DONE);
        }
    }

    // Messages

    void onMessage(int from, GroupMessage message) {
        if (message instanceof Acknowledge answer) {
            onAcknowledge(from, answer);
        } else if (message instanceof Push push) {
            healing.onPush(from, push);
        } else if (!teaching.onAnswer(from, message)) {
            message.release();
        }
    }

    private void onAcknowledge(int from, Acknowledge answer) {
        if (answer.session() != 0) {
            if (answer.status() == ReplicaStatus.APPLIED) {
                writes.onPushed(from, answer.session(), answer.object(), answer.version());
            }
            teaching.onAnswer(from, answer);
            return;
        }
        if (!group.others().contains(from)) {
            return;
        }
        switch (answer.status()) {
            case APPLIED -> {
                if (repairs.isEnded(from, answer.object(), answer.version())) {
                    writes.onPushed(from, 0, answer.object(), answer.version());
                } else {
                    writes.onAcknowledged(from, 0, answer.object(), answer.version());
                }
            }
            case GAP -> repairs.onGap(from, answer.object(), answer.version());
            case NO_SPACE, IO_ERROR -> group.suspect(from, Evidence.STORE_FAILED);
        }
    }

    void onLost(int member) {
        repairs.onLost(member);
        teaching.onLost(member);
        group.around.ports.timers().after(RESEND_DELAY_NANOS, () -> {
            if (!over) {
                writes.resend(member);
            }
        });
    }
}
