package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.ControlMessage.OrderReply;
import io.kelpie.cluster.message.LivenessMessage.MapRequest;
import io.kelpie.cluster.message.LivenessMessage.MapUpdate;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.testing.Loop;
import io.kelpie.cluster.testing.MemoryCoordinator;
import io.kelpie.cluster.testing.MemoryNetwork;
import io.kelpie.cluster.testing.MemorySession;
import io.kelpie.cluster.testing.MemoryStore;
import io.kelpie.cluster.testing.Payloads;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Nodes that do nothing but watch each other and have maps edited. */
final class Cluster {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1000 * MILLI;
    static final int PART_BITS = 4;

    final Loop loop = new Loop();
    final Payloads payloads = new Payloads();
    final MemoryCoordinator coordinator = new MemoryCoordinator(loop);
    final MemoryNetwork network = new MemoryNetwork(loop);
    final List<String> traced = new ArrayList<>();
    final TreeMap<Integer, Node> nodes = new TreeMap<>();
    final List<ByteBuffer> appended = new ArrayList<>();
    final List<ClusterMap> written = new ArrayList<>();
    final ControlConfig config;
    ClusterSettings formatted = ClusterSettings.UNFORMATTED;

    Cluster(ControlConfig config) {
        this.config = config;
    }

    static ControlConfig config() {
        return ControlConfig.of(ClusterTimes.DEFAULT, PART_BITS);
    }

    /** Nodes 1 to count, formatted with as many copies as given, at rest. */
    static Cluster formatted(int count, int copies) {
        return formatted(count, copies, config());
    }

    static Cluster formatted(int count, int copies, ControlConfig config) {
        Cluster cluster = new Cluster(config);
        for (int i = 1; i <= count; i++) {
            cluster.start(i);
        }
        cluster.pass(4 * SECOND);
        cluster.format(copies);
        cluster.pass(SECOND);
        cluster.learnAll();
        return cluster;
    }

    void format(int copies) {
        formatted = new ClusterSettings(77, 0, copies, 22, "plain");
        nodes.values().forEach(node -> node.watch.reports().emptied(77));
    }

    static NodeId id(int number) {
        return new NodeId(0, number);
    }

    Node start(int number) {
        return start(number, announcement -> announcement);
    }

    Node start(int number, java.util.function.UnaryOperator<Announcement> wish) {
        Node before = nodes.get(number);
        long incarnation = before == null ? 1 : before.id.incarnation() + 1;
        Node node = new Node(new PeerId(id(number), incarnation));
        nodes.put(number, node);
        Endpoint endpoint = new Endpoint(0, 0x7F000000L + number, 7000);
        node.begin(wish.apply(new Announcement(
                node.id, endpoint, endpoint, number, 100, formatted.createdNanos(), true)));
        return node;
    }

    /** The process dies and its host says so. */
    void kill(int number) {
        Node node = node(number);
        network.kill(node.id.node());
        node.watch.close();
        node.session.kill();
        node.dead = true;
    }

    void hang(int number) {
        network.hang(id(number), true);
    }

    Node node(int number) {
        Node node = nodes.get(number);
        if (node == null) {
            throw new AssertionError("no node " + number);
        }
        return node;
    }

    ClusterMap map() {
        return coordinator.map();
    }

    void pass(long nanos) {
        loop.pass(nanos);
    }

    /** Time passes until maps stop changing, with every learner getting in sync at once. */
    void learnAll() {
        for (int i = 0; i < 40; i++) {
            learn();
            pass(SECOND / 4);
        }
    }

    private void learn() {
        ClusterMap map = map();
        for (int partition = 0; partition < map.groups().size(); partition++) {
            var entry = map.groups().get(partition);
            if (entry.primary() < 0) {
                continue;
            }
            Node primary = node((int) map.member(entry.primary()).node().low());
            if (!primary.dead && primary.map.version() == map.version()) {
                for (int learner : entry.learners()) {
                    primary.watch
                            .reports()
                            .addLearner(
                                    new io.kelpie.cluster.model.PgId(partition),
                                    entry.epoch(),
                                    learner);
                }
            }
        }
    }

    final class Node implements ClusterWatch.News, Peers.Listener, Coordinator.Listener {
        final PeerId id;
        final MemorySession session = coordinator.session();
        final ClusterWatch watch;
        final List<OrderReply> replies = new ArrayList<>();
        final Ports ports;
        final MemoryStore store;
        ClusterMap map = ClusterMap.EMPTY;
        boolean dead;

        Node(PeerId id) {
            this.id = id;
            Peers peers = network.join(id);
            store = new MemoryStore(loop, payloads);
            ports = new Ports(
                    loop,
                    loop,
                    () -> 4,
                    payloads,
                    store,
                    session,
                    peers,
                    (level, text) -> traced.add(id.node().low() + ": " + text));
            peers.listen(this);
            session.listen(this);
            watch = new ClusterWatch(ports, id, config, this);
        }

        void begin(Announcement announcement) {
            session.announce(announcement);
            watch.start();
        }

        void install(ClusterMap next) {
            if (!dead && next.version() > map.version()) {
                map = next;
                watch.onMap(next);
            }
        }

        @Override
        public long eventsIndex() {
            return 5;
        }

        @Override
        public ClusterSettings formatted() {
            return formatted;
        }

        @Override
        public void onNewerMap(NodeId from, long version) {
            ports.peers().send(from, new MapRequest(map.version()));
        }

        @Override
        public void onLaterEvents(NodeId from, long index) {
            throw new AssertionError("all are at the same event");
        }

        @Override
        public void onNextMap(ClusterMap next) {
            written.add(next);
            install(next);
            for (Node other : nodes.values()) {
                ports.peers().send(other.id.node(), new MapUpdate(next));
            }
        }

        @Override
        public void append(byte kind, ByteBuffer body, Completion<Integer> completion) {
            appended.add(body);
            loop.after(MILLI, () -> completion.done(0));
        }

        @Override
        public void onMessage(PeerId from, PeerMessage message) {
            if (dead || watch.onMessage(from, message)) {
                return;
            }
            if (message instanceof MapUpdate update) {
                install(update.map());
            } else if (message instanceof MapRequest) {
                ports.peers().send(from.node(), new MapUpdate(map));
            } else if (message instanceof OrderReply reply) {
                replies.add(reply);
            }
        }

        @Override
        public void onLost(NodeId node) {}

        @Override
        public void onRefused(NodeId node) {
            watch.onRefused(node);
        }

        @Override
        public void onMapMaybeChanged() {
            watch.onMapMaybeChanged();
        }

        @Override
        public void onEventsMaybeChanged() {}

        @Override
        public void onAnnouncedMaybeChanged() {
            watch.onAnnouncedMaybeChanged();
        }

        @Override
        public void onConnection(Coordinator.Connection connection) {
            watch.onConnection(connection);
        }
    }
}
