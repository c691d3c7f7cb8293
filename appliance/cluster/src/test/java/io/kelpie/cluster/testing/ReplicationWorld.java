package io.kelpie.cluster.testing;

import io.kelpie.cluster.membership.ControllerLine;
import io.kelpie.cluster.membership.Leases;
import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
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
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Timers;
import io.kelpie.cluster.replication.Replication;
import io.kelpie.cluster.replication.ReplicationConfig;
import io.kelpie.cluster.replication.Rules;
import io.kelpie.cluster.replication.WriteGuard;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/**
 * Replication of several nodes and one placement group, without membership: a test says which map
 * each node has, which leases are held, and sees whom the nodes accuse.
 */
public final class ReplicationWorld {
    public static final PgId PG = new PgId(0);
    public static final ObjectId OBJECT = ObjectId.data(new VdiId(1), 0);
    public static final int SIZE = 1 << 20;
    public static final long MILLI = 1_000_000L;
    public static final long SECOND = 1_000_000_000L;

    public final Loop loop = new Loop();
    public final Payloads payloads = new Payloads();
    public final Network network = new Network(loop);
    private final List<Node> nodes = new ArrayList<>();
    private ClusterMap map = ClusterMap.EMPTY;
    private Rules rules = Rules.ALL;
    private int copies = 1;
    private int flags;
    private long operations;

    public ReplicationWorld(int count) {
        for (int i = 0; i < count; i++) {
            nodes.add(new Node(i));
        }
    }

    /** A world without some rule, to see what it is there for. */
    public ReplicationWorld(int count, Rules rules) {
        this.rules = rules;
        for (int i = 0; i < count; i++) {
            nodes.add(new Node(i));
        }
    }

    public void strictWith(int copiesWanted) {
        copies = copiesWanted;
        flags = ClusterSettings.FLAG_STRICT;
    }

    public Node node(int index) {
        return nodes.get(index);
    }

    public static NodeId id(int index) {
        return new NodeId(0, index + 1);
    }

    public static List<Integer> members(Integer... indexes) {
        return Arrays.asList(indexes);
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
        map = new ClusterMap(
                version,
                1,
                0,
                ClusterStatus.RUNNING,
                new ClusterSettings(1, flags, copies, 20, "plain"),
                members,
                List.of(new PgEntry(version, primary, sync, learners)));
    }

    public long epoch() {
        return map.group(PG).epoch();
    }

    /** The next operation of a client of some gateway. */
    public OperationId nextOperation() {
        return new OperationId(new PeerId(new NodeId(9, 9), 1), ++operations);
    }

    public void pass(long nanos) {
        loop.pass(nanos);
    }

    public ObjectChange create(ObjectId object, int value) {
        return ObjectChange.create(object, SIZE, List.of(piece(0, value)), true);
    }

    public ObjectChange put(ObjectId object, long offset, int value) {
        return ObjectChange.write(object, List.of(piece(offset, value)), true);
    }

    public ObjectChange ensure(ObjectId object, long offset, int value) {
        return ObjectChange.ensure(object, SIZE, List.of(piece(offset, value)), true);
    }

    private Piece piece(long offset, int value) {
        return Piece.of(offset, payloads.filled(4096, value));
    }

    /** Whom anybody accused. */
    public List<String> accusations() {
        List<String> all = new ArrayList<>();
        nodes.forEach(node -> all.addAll(node.accusations));
        return all;
    }

    /** One node; its disk outlives its processes. */
    public final class Node {
        public final int index;
        public final MemoryStore store;
        public final List<String> accusations = new ArrayList<>();
        public final List<String> traced = new ArrayList<>();

        /** Until when this node is bound by grants to others. */
        public final TreeMap<NodeId, Long> bound = new TreeMap<>();

        public boolean leaseHeld = true;
        public long quarantineEnd = Long.MIN_VALUE;
        public PeerId self;
        private final List<Runnable> afterGrant = new ArrayList<>();
        private List<NodeId> lastGivers = List.of();
        private MortalStore disk;
        private Replication replication;
        private boolean unclean;

        Node(int index) {
            this.index = index;
            this.self = new PeerId(id(index), 0);
            this.store = new MemoryStore(loop, payloads);
            this.disk = new MortalStore(store);
            this.replication = newProcess();
        }

        private Replication newProcess() {
            self = new PeerId(id(index), self.incarnation() + 1);
            MortalStore own = new MortalStore(store);
            disk = own;
            Peers peers = network.open(self);
            Timers timers = (nanos, task) -> loop.after(nanos, () -> {
                if (disk == own) {
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
                    new ReplicationConfig(unclean, rules));
            peers.listen(new Peers.Listener() {
                @Override
                public void onMessage(PeerId from, PeerMessage message) {
                    made.onMessage(from, (GroupMessage) message);
                }

                @Override
                public void onLost(NodeId node) {
                    made.onLost(node);
                }

                @Override
                public void onRefused(NodeId node) {}
            });
            return made;
        }

        public Replication replication() {
            return replication;
        }

        public List<NodeId> lastGivers() {
            return lastGivers;
        }

        public void installMap() {
            replication.install(map, map.member(self.node(), self.incarnation()));
        }

        /** The process dies. */
        public void kill() {
            disk.die();
            network.close(self.node());
            store.dropHeld();
        }

        /** Another process of the node, without a map. */
        public void restart() {
            kill();
            replication = newProcess();
        }

        /** As {@link #restart}, of a host that lost what was not synced. */
        public void restartUnclean() {
            unclean = true;
            restart();
            unclean = false;
        }

        public Ended<Outcome> write(ObjectChange change) {
            return write(nextOperation(), change);
        }

        /** The payloads are released when the write ends, as a gateway does. */
        public Ended<Outcome> write(OperationId operation, ObjectChange change) {
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
            replication.write(PG, epoch(), operation, change, ended);
            return ended;
        }

        public Ended<Payload> read(ObjectId object, long offset, int length) {
            Ended<Payload> ended = new Ended<>();
            replication.read(PG, epoch(), object, offset, length, ended);
            return ended;
        }

        /** The first byte of a page, read through the node. */
        public int value(ObjectId object, long offset) {
            Ended<Payload> ended = read(object, offset, 1);
            pass(20 * MILLI);
            Payload payload = ended.result();
            int value = Payloads.bytesOf(payload)[0];
            payload.release();
            return value;
        }

        /** The first byte of a page as it lies on the node's disk. */
        public int onDisk(ObjectId object, long offset) {
            return store.bytes(object, offset, 1)[0];
        }

        /** Grants arrive, or would have. */
        public void nextGrant() {
            List<Runnable> tasks = List.copyOf(afterGrant);
            afterGrant.clear();
            tasks.forEach(loop::post);
            loop.run();
        }

        private final class Neighbours implements Leases, ControllerLine {
            @Override
            public boolean isHeld(long groupEpoch, long mapVersion, List<NodeId> givers) {
                lastGivers = givers;
                return leaseHeld || givers.isEmpty();
            }

            @Override
            public long boundUntil(NodeId holder) {
                return bound.getOrDefault(holder, Long.MIN_VALUE);
            }

            @Override
            public long quarantineEnd() {
                return quarantineEnd;
            }

            @Override
            public void afterNextGrant(Runnable task) {
                afterGrant.add(task);
            }

            @Override
            public void suspect(NodeId accused, Evidence evidence, List<PgId> groups) {
                String line = index + " accuses " + (accused.low() - 1) + " of " + evidence;
                if (!accusations.contains(line)) {
                    accusations.add(line);
                }
            }

            @Override
            public void addLearner(PgId pg, long groupEpoch, int learner) {}
        }
    }
}
