package io.kelpie.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.event.EventSources;
import io.kelpie.cluster.membership.EpochLog.Epoch;
import io.kelpie.cluster.message.ControlMessage.OrderKind;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.Loop;
import io.kelpie.cluster.testing.MemoryCoordinator;
import io.kelpie.cluster.testing.MemoryNetwork;
import io.kelpie.cluster.testing.MemorySession;
import io.kelpie.cluster.testing.MemoryStore;
import io.kelpie.cluster.testing.Payloads;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Memberships together with the watch and the real controller: start, format, restart, stop. */
class WatchedMembershipTest {
    private static final long SECOND = 1_000_000_000L;

    private final Loop loop = new Loop();
    private final Payloads payloads = new Payloads();
    private final MemoryCoordinator coordinator = new MemoryCoordinator(loop);
    private final MemoryNetwork network = new MemoryNetwork(loop);
    private final List<String> traced = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();

    WatchedMembershipTest() {
        for (int i = 1; i <= 3; i++) {
            nodes.add(new Node(i, new MemoryStore(loop, payloads), 1));
            loop.pass(SECOND);
        }
        loop.pass(10 * SECOND);
    }

    @Test
    void waitsForTheFirstFormat() {
        assertThat(nodes).allMatch(node -> node.membership.state() == NodeState.WAIT_FORMAT);
        assertThat(nodes).allMatch(node -> node.started.isDone());
    }

    @Test
    void anyNodeFormatsAndAllServeTheSameCluster() {
        Ended<Outcome> formatted = format(nodes.get(2));

        assertThat(formatted.isDone()).isTrue();
        assertThat(nodes).allMatch(node -> node.membership.state() == NodeState.MEMBER);
        assertThat(map().epoch()).isEqualTo(1);
        assertThat(map().members()).hasSize(3);
        assertThat(epochs()).extracting(Epoch::epoch).containsExactly(1);
        assertThat(nodes).allMatch(node -> node.epochs().equals(epochs()));
    }

    @Test
    void aSecondFormatStartsAtEpochOneAgain() {
        format(nodes.get(0));
        Ended<Outcome> again = format(nodes.get(1));

        assertThat(again.isDone()).isTrue();
        assertThat(map().epoch()).isEqualTo(1);
        assertThat(nodes).allMatch(node -> node.membership.state() == NodeState.MEMBER);
        assertThat(nodes).allMatch(node -> node.epochs().equals(epochs()));
        assertThat(epochs()).hasSize(1);
    }

    @Test
    void aKilledNodeComesBackAndAllAgreeOnTheEpochs() {
        format(nodes.get(0));
        kill(2);
        loop.pass(5 * SECOND);
        Node again = restart(2);
        loop.pass(15 * SECOND);

        assertThat(again.membership.state()).isEqualTo(NodeState.MEMBER);
        assertThat(again.membership.map()).isEqualTo(map());
        assertThat(epochs()).hasSizeGreaterThan(1);
        assertThat(epochs().get(epochs().size() - 1).epoch()).isEqualTo(map().epoch());
        assertThat(nodes).allMatch(node -> node.epochs().equals(epochs()));
    }

    @Test
    void theControllersDeathLosesNoEpoch() {
        format(nodes.get(1));
        kill(1);
        loop.pass(15 * SECOND);

        assertThat(nodes.get(1).membership.map()).isEqualTo(map());
        List<Epoch> epochs = nodes.get(1).epochs();
        assertThat(epochs.get(epochs.size() - 1).epoch()).isEqualTo(map().epoch());
        assertThat(nodes.get(2).epochs()).isEqualTo(epochs);
        assertThat(epochs.get(epochs.size() - 1).members())
                .extracting(Member::node)
                .containsExactly(nodes.get(1).id.node(), nodes.get(2).id.node());
    }

    @Test
    void aNewNodeJoinsAndHasTheWholeHistory() {
        format(nodes.get(0));
        Node fourth = new Node(4, new MemoryStore(loop, payloads), 1);
        nodes.add(fourth);
        loop.pass(10 * SECOND);

        assertThat(fourth.membership.state()).isEqualTo(NodeState.MEMBER);
        assertThat(map().epoch()).isEqualTo(2);
        assertThat(nodes).allMatch(node -> node.epochs().equals(epochs()));
        assertThat(epochs()).extracting(Epoch::epoch).containsExactly(1, 2);
    }

    @Test
    void anOrderToStopANodeReachesIt() {
        format(nodes.get(0));
        Ended<Outcome> ordered = new Ended<>();
        nodes.get(0).membership.order(OrderKind.KILL, nodes.get(2).id.node(), ordered);
        loop.pass(2 * SECOND);

        assertThat(ordered.isDone()).isTrue();
        assertThat(nodes.get(2).stops).containsExactly("KILLED");
        assertThat(Objects.requireNonNull(map().memberOf(nodes.get(2).id.node()))
                        .state())
                .isEqualTo(MemberState.DRAIN);

        Ended<Outcome> stopped = new Ended<>();
        nodes.get(2).membership.leave(stopped);
        loop.pass(12 * SECOND);
        assertThat(stopped.isDone()).isTrue();
    }

    @Test
    void aNodeThatStopsHandsItsGroupsOverFirst() {
        format(nodes.get(0));
        Ended<Outcome> stopped = new Ended<>();
        nodes.get(0).membership.leave(stopped);
        loop.pass(5 * SECOND);

        assertThat(stopped.isDone()).isTrue();
        assertThat(traced).noneMatch(text -> text.contains("leaving while"));
    }

    @Test
    void theClusterStopsAndStartsAgainInAnyOrder() {
        format(nodes.get(0));
        Ended<Outcome> ordered = new Ended<>();
        nodes.get(2).membership.order(OrderKind.SHUTDOWN, null, ordered);
        loop.pass(2 * SECOND);
        assertThat(ordered.isDone()).isTrue();
        assertThat(nodes).allMatch(node -> node.stops.contains("CLUSTER_SHUTDOWN"));
        assertThat(nodes).allMatch(node -> node.membership.state() == NodeState.CLUSTER_SHUTDOWN);
        for (Node node : nodes) {
            Ended<Outcome> stopped = new Ended<>();
            node.events.close(stopped);
            loop.pass(SECOND);
            assertThat(stopped.isDone()).isTrue();
        }
        kill(1);
        kill(2);
        kill(3);
        loop.pass(5 * SECOND);

        restart(3);
        loop.pass(SECOND);
        restart(1);
        loop.pass(SECOND);
        restart(2);
        loop.pass(30 * SECOND);

        assertThat(map().status()).isEqualTo(ClusterStatus.RUNNING);
        assertThat(nodes).allMatch(node -> node.membership.state() == NodeState.MEMBER);
        assertThat(nodes).allMatch(node -> node.epochs().equals(epochs()));
    }

    private ClusterMap map() {
        return coordinator.map();
    }

    private List<Epoch> epochs() {
        return nodes.get(0).epochs();
    }

    private Ended<Outcome> format(Node node) {
        Ended<Outcome> formatted = new Ended<>();
        node.membership.format(new ClusterSettings(loop.wallNanos(), 0, 3, 22, "plain"), formatted);
        loop.pass(5 * SECOND);
        return formatted;
    }

    private void kill(int number) {
        Node node = nodes.get(number - 1);
        node.dead = true;
        network.kill(node.id.node());
        node.session.kill();
        node.store.dropHeld();
    }

    private Node restart(int number) {
        Node old = nodes.get(number - 1);
        Node next = new Node(number, old.store, old.id.incarnation() + 1);
        nodes.set(number - 1, next);
        return next;
    }

    private final class Node
            implements ClusterWatch.News,
                    EventSources,
                    NodeNews,
                    Peers.Listener,
                    Coordinator.Listener {
        private final PeerId id;
        private final MemoryStore store;
        private final MemorySession session = coordinator.session();
        private final EventLog events;
        private final ClusterWatch watch;
        private final ClusterMembership membership;
        private final Ended<Outcome> started = new Ended<>();
        private final List<String> stops = new ArrayList<>();
        private boolean dead;

        Node(int number, MemoryStore store, long incarnation) {
            id = new PeerId(new NodeId(0, number), incarnation);
            this.store = store;
            Peers peers = network.join(id);
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
                    session,
                    peers,
                    (level, text) -> traced.add(number + ": " + text));
            FormatRecord formatRecord = new FormatRecord(() -> {});
            EpochLog epochs = new EpochLog(ports);
            events = new EventLog(ports, id.node(), incarnation, List.of(formatRecord, epochs))
                    .among(this);
            watch = new ClusterWatch(ports, id, ControlConfig.of(ClusterTimes.DEFAULT, 4), this);
            Endpoint endpoint = new Endpoint(0, 0x7F000000L + number, 7000);
            membership = new ClusterMembership(
                    ports,
                    events,
                    formatRecord,
                    epochs,
                    new Announcement(id, endpoint, endpoint, number, 10, 0, true),
                    watch.reports(),
                    (map, self) -> watch.onMap(map),
                    this);
            peers.listen(this);
            session.listen(this);
            membership.start(started);
        }

        List<Epoch> epochs() {
            return membership.epochs().epochs();
        }

        @Override
        public void onLoaded() {
            watch.start();
        }

        @Override
        public void onFormat(Runnable idle) {
            idle.run();
        }

        @Override
        public void onStop(StopReason reason) {
            stops.add(reason.name());
        }

        @Override
        public long eventsIndex() {
            return events.appliedIndex();
        }

        @Override
        public ClusterSettings formatted() {
            return membership.formatted();
        }

        @Override
        public void onNewerMap(NodeId from, long version) {
            membership.onPeerMap(from, version);
        }

        @Override
        public void onLaterEvents(NodeId from, long index) {
            events.onPeerApplied(from, index);
        }

        @Override
        public void append(byte kind, ByteBuffer body, Completion<Integer> completion) {
            events.submit(kind, body, completion);
        }

        @Override
        public void onNextMap(ClusterMap map) {
            membership.onOwnMap(map);
        }

        @Override
        public List<NodeId> others() {
            return membership.others();
        }

        @Override
        public long appliedByAll() {
            return 0;
        }

        @Override
        public void onStateReplaced() {}

        @Override
        public void onMessage(PeerId from, PeerMessage message) {
            if (!dead) {
                boolean known = watch.onMessage(from, message)
                        || membership.onMessage(from, message)
                        || events.onMessage(from, message);
                assertThat(known).as("%s", message).isTrue();
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
            membership.onMapMaybeChanged();
            watch.onMapMaybeChanged();
        }

        @Override
        public void onEventsMaybeChanged() {
            events.onEventsMaybeChanged();
        }

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
