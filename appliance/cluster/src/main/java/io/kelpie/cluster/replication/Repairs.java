package io.kelpie.cluster.replication;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.ObjectSnapshot;

import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Pushes objects from an active primary, with the writes that follow kept behind each push. */
final class Repairs {
    private final Group group;
    private final ObjectTurns turns;
    private final PushLanes lanes;
    private final BooleanSupplier over;
    private final Consumer<ObjectId> damaged;

    /** Repairs of in-sync members, with the version that was sent, or NONE before. */
    private final TreeMap<Integer, TreeMap<ObjectId, ObjectVersion>> open = new TreeMap<>();

    private boolean closed;

    Repairs(
            Group group,
            ObjectTurns turns,
            PushLanes lanes,
            BooleanSupplier over,
            Consumer<ObjectId> damaged) {
        this.group = group;
        this.turns = turns;
        this.lanes = lanes;
        this.over = over;
        this.damaged = damaged;
    }

    /** A member found that it misses a write, or that a push did not fit. */
    void onGap(int member, ObjectId object, ObjectVersion refused) {
        TreeMap<ObjectId, ObjectVersion> repairs =
                open.computeIfAbsent(member, id -> new TreeMap<>());
        ObjectVersion sent = repairs.get(object);
        boolean underWay =
                sent != null && (sent.equals(ObjectVersion.NONE) || refused.compareTo(sent) < 0);
        if (underWay || lanes.isOpen(member, object)) {
            return;
        }
        repairs.put(object, ObjectVersion.NONE);
        push(
                new PushSender.Target(member, 0, ObjectVersion.NONE, null),
                object,
                () -> {},
                new Sent(member, object));
    }

    /** Whether an acknowledgement ends a repair. */
    boolean isEnded(int member, ObjectId object, ObjectVersion version) {
        TreeMap<ObjectId, ObjectVersion> repairs = open.get(member);
        if (repairs == null || !version.equals(repairs.get(object))) {
            return false;
        }
        repairs.remove(object);
        return true;
    }

    void onLost(int member) {
        open.remove(member);
    }

    void close() {
        closed = true;
    }

    /** Pushes an object as it is in its turn; writes ordered later follow behind the push. */
    void push(
            PushSender.Target target,
            ObjectId object,
            Runnable onSnapshot,
            Completion<ObjectVersion> completion) {
        turns.take(object, new ObjectTurns.Turn() {
            @Override
            public void run(HeldObject head) {
                begin(target, object, onSnapshot, completion);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }

            @Override
            public void abandoned() {}
        });
    }

    /** The same within the object's turn. */
    void begin(
            PushSender.Target target,
            ObjectId object,
            Runnable onSnapshot,
            Completion<ObjectVersion> completion) {
        if (lanes.isOpen(target.member(), object)) {
            completion.failed(ErrorCode.BUSY);
            return;
        }
        lanes.open(target.member(), object);
        onSnapshot.run();
        group.store().openSnapshot(group.pg, object, new Completion<>() {
            @Override
            public void done(ObjectSnapshot snapshot) {
                if (closed) {
                    snapshot.close();
                } else {
                    send(target, object, snapshot, completion);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                end(target, object, error, completion);
            }
        });
    }

    private void send(
            PushSender.Target target,
            ObjectId object,
            ObjectSnapshot snapshot,
            Completion<ObjectVersion> completion) {
        new PushSender(group, target, snapshot, () -> !closed, new Completion<>() {
                    @Override
                    public void done(ObjectVersion version) {
                        lanes.close(target.member(), object);
                        completion.done(version);
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        end(target, object, error, completion);
                    }
                })
                .start();
    }

    private void end(
            PushSender.Target target,
            ObjectId object,
            ErrorCode error,
            Completion<ObjectVersion> completion) {
        if (closed) {
            return;
        }
        lanes.close(target.member(), object);
        if (error == ErrorCode.CORRUPT_OBJECT && !over.getAsBoolean()) {
            damaged.accept(object);
        }
        completion.failed(error);
    }

    private final class Sent implements Completion<ObjectVersion> {
        private final int member;
        private final ObjectId object;

        Sent(int member, ObjectId object) {
            this.member = member;
            this.object = object;
        }

        @Override
        public void done(ObjectVersion version) {
            TreeMap<ObjectId, ObjectVersion> repairs = open.get(member);
            if (repairs != null && repairs.containsKey(object)) {
                repairs.put(object, version);
            }
        }

        @Override
        public void failed(ErrorCode error) {
            // The write is sent again, refused again, and then the next attempt begins.
            TreeMap<ObjectId, ObjectVersion> repairs = open.get(member);
            if (repairs != null) {
                repairs.remove(object);
            }
        }
    }
}
