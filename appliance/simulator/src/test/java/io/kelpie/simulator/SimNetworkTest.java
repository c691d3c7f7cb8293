package io.kelpie.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.message.GatewayMessage;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.LivenessMessage;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

final class SimNetworkTest {
    private static final long SECOND = 1_000_000_000L;

    private final World world = new World(3);
    private final SimNetwork network = new SimNetwork(world, new CopyCarrier());
    private final End one = new End("one", 1);
    private final End two = new End("two", 2);

    @Test
    void messagesArriveOnceAndThoseOfOneGroupInTheirOrder() {
        meet();

        for (int i = 0; i < 50; i++) {
            one.peers.send(two.id.node(), query(i % 3, i));
        }
        run(SECOND);

        assertThat(two.received).hasSize(50);
        for (int group = 0; group < 3; group++) {
            PgId pg = new PgId(group);
            assertThat(two.received.stream()
                            .map(GroupMessage.Query.class::cast)
                            .filter(query -> query.pg().equals(pg))
                            .map(GroupMessage.Query::epoch)
                            .toList())
                    .isSorted();
        }
        assertThat(two.received.stream()
                        .map(m -> ((GroupMessage.Query) m).epoch())
                        .toList())
                .isNotEqualTo(two.received.stream()
                        .map(m -> ((GroupMessage.Query) m).epoch())
                        .sorted()
                        .toList());
    }

    @Test
    void payloadsAreGivenBackByTheSenderAndOwnedByTheReceiver() {
        meet();
        SimPayload payload = one.payloads.adopt(new byte[] {1, 2, 3}, "test");
        ObjectId object = ObjectId.data(new VdiId(1), 0);
        ObjectChange change = ObjectChange.write(object, List.of(Piece.of(0, payload)), true);

        one.peers.send(
                two.id.node(),
                new GroupMessage.Replicate(
                        new PgId(0),
                        1,
                        0,
                        ObjectVersion.NONE,
                        new ObjectVersion(1, 1),
                        null,
                        0,
                        change));
        assertThat(one.payloads.liveCount()).isZero();
        run(SECOND);

        assertThat(two.payloads.liveCount()).isEqualTo(1);
        two.received.get(0).release();
        assertThat(two.payloads.liveCount()).isZero();
        assertThatThrownBy(payload::release).isInstanceOf(SimulationFailure.class);
    }

    @Test
    void nothingIsQueuedForANodeThatIsNotConnected() {
        one.peers.send(two.id.node(), new LivenessMessage.MapRequest(1));
        meet();

        assertThat(two.received).isEmpty();
    }

    @Test
    void aNodeReachesItself() {
        one.peers.send(one.id.node(), new LivenessMessage.MapRequest(1));
        one.peers.send(one.id.node(), new LivenessMessage.MapRequest(2));
        run(SECOND);

        assertThat(one.received)
                .containsExactly(
                        new LivenessMessage.MapRequest(1), new LivenessMessage.MapRequest(2));
    }

    @Test
    void aDeadProcessIsRefusedAndTheBrokenConnectionTold() {
        meet();
        one.news.clear();

        two.process.kill();
        network.onProcessDied(two.peers);
        run(SECOND);

        assertThat(one.news).startsWith("lost two", "refused two");
    }

    @Test
    void aDeadHostSaysNothingButItsSilenceBreaksTheConnection() {
        meet();
        one.news.clear();

        two.process.kill();
        network.onHostDied(two.peers);
        run(SECOND);
        assertThat(one.news).isEmpty();

        run(3 * SECOND);
        assertThat(one.news).containsExactly("lost two");
    }

    @Test
    void ashortCutDelaysAndALongOneLoses() {
        meet();
        one.news.clear();
        network.cut("one", "two");
        one.peers.send(two.id.node(), new LivenessMessage.MapRequest(1));
        run(SECOND);
        assertThat(two.received).isEmpty();

        network.heal("one", "two");
        run(SECOND);
        assertThat(two.received).containsExactly(new LivenessMessage.MapRequest(1));
        assertThat(one.news).isEmpty();

        network.cut("one", "two");
        one.peers.send(two.id.node(), new LivenessMessage.MapRequest(2));
        run(3 * SECOND);
        assertThat(two.received).hasSize(1);
        assertThat(one.news).contains("lost two");
        assertThat(two.news).contains("lost one");

        two.peers.send(one.id.node(), new LivenessMessage.MapRequest(3));
        network.healAll();
        run(3 * SECOND);
        assertThat(one.received).isEmpty();
        one.peers.send(two.id.node(), new LivenessMessage.MapRequest(4));
        run(SECOND);
        assertThat(two.received).hasSize(2);
    }

    @Test
    void aResetLosesTheEndOfWhatIsUnderWay() {
        meet();
        int lost = 0;
        int kept = 0;
        for (int round = 0; round < 20; round++) {
            two.received.clear();
            for (int i = 0; i < 10; i++) {
                one.peers.send(two.id.node(), new LivenessMessage.MapRequest(i));
            }
            network.reset("one", "two");
            run(SECOND);
            for (int i = 0; i < two.received.size(); i++) {
                assertThat(two.received.get(i)).isEqualTo(new LivenessMessage.MapRequest(i));
            }
            kept += two.received.size();
            lost += 10 - two.received.size();
        }

        assertThat(kept).isPositive();
        assertThat(lost).isPositive();
    }

    @Test
    void aNewLifeOfAProcessIsConnectedAnew() {
        meet();
        one.process.kill();
        network.onHostDied(one.peers);
        End again = new End(one, 2);
        again.peers.locate(List.of(new Peers.Location(two.id.node(), two.endpoint)));
        run(SECOND / 2);

        two.peers.send(one.id.node(), new LivenessMessage.MapRequest(7));
        run(SECOND);

        assertThat(again.received).containsExactly(new LivenessMessage.MapRequest(7));
    }

    @Test
    void answersAreCopiedWithTheirBytes() {
        meet();
        SimPayload payload = one.payloads.adopt(new byte[] {5}, "test");

        one.peers.send(
                two.id.node(),
                new GatewayMessage.Response(1, new GatewayMessage.Answer.Bytes(payload)));
        run(SECOND);

        assertThat(two.payloads.liveCount()).isEqualTo(1);
        assertThat(one.payloads.liveCount()).isZero();
    }

    private static GroupMessage.Query query(int group, long epoch) {
        return new GroupMessage.Query(new PgId(group), epoch);
    }

    private void meet() {
        one.peers.locate(List.of(new Peers.Location(two.id.node(), two.endpoint)));
        two.peers.locate(List.of(new Peers.Location(one.id.node(), one.endpoint)));
        run(SECOND);
    }

    private void run(long nanos) {
        world.runUntil(() -> false, nanos);
    }

    private final class End implements Peers.Listener {
        private final PeerId id;
        private final Endpoint endpoint;
        private final SimProcess process;
        private final PayloadLedger payloads = new PayloadLedger(world);
        private final SimPeers peers;
        private final List<PeerMessage> received = new ArrayList<>();
        private final List<String> news = new ArrayList<>();

        private End(String name, int number) {
            id = new PeerId(new NodeId(0, number), 1);
            endpoint = new Endpoint(0, 0x7F000001L, 7000 + number);
            process = new SimProcess(world, name, 0, 1);
            network.addHost(name, endpoint);
            peers = network.connect(process, id, endpoint, payloads);
            peers.listen(this);
        }

        private End(End before, long incarnation) {
            id = new PeerId(before.id.node(), incarnation);
            endpoint = before.endpoint;
            process = new SimProcess(world, before.process.name(), 0, 1);
            peers = network.connect(process, id, endpoint, payloads);
            peers.listen(this);
        }

        @Override
        public void onMessage(PeerId from, PeerMessage message) {
            received.add(message);
        }

        @Override
        public void onLost(NodeId node) {
            news.add("lost " + nameOf(node));
        }

        @Override
        public void onRefused(NodeId node) {
            news.add("refused " + nameOf(node));
        }

        private String nameOf(NodeId node) {
            return node.low() == 1 ? "one" : "two";
        }
    }
}
