package io.kelpie.cluster.membership;

import io.kelpie.cluster.event.Barrier;
import io.kelpie.cluster.event.EventApplier;
import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.event.EventOutcome;
import io.kelpie.cluster.event.EventSources;
import io.kelpie.cluster.message.ControlMessage;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.StoreOperation.DropEverything;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.Ensemble;
import io.kelpie.cluster.testing.Loop;
import io.kelpie.cluster.testing.MemoryStore;
import io.kelpie.cluster.testing.Mesh;
import io.kelpie.cluster.testing.Payloads;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Several nodes' memberships over one coordinator, in virtual time. The test is the controller: it
 * writes the maps.
 */
final class Nodes {
    static final long SECOND = 1_000_000_000L;
    static final byte KIND = 9;
    static final int GROUPS = 4;

    final Loop loop = new Loop();
    final Ensemble ensemble = new Ensemble(loop);
    final Mesh mesh = new Mesh(loop);
    final List<Node> nodes = new ArrayList<>();
    private final Payloads payloads = new Payloads();

    /** Nodes 1 to count, all members of a formatted cluster. */
    static Nodes serving(int count) {
        Nodes all = new Nodes();
        for (int i = 1; i <= count; i++) {
            all.add().start();
        }
        Ended<Outcome> formatted = all.node(1).format(1000);
        all.loop.pass(SECOND);
        all.putFormatMap();
        all.loop.pass(SECOND);
        if (!formatted.isDone()) {
            throw new IllegalStateException("the format did not end");
        }
        return all;
    }

    Node add() {
        Node node = new Node(new NodeId(0, nodes.size() + 1L), new MemoryStore(loop, payloads), 1);
        nodes.add(node);
        return node;
    }

    Node node(int number) {
        return nodes.get(number - 1);
    }

    /** Another life of a node with the same store, not started. */
    Node reborn(int number) {
        Node old = node(number);
        old.kill();
        Node next = new Node(old.id.node(), old.store, old.id.incarnation() + 1);
        nodes.set(number - 1, next);
        return next;
    }

    /** What the controller writes after a format: all nodes at epoch 1. */
    void putFormatMap() {
        ClusterMap map = ensemble.map();
        Node any = node(1);
        List<Member> members = members();
        long version = map.version() + 1;
        ensemble.put(new ClusterMap(
                version,
                1,
                any.events.appliedIndex(),
                ClusterStatus.RUNNING,
                any.membership.formatted(),
                members,
                groups(version, members.size())));
    }

    /** What the controller writes after a change of members: the living lives, a new epoch. */
    void putMembers() {
        ClusterMap map = ensemble.map();
        long version = map.version() + 1;
        ensemble.put(new ClusterMap(
                version,
                map.epoch() + 1,
                map.eventsIndex(),
                map.status(),
                map.settings(),
                members(),
                groups(version, nodes.size())));
    }

    void putStatus(ClusterStatus status) {
        ensemble.put(MapEdit.withStatus(ensemble.map(), status));
    }

    /** The same map with another version. */
    ClusterMap at(long version) {
        ClusterMap map = ensemble.map();
        return new ClusterMap(
                version,
                map.epoch(),
                map.eventsIndex(),
                map.status(),
                map.settings(),
                map.members(),
                map.groups());
    }

    /** The members with the first node's state, and all groups led by another. */
    void putState(int number, MemberState state, @Nullable Integer primary) {
        ClusterMap map = ensemble.map();
        long version = map.version() + 1;
        List<Member> members = map.members().stream()
                .map(each -> each.node().equals(node(number).id.node())
                        ? each.inState(state, version)
                        : each)
                .toList();
        List<PgEntry> groups = map.groups().stream()
                .map(each -> primary == null
                        ? each
                        : new PgEntry(version, primary, each.sync(), each.learners()))
                .toList();
        ensemble.put(new ClusterMap(
                version,
                map.epoch(),
                map.eventsIndex(),
                map.status(),
                map.settings(),
                members,
                groups));
    }

    private List<Member> members() {
        List<Member> members = new ArrayList<>();
        for (Node node : nodes) {
            members.add(new Member(
                    members.size(),
                    node.id.node(),
                    node.id.incarnation(),
                    node.endpoint(),
                    members.size(),
                    10));
        }
        return members;
    }

    private static List<PgEntry> groups(long version, int members) {
        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            all.add(i);
        }
        List<PgEntry> groups = new ArrayList<>();
        for (int i = 0; i < GROUPS; i++) {
            groups.add(new PgEntry(version, 0, all, List.of()));
        }
        return groups;
    }

    /** One process. */
    final class Node {
        final PeerId id;
        final MemoryStore store;
        final Ensemble.Door door;
        final List<String> traced = new ArrayList<>();
        final List<ClusterMap> installed = new ArrayList<>();
        final List<String> news = new ArrayList<>();
        final List<PeerMessage> orders = new ArrayList<>();
        final Numbers numbers = new Numbers();
        final EventLog events;
        final Reports reports;
        final EpochLog epochs;
        final ClusterMembership membership;
        final Barrier barrier;
        final List<NodeId> silent = new ArrayList<>();
        final Ended<Outcome> started = new Ended<>();

        /** What holds a format or a barrier back, if a test says so. */
        final List<Runnable> held = new ArrayList<>();

        boolean holds;
        boolean replacedState;
        long appliedByAll = Long.MAX_VALUE;
        private boolean dead;

        Node(NodeId node, MemoryStore store, long incarnation) {
            id = new PeerId(node, incarnation);
            this.store = store;
            door = ensemble.door();
            Peers peers = mesh.join(id);
            Ports ports = new Ports(
                    loop,
                    (nanos, task) -> loop.after(nanos, () -> {
                        if (!dead) {
                            task.run();
                        }
                    }),
                    () -> 4,
                    payloads,
                    store,
                    door,
                    peers,
                    (level, text) -> traced.add(text));
            FormatRecord formatRecord = new FormatRecord(() -> {});
            epochs = new EpochLog(ports);
            events = new EventLog(ports, node, incarnation, List.of(formatRecord, epochs, numbers))
                    .among(new Sources());
            reports = new Reports(ports, id, ClusterTimes.DEFAULT);
            membership = new ClusterMembership(
                    ports,
                    events,
                    formatRecord,
                    epochs,
                    new Announcement(id, endpoint(), endpoint(), 1, 10, 0, true),
                    reports,
                    (map, self) -> {
                        installed.add(map);
                        reports.onMap(map);
                        barrierOnMap(map);
                    },
                    new News());
            barrier = new Barrier(ports, id, events, this::settle, silent::add);
            peers.listen(new Dispatch());
            door.listen(new DoorBell());
        }

        Endpoint endpoint() {
            return new Endpoint(0, 0x7F000001L, (int) (7000 + id.node().low()));
        }

        Node start() {
            membership.start(started);
            loop.pass(SECOND / 10);
            return this;
        }

        void kill() {
            dead = true;
            door.away(true);
            door.leave();
            mesh.cut(id.node(), false);
            mesh.join(id);
            store.dropHeld();
        }

        Ended<Outcome> format(long created) {
            Ended<Outcome> formatted = new Ended<>();
            membership.format(new ClusterSettings(created, 0, 3, 22, "plain"), formatted);
            return formatted;
        }

        Ended<Integer> submit(int number) {
            Ended<Integer> submitted = new Ended<>();
            events.submit(KIND, ByteBuffer.wrap(new byte[] {(byte) number}), submitted);
            return submitted;
        }

        /** Sees this process as the controller. */
        void leads(Node controller, long term) {
            reports.onController(controller.id, term);
        }

        boolean isDrained() {
            return store.log().stream().anyMatch(DropEverything.class::isInstance);
        }

        private void barrierOnMap(ClusterMap map) {
            barrier.onMap(map);
        }

        private void settle(Runnable task) {
            if (holds) {
                held.add(task);
            } else {
                task.run();
            }
        }

        private final class Sources implements EventSources {
            @Override
            public List<NodeId> others() {
                return membership.others();
            }

            @Override
            public long appliedByAll() {
                return appliedByAll;
            }

            @Override
            public void onStateReplaced() {
                replacedState = true;
            }
        }

        private final class News implements NodeNews {
            @Override
            public void onLoaded() {
                news.add("LOADED");
            }

            @Override
            public void onFormat(Runnable idle) {
                news.add("FORMAT");
                settle(idle);
            }

            @Override
            public void onStop(StopReason reason) {
                news.add(reason.name());
            }
        }

        private final class Dispatch implements Peers.Listener {
            @Override
            public void onMessage(PeerId from, PeerMessage message) {
                if (dead) {
                    return;
                }
                boolean taken = membership.onMessage(from, message)
                        || events.onMessage(from, message)
                        || barrier.onMessage(from, message);
                if (!taken && message instanceof ControlMessage) {
                    orders.add(message);
                }
            }

            @Override
            public void onLost(NodeId node) {}

            @Override
            public void onRefused(NodeId node) {}
        }

        private final class DoorBell implements Coordinator.Listener {
            @Override
            public void onMapMaybeChanged() {
                if (!dead) {
                    membership.onMapMaybeChanged();
                }
            }

            @Override
            public void onEventsMaybeChanged() {
                if (!dead) {
                    events.onEventsMaybeChanged();
                }
            }
        }
    }

    /** Adds up numbers. */
    static final class Numbers implements EventApplier {
        int sum;
        int count;

        @Override
        public byte kind() {
            return KIND;
        }

        @Override
        public EventOutcome apply(ByteBuffer body) {
            int number = body.get();
            if (number == 0) {
                return EventOutcome.refused(ErrorCode.INVALID_ARGUMENT);
            }
            sum += number;
            count++;
            return EventOutcome.applied(sum);
        }

        @Override
        public ByteBuffer save() {
            return ByteBuffer.allocate(4).putInt(0, sum);
        }

        @Override
        public void restore(ByteBuffer saved) {
            sum = saved.duplicate().order(ByteOrder.BIG_ENDIAN).getInt();
        }
    }
}
