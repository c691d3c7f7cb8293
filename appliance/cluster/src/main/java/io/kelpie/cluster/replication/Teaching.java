package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Digest;
import io.kelpie.cluster.message.GroupMessage.Listing;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.ObjectDigest;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** The learners' part in the write path of an active primary. */
final class Teaching implements ActiveGroup {
    private final Group group;
    private final ObjectTurns turns;
    private final Repairs repairs;
    private final OpenWrites writes;
    private final TreeMap<Integer, Learner> learners = new TreeMap<>();
    private final PgEntry entry;

    Teaching(Group group, ObjectTurns turns, Repairs repairs, OpenWrites writes) {
        this.group = group;
        this.turns = turns;
        this.repairs = repairs;
        this.writes = writes;
        this.entry = group.entry();
    }

    private boolean isOver() {
        return writes.isClosed();
    }

    // What the write path asks

    void addRequired(OpenWrite write) {
        for (Learner learner : learners.values()) {
            if (learner.isRequired()) {
                write.awaiting.put(learner.member(), learner.session());
            }
        }
    }

    void send(OpenWrite write) {
        for (Learner learner : List.copyOf(learners.values())) {
            if (learner.isRequired() || learner.covers(write.object())) {
                write.shared = true;
                Replicate message = writes.message(write, learner.session());
                learner.onReplicated(message);
                writes.forward(learner.member(), message);
            } else {
                learner.onPassedBy(write.object());
            }
        }
    }

    /** Whose leases a read needs. */
    List<NodeId> givers() {
        List<NodeId> givers = new ArrayList<>();
        group.others().forEach(member -> givers.add(group.node(member)));
        for (Learner learner : learners.values()) {
            if (learner.isRequested()) {
                givers.add(group.node(learner.member()));
            }
        }
        return givers;
    }

    /** Hands an answer to the session it belongs to; false if there is none. */
    boolean onAnswer(int from, GroupMessage message) {
        Learner learner = learners.get(from);
        if (learner == null || learner.session() != sessionOf(message)) {
            return false;
        }
        learner.onAnswer(message);
        return true;
    }

    private static long sessionOf(GroupMessage message) {
        if (message instanceof Acknowledge answer) {
            return answer.session();
        }
        if (message instanceof Listing answer) {
            return answer.session();
        }
        return message instanceof Digest answer ? answer.session() : 0;
    }

    void onLost(int member) {
        Learner learner = learners.get(member);
        if (learner != null) {
            learner.onLost();
        }
    }

    // What the sessions ask

    @Override
    public PgId pg() {
        return group.pg;
    }

    @Override
    public PgEntry entry() {
        return entry;
    }

    @Override
    public NodeId node(int member) {
        return group.node(member);
    }

    @Override
    public void register(Learner learner) {
        if (isOver()) {
            return;
        }
        Invariant.check(
                entry.learners().contains(learner.member()), "a learner is named by the map");
        Learner before = learners.put(learner.member(), learner);
        Invariant.check(before == null, "one session for each learner", learner.member());
    }

    @Override
    public void unregister(Learner learner) {
        if (isOver()) {
            return;
        }
        Invariant.check(!learner.isRequested(), "a requested learner may be a member already");
        if (learners.remove(learner.member(), learner)) {
            writes.release(learner.member());
        }
    }

    @Override
    public void visit(ObjectId object, Completion<HeldObject> completion) {
        if (isOver()) {
            return;
        }
        turns.take(object, new ObjectTurns.Turn() {
            @Override
            public void run(HeldObject head) {
                completion.done(counted(head));
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }

            @Override
            public void abandoned() {}
        });
    }

    private static HeldObject counted(HeldObject head) {
        return head.version().equals(ObjectVersion.PARTIAL)
                ? new HeldObject(head.object(), ObjectVersion.NONE, 0)
                : head;
    }

    @Override
    public void listHeld(ObjectId from, int max, Completion<List<HeldObject>> completion) {
        group.store().listHeld(group.pg, from, max, new Current<List<HeldObject>>(completion) {
            @Override
            void whenCurrent(List<HeldObject> held) {
                completion.done(held.stream().map(Teaching::counted).toList());
            }
        });
    }

    @Override
    public void push(
            Learner learner,
            HeldObject found,
            int @Nullable [] sums,
            Completion<ObjectVersion> completion) {
        if (isOver()) {
            return;
        }
        if (sums == null || found.version().equals(ObjectVersion.NONE)) {
            push(learner, found, (boolean[]) null, completion);
            return;
        }
        turns.take(found.object(), new ObjectTurns.Turn() {
            @Override
            public void run(HeldObject head) {
                // No write may come between the comparison and the snapshot.
                turns.keep(found.object());
                group.store().digest(group.pg, found.object(), new Current<>(completion) {
                    @Override
                    void whenCurrent(ObjectDigest digest) {
                        boolean[] chunks = digest.held().sizeBytes() == found.sizeBytes()
                                ? differing(digest.sums(), sums)
                                : null;
                        repairs.begin(
                                target(learner, found, chunks),
                                found.object(),
                                () -> learner.onSnapshot(found.object()),
                                completion);
                        turns.leave(found.object());
                    }

                    @Override
                    void whenFailed() {
                        turns.leave(found.object());
                    }
                });
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }

            @Override
            public void abandoned() {}
        });
    }

    private void push(
            Learner learner,
            HeldObject found,
            boolean @Nullable [] chunks,
            Completion<ObjectVersion> completion) {
        repairs.push(
                target(learner, found, chunks),
                found.object(),
                () -> learner.onSnapshot(found.object()),
                completion);
    }

    private static PushSender.Target target(
            Learner learner, HeldObject found, boolean @Nullable [] chunks) {
        return new PushSender.Target(learner.member(), learner.session(), found.version(), chunks);
    }

    private static boolean @Nullable [] differing(int[] here, int[] there) {
        if (here.length != there.length) {
            return null;
        }
        boolean[] chunks = new boolean[here.length];
        for (int i = 0; i < chunks.length; i++) {
            chunks[i] = here[i] != there[i];
        }
        return chunks;
    }

    @Override
    public void send(Learner learner, GroupMessage message) {
        if (isOver()) {
            message.release();
        } else {
            group.send(learner.member(), message);
        }
    }

    /** Ends a call only while the epoch lasts. */
    private abstract class Current<T> implements Completion<T> {
        private final Completion<?> client;

        Current(Completion<?> client) {
            this.client = client;
        }

        abstract void whenCurrent(T result);

        void whenFailed() {}

        @Override
        public final void done(T result) {
            if (!isOver()) {
                whenCurrent(result);
            }
        }

        @Override
        public final void failed(ErrorCode error) {
            if (!isOver()) {
                whenFailed();
                client.failed(error);
            }
        }
    }
}
