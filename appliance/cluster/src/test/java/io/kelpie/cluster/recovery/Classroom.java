package io.kelpie.cluster.recovery;

import io.kelpie.cluster.membership.ControllerLine;
import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Digest;
import io.kelpie.cluster.message.GroupMessage.DigestRequest;
import io.kelpie.cluster.message.GroupMessage.ListRequest;
import io.kelpie.cluster.message.GroupMessage.Listing;
import io.kelpie.cluster.message.GroupMessage.ReplicaStatus;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.RecoveryMessage;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.ObjectDigest;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.replication.ActiveGroup;
import io.kelpie.cluster.replication.Learner;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.Loop;
import io.kelpie.cluster.testing.MemoryCoordinator;
import io.kelpie.cluster.testing.MemoryStore;
import io.kelpie.cluster.testing.Payloads;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * A primary and a learner of groups, as simple as can be: what replication does is done at once
 * here. Member 0 leads, member 1 learns.
 */
final class Classroom {
    static final int SIZE = 1 << 18;
    static final NodeId PRIMARY = new NodeId(1, 1);
    static final NodeId LEARNER = new NodeId(2, 2);
    private static final PeerId PRIMARY_PROCESS = new PeerId(PRIMARY, 1);
    private static final PeerId LEARNER_PROCESS = new PeerId(LEARNER, 1);

    final Loop loop = new Loop();
    final Payloads payloads = new Payloads();
    final MemoryStore primary = new MemoryStore(loop, payloads);
    final MemoryStore learner = new MemoryStore(loop, payloads);
    final List<String> requests = new ArrayList<>();
    final List<String> suspicions = new ArrayList<>();
    final List<PgId> pushedGroups = new ArrayList<>();
    final RecoverySessions sessions;
    final RecoverySessions receiver;
    private final List<Runnable> stalledMessages = new ArrayList<>();
    private ClusterMap map;
    private long sequence;
    private boolean stalled;
    private boolean writesStalled;
    private long pushedBytes;
    private Runnable duringPush = () -> {};

    Classroom(RecoveryConfig config) {
        ControllerLine controller = new ControllerLine() {
            @Override
            public void suspect(NodeId accused, Evidence evidence, List<PgId> groups) {
                suspicions.add(evidence + " " + accused);
            }

            @Override
            public void addLearner(PgId pg, long epoch, int member) {
                requests.add(pg + " " + epoch + " " + member);
            }
        };
        sessions = new RecoverySessions(
                ports(primary, this::toLearner), PRIMARY_PROCESS, controller, config);
        receiver = new RecoverySessions(
                ports(learner, this::toPrimary), LEARNER_PROCESS, controller, config);
        map = map(0, List.of());
        sessions.onMap(map, map.members().get(0));
    }

    private Ports ports(MemoryStore store, Sender sender) {
        Peers peers = new Peers() {
            @Override
            public void send(NodeId to, PeerMessage message) {
                sender.send((RecoveryMessage) message);
            }

            @Override
            public void locate(List<Location> nodes) {}

            @Override
            public void listen(Listener listener) {}
        };
        return new Ports(
                loop,
                loop,
                () -> 4,
                payloads,
                store,
                new MemoryCoordinator(loop),
                peers,
                (level, text) -> {});
    }

    private interface Sender {
        void send(RecoveryMessage message);
    }

    private void toLearner(RecoveryMessage message) {
        deliver(() -> receiver.onMessage(PRIMARY_PROCESS, message));
    }

    private void toPrimary(RecoveryMessage message) {
        deliver(() -> sessions.onMessage(LEARNER_PROCESS, message));
    }

    private void deliver(Runnable arrival) {
        if (stalled) {
            stalledMessages.add(arrival);
        } else {
            loop.post(arrival);
        }
    }

    static ClusterMap map(int flags, List<PgEntry> groups) {
        return new ClusterMap(
                5,
                1,
                0,
                ClusterStatus.RUNNING,
                flags,
                new ClusterSettings(1, 0, 2, 22, ""),
                List.of(member(0, PRIMARY), member(1, LEARNER)),
                groups);
    }

    static Member member(int index, NodeId node) {
        return new Member(index, node, 1, new Endpoint(0, 0x7F000001L, 7000 + index), index, 100);
    }

    void switchRecovery(boolean on) {
        map = map(on ? 0 : ClusterMap.FLAG_NO_RECOVERY, List.of());
        sessions.onMap(map, map.members().get(0));
    }

    /** The learner gets and answers nothing until {@link #goOn}. */
    void stall() {
        stalled = true;
    }

    /** Writes sent to the learner are on their way until {@link #goOn}. */
    void stallWrites() {
        writesStalled = true;
    }

    void goOn() {
        stalled = false;
        writesStalled = false;
        stalledMessages.forEach(loop::post);
        stalledMessages.clear();
    }

    void duringNextPush(Runnable action) {
        duringPush = action;
    }

    long pushedBytes() {
        return pushedBytes;
    }

    static ObjectId object(int index) {
        return ObjectId.data(new VdiId(3), index);
    }

    /** What both sides hold before the session. */
    void give(MemoryStore store, PgId pg, ObjectId object, ObjectVersion version, int value) {
        store.write(
                new StoreBatch(
                        List.of(
                                new StoreOperation.Create(pg, object, SIZE, version),
                                new StoreOperation.Write(
                                        pg, object, version, 0, payloads.filled(4096, value))),
                        true),
                new Ended<>());
    }

    void overwrite(
            MemoryStore store,
            PgId pg,
            ObjectId object,
            ObjectVersion version,
            long at,
            int value) {
        store.write(
                new StoreBatch(
                        List.of(new StoreOperation.Write(
                                pg, object, version, at, payloads.filled(4096, value))),
                        true),
                new Ended<>());
    }

    ObjectVersion nextVersion() {
        return new ObjectVersion(9, ++sequence);
    }

    Group group(int partition, List<Integer> sync) {
        return new Group(new PgId(partition), sync);
    }

    /** A group that the primary leads. */
    final class Group implements ActiveGroup {
        private final PgId pg;
        private final PgEntry entry;
        private @Nullable Learner session;
        private boolean over;

        Group(PgId pg, List<Integer> sync) {
            this.pg = pg;
            this.entry = new PgEntry(9, 0, sync, List.of(1), List.of(0, 1));
        }

        void begin() {
            sessions.onActive(this);
        }

        void end() {
            over = true;
            sessions.onOver(this);
        }

        @Nullable
        Learner session() {
            return session;
        }

        /** A client's write of a page. */
        void write(ObjectId object, int value) {
            ObjectVersion previous = primary.versionOf(object);
            ObjectVersion version = nextVersion();
            boolean creates = previous.equals(ObjectVersion.NONE);
            List<ObjectChange.Piece> pieces =
                    List.of(ObjectChange.Piece.of(0, payloads.filled(4096, value)));
            ObjectChange change = creates
                    ? ObjectChange.create(object, SIZE, pieces, true)
                    : ObjectChange.write(object, pieces, true);
            if (creates) {
                give(primary, pg, object, version, value);
            } else {
                overwrite(primary, pg, object, version, 0, value);
            }
            Learner taking = session;
            if (taking == null) {
                return;
            }
            if (taking.covers(object)) {
                Replicate message =
                        new Replicate(pg, 9, taking.session(), previous, version, null, 0, change);
                taking.onReplicated(message);
                Runnable arrival = () -> receive(taking, message, value);
                if (writesStalled) {
                    stalledMessages.add(arrival);
                } else {
                    deliver(arrival);
                }
            } else {
                taking.onPassedBy(object);
            }
        }

        private void receive(Learner from, Replicate message, int value) {
            ObjectId object = message.change().object();
            ObjectVersion held = learner.versionOf(object);
            ReplicaStatus status = ReplicaStatus.APPLIED;
            if (!held.equals(message.previous())) {
                status = ReplicaStatus.GAP;
            } else if (held.equals(ObjectVersion.NONE)) {
                give(learner, pg, object, message.version(), value);
            } else {
                overwrite(learner, pg, object, message.version(), 0, value);
            }
            acknowledge(from, object, message.version(), status);
        }

        private void acknowledge(
                Learner to, ObjectId object, ObjectVersion version, ReplicaStatus status) {
            Acknowledge answer = new Acknowledge(
                    pg, 9, to.session(), object, version, status, learner.versionOf(object));
            deliver(() -> answer(to, answer));
        }

        private void answer(Learner to, GroupMessage message) {
            if (to == session && !over) {
                to.onAnswer(message);
            }
        }

        @Override
        public PgId pg() {
            return pg;
        }

        @Override
        public PgEntry entry() {
            return entry;
        }

        @Override
        public NodeId node(int member) {
            return member == 0 ? PRIMARY : LEARNER;
        }

        @Override
        public void register(Learner registered) {
            session = registered;
        }

        @Override
        public void unregister(Learner registered) {
            session = null;
        }

        @Override
        public void visit(ObjectId object, Completion<HeldObject> completion) {
            loop.post(() -> completion.done(heldBy(primary, object)));
        }

        private HeldObject heldBy(MemoryStore store, ObjectId object) {
            return new HeldObject(object, store.versionOf(object), store.has(object) ? SIZE : 0);
        }

        @Override
        public void listHeld(ObjectId from, int max, Completion<List<HeldObject>> completion) {
            primary.listHeld(pg, from, max, completion);
        }

        @Override
        public void push(
                Learner to,
                HeldObject found,
                int @Nullable [] sums,
                Completion<ObjectVersion> completion) {
            ObjectId object = found.object();
            HeldObject own = heldBy(primary, object);
            to.onSnapshot(object);
            byte[] bytes = own.sizeBytes() == 0 ? new byte[0] : primary.bytes(object, 0, SIZE);
            pushedGroups.add(pg);
            Runnable meanwhile = duringPush;
            duringPush = () -> {};
            deliver(() -> receivePush(to, found, own, sums, bytes));
            loop.post(() -> {
                completion.done(own.version());
                meanwhile.run();
            });
        }

        private void receivePush(
                Learner from,
                HeldObject expected,
                HeldObject own,
                int @Nullable [] sums,
                byte[] bytes) {
            ObjectId object = own.object();
            ObjectVersion held = learner.versionOf(object);
            if (!held.equals(expected.version()) && !held.equals(own.version())) {
                acknowledge(from, object, own.version(), ReplicaStatus.GAP);
                return;
            }
            List<StoreOperation> operations = new ArrayList<>();
            if (own.sizeBytes() == 0) {
                if (!held.equals(ObjectVersion.NONE)) {
                    operations.add(new StoreOperation.Remove(pg, object));
                }
            } else {
                operations.add(
                        sums == null
                                ? new StoreOperation.Create(pg, object, SIZE, ObjectVersion.PARTIAL)
                                : new StoreOperation.SetVersion(pg, object, ObjectVersion.PARTIAL));
                addChunks(operations, object, sums, bytes);
                operations.add(new StoreOperation.SetVersion(pg, object, own.version()));
            }
            learner.write(new StoreBatch(operations, true), new Ended<>());
            acknowledge(from, object, own.version(), ReplicaStatus.APPLIED);
        }

        private void addChunks(
                List<StoreOperation> operations,
                ObjectId object,
                int @Nullable [] sums,
                byte[] bytes) {
            int chunk = ObjectDigest.CHUNK_BYTES;
            for (int i = 0; i < bytes.length / chunk; i++) {
                boolean sent = !same(bytes, i, sums == null ? 0 : sums[i]);
                if (sent) {
                    byte[] part = new byte[chunk];
                    System.arraycopy(bytes, i * chunk, part, 0, chunk);
                    operations.add(new StoreOperation.Write(
                            pg,
                            object,
                            ObjectVersion.PARTIAL,
                            (long) i * chunk,
                            payloads.of(part)));
                    pushedBytes += chunk;
                }
            }
        }

        private boolean same(byte[] bytes, int index, int sum) {
            CRC32C crc = new CRC32C();
            int chunk = ObjectDigest.CHUNK_BYTES;
            crc.update(bytes, index * chunk, chunk);
            boolean empty = true;
            for (int i = 0; i < chunk; i++) {
                empty &= bytes[index * chunk + i] == 0;
            }
            return empty ? sum == 0 : sum == (int) crc.getValue();
        }

        @Override
        public void send(Learner from, GroupMessage message) {
            deliver(() -> {
                if (message instanceof ListRequest request) {
                    learner.listHeld(pg, request.from(), request.max(), new Answer<>() {
                        @Override
                        public void done(List<HeldObject> held) {
                            boolean last = held.size() < request.max();
                            deliver(() -> answer(
                                    from,
                                    new Listing(
                                            pg, 9, request.session(), request.from(), held, last)));
                        }
                    });
                } else if (message instanceof DigestRequest request) {
                    learner.digest(pg, request.object(), new Answer<>() {
                        @Override
                        public void done(ObjectDigest digest) {
                            deliver(() ->
                                    answer(from, new Digest(pg, 9, request.session(), digest)));
                        }
                    });
                }
            });
        }
    }

    private abstract static class Answer<T> implements Completion<T> {
        @Override
        public void failed(ErrorCode error) {
            throw new AssertionError(error);
        }
    }
}
