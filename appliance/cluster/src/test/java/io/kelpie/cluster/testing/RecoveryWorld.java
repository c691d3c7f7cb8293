package io.kelpie.cluster.testing;

import io.kelpie.cluster.membership.ControllerLine;
import io.kelpie.cluster.membership.Leases;
import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.RecoveryMessage;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Timers;
import io.kelpie.cluster.recovery.RecoveryConfig;
import io.kelpie.cluster.recovery.RecoverySessions;
import io.kelpie.cluster.replication.Replication;
import io.kelpie.cluster.replication.ReplicationConfig;
import io.kelpie.cluster.replication.Rules;
import io.kelpie.cluster.replication.WriteGuard;

import java.util.ArrayList;
import java.util.List;

/**
 * Nodes with replication and recovery and one placement group, without membership: a test makes the
 * maps, and sees who asks for whose addition. Leases are always held.
 */
public final class RecoveryWorld {
    public static final PgId PG = new PgId(0);
    public static final int SIZE = 1 << 20;
    public static final long MILLI = 1_000_000L;
    public static final long SECOND = 1_000_000_000L;

    public final Loop loop = new Loop();
    public final Payloads payloads = new Payloads();
    public final Network network = new Network(loop);
    /** Additions asked for: epoch and member. */
    public final List<String> requests = new ArrayList<>();

    private final List<Node> nodes = new ArrayList<>();
    private ClusterMap map = ClusterMap.EMPTY;
    private long operations;

    public RecoveryWorld(int count) {
        for (int i = 0; i < count; i++) {
            nodes.add(new Node(i));
        }
    }

    public Node node(int index) {
        return nodes.get(index);
    }

    public static NodeId id(int index) {
        return new NodeId(0, index + 1);
    }

    public static ObjectId object(int index) {
        return ObjectId.data(new VdiId(1), index);
    }

    public long epoch() {
        return map.group(PG).epoch();
    }

    /** Makes the next map and installs it at all living nodes. */
    public void everywhere(int primary, List<Integer> sync, List<Integer> learners) {
        makeMap(primary, sync, learners);
        nodes.forEach(Node::installMap);
        loop.run();
    }

    /** Makes the next map; nodes have it when they install it. */
    public void makeMap(int primary, List<Integer> sync, List<Integer> learners) {
        long version = map.version() + 1;
        List<Member> members = new ArrayList<>();
        for (Node node : nodes) {
            members.add(new Member(
                    node.index,
                    node.self.node(),
                    node.self.incarnation(),
                    new Endpoint(0, 1, 7000 + node.index),
                    node.index,
                    100));
        }
        List<Integer> target = new ArrayList<>(sync);
        target.addAll(learners);
        map = new ClusterMap(
                version,
                1,
                0,
                ClusterStatus.RUNNING,
                new ClusterSettings(1, 0, 2, 20, "plain"),
                members,
                List.of(new PgEntry(version, primary, sync, learners, target)));
    }

    public void pass(long nanos) {
        loop.pass(nanos);
    }

    public ObjectChange create(int object, int value) {
        return ObjectChange.create(
                object(object),
                SIZE,
                List.of(ObjectChange.Piece.of(0, payloads.filled(4096, value))),
                true);
    }

    public ObjectChange put(int object, long offset, int value) {
        return ObjectChange.write(
                object(object),
                List.of(ObjectChange.Piece.of(offset, payloads.filled(4096, value))),
                true);
    }

    /** One node; its disk outlives its processes. */
    public final class Node {
        public final int index;
        public final MemoryStore store = new MemoryStore(loop, payloads);
        public final List<String> traced = new ArrayList<>();
        public PeerId self;
        private MortalStore disk;
        private Replication replication;
        private RecoverySessions recovery;
        private boolean alive = true;

        Node(int index) {
            this.index = index;
            this.self = new PeerId(id(index), 0);
            this.disk = new MortalStore(store);
            start();
        }

        private void start() {
            self = new PeerId(id(index), self.incarnation() + 1);
            MortalStore own = new MortalStore(store);
            disk = own;
            alive = true;
            Peers peers = network.open(self);
            Timers timers = (nanos, task) -> loop.after(nanos, () -> {
                if (disk == own && alive) {
                    task.run();
                }
            });
            Ports ports = new Ports(
                    loop,
                    timers,
                    () -> 4,
                    payloads,
                    own,
                    new MemoryCoordinator(loop),
                    peers,
                    (level, text) -> traced.add(text));
            Neighbours neighbours = new Neighbours();
            Replication made = new Replication(
                    ports,
                    self,
                    neighbours,
                    neighbours,
                    WriteGuard.NONE,
                    new ReplicationConfig(false, Rules.ALL));
            RecoverySessions taught =
                    new RecoverySessions(ports, self, neighbours, RecoveryConfig.DEFAULT);
            made.teach(taught);
            replication = made;
            recovery = taught;
            peers.listen(new Peers.Listener() {
                @Override
                public void onMessage(PeerId from, PeerMessage message) {
                    if (message instanceof RecoveryMessage word) {
                        taught.onMessage(from, word);
                    } else {
                        made.onMessage(from, (GroupMessage) message);
                    }
                }

                @Override
                public void onLost(NodeId node) {
                    made.onLost(node);
                }

                @Override
                public void onRefused(NodeId node) {}
            });
        }

        public Replication replication() {
            return replication;
        }

        public RecoverySessions recovery() {
            return recovery;
        }

        public void installMap() {
            if (alive) {
                Member member = map.member(self.node(), self.incarnation());
                recovery.onMap(map, member);
                replication.install(map, member);
            }
        }

        /** The process dies. */
        public void kill() {
            alive = false;
            disk.die();
            network.close(self.node());
            store.dropHeld();
        }

        /** Another process of the node, without a map. */
        public void restart() {
            kill();
            start();
        }

        /** The payloads are released when the write ends, as a gateway does. */
        public Ended<Outcome> write(ObjectChange change) {
            Ended<Outcome> ended = new Ended<>() {
                @Override
                public void done(Outcome value) {
                    super.done(value);
                    change.releasePieces();
                }

                @Override
                public void failed(ErrorCode code) {
                    super.failed(code);
                    change.releasePieces();
                }
            };
            OperationId operation = new OperationId(new PeerId(new NodeId(9, 9), 1), ++operations);
            replication.write(PG, epoch(), operation, change, ended);
            return ended;
        }

        private final class Neighbours implements Leases, ControllerLine {
            @Override
            public boolean isHeld(long groupEpoch, long mapVersion, List<NodeId> givers) {
                return true;
            }

            @Override
            public long boundUntil(NodeId holder) {
                return Long.MIN_VALUE;
            }

            @Override
            public long quarantineEnd() {
                return Long.MIN_VALUE;
            }

            @Override
            public void afterNextGrant(Runnable task) {
                loop.post(task);
            }

            @Override
            public void suspect(NodeId accused, Evidence evidence, List<PgId> groups) {}

            @Override
            public void addLearner(PgId pg, long groupEpoch, int learner) {
                requests.add(groupEpoch + " adds " + learner);
            }
        }
    }
}
