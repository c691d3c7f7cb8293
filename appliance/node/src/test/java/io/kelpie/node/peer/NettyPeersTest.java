package io.kelpie.node.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.GatewayMessage.Response;
import io.kelpie.cluster.message.GroupMessage.Committed;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.message.LivenessMessage.Applied;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.node.runtime.BufferPayload;
import io.kelpie.wire.peer.Hello;
import io.kelpie.wire.peer.PeerHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;

/** Nodes that talk over real sockets. */
@ExtendWith(NoLeaks.class)
class NettyPeersTest {
    private static final long UNDER_WAY = 64L << 20;

    private final List<TestPeer> open = new ArrayList<>();

    @AfterEach
    void close() {
        open.forEach(TestPeer::close);
    }

    @Test
    void messagesOfAGroupArriveInOrder() throws Exception {
        TestPeer one = peer(1);
        TestPeer two = peer(2);
        connect(one, two);

        one.onCore(() -> {
            for (int i = 0; i < 1000; i++) {
                one.peers.send(two.id.node(), new Committed(new PgId(i % 16), 1, i));
            }
        });

        TreeMap<PgId, Long> last = new TreeMap<>();
        for (int i = 0; i < 1000; i++) {
            TestPeer.Heard heard = (TestPeer.Heard) two.hears(TestPeer.Heard.class::isInstance);
            assertThat(heard.from()).isEqualTo(one.id);
            Committed committed = (Committed) heard.message();
            Long before = last.put(committed.pg(), committed.sequence());
            assertThat(committed.sequence()).isGreaterThan(before == null ? -1 : before);
        }
    }

    @Test
    void thousandMessagesGoBothWays() throws Exception {
        TestPeer one = peer(1);
        TestPeer two = peer(2);
        connect(one, two);

        one.onCore(() -> sendWrites(one, two, 1000));
        two.onCore(() -> sendWrites(two, one, 1000));

        for (TestPeer receiver : List.of(one, two)) {
            for (int i = 0; i < 1000; i++) {
                Replicate replicate = (Replicate) receiver.hearsMessage();
                Payload payload = payloadOf(replicate);
                assertThat(payload.length()).isEqualTo(4096 + (int) replicate.committed());
                assertThat(payload.view().getLong(0)).isEqualTo(replicate.committed());
                replicate.release();
            }
        }
    }

    @Test
    void aLargePayloadArrivesWhole() throws Exception {
        TestPeer one = peer(1);
        TestPeer two = peer(2);
        connect(one, two);
        byte[] content = new byte[48 << 20];
        new Random(1).nextBytes(content);
        ByteBuf bytes = PooledByteBufAllocator.DEFAULT.directBuffer(content.length);
        bytes.writeBytes(content);

        one.send(two, new Response(5, new Answer.Bytes(BufferPayload.owning(bytes))));

        Response response = (Response) two.hearsMessage();
        ByteBuffer view = ((Answer.Bytes) response.answer()).payload().view();
        assertThat(view.equals(ByteBuffer.wrap(content))).isTrue();
        response.release();
    }

    @Test
    void onePayloadGoesToSeveralNodes() throws Exception {
        TestPeer one = peer(1);
        TestPeer two = peer(2);
        TestPeer three = peer(3);
        one.locate(two.location(), three.location());
        awaitUp(one, two);
        awaitUp(one, three);
        Payload payload = payload(1 << 20, 77);

        one.onCore(() -> {
            one.peers.send(two.id.node(), write(1, payload.retain()));
            one.peers.send(three.id.node(), write(1, payload.retain()));
            payload.release();
        });

        for (TestPeer receiver : List.of(two, three)) {
            Replicate replicate = (Replicate) receiver.hearsMessage();
            assertThat(payloadOf(replicate).length()).isEqualTo(1 << 20);
            assertThat(payloadOf(replicate).view().getLong(0)).isEqualTo(77);
            replicate.release();
        }
    }

    @Test
    void aMessageToTheNodeItselfArrives() throws Exception {
        TestPeer one = peer(1);

        one.send(one, new Applied(4));

        assertThat(one.hears(TestPeer.Heard.class::isInstance))
                .isEqualTo(new TestPeer.Heard(one.id, new Applied(4)));
    }

    @Test
    void nothingIsKeptForANodeThatIsNotThere() throws Exception {
        TestPeer one = peer(1);
        Payload unknown = payload(100, 1);
        Payload away = payload(100, 1);
        NodeId other = new NodeId(0, 2);
        int port = freePort();
        one.locate(TestPeer.at(other, port));

        one.onCore(() -> {
            one.peers.send(new NodeId(9, 9), write(1, unknown));
            one.peers.send(other, write(1, away));
        });

        assertThat(((BufferPayload) unknown).buffer().refCnt()).isZero();
        assertThat(((BufferPayload) away).buffer().refCnt()).isZero();
    }

    @Test
    void aPortWithoutListenerIsRefusedAndDialledAgain() throws Exception {
        TestPeer one = peer(1);
        int port = freePort();
        one.locate(TestPeer.at(new NodeId(0, 2), port));
        one.hearsNews("refused 2");
        one.hearsNews("refused 2");

        TestPeer two = new TestPeer(2, 1, 0, UNDER_WAY, port);
        open.add(two);
        one.hearsNews("lost 2");
        one.send(two, new Applied(1));

        assertThat(two.hearsMessage()).isEqualTo(new Applied(1));
    }

    @Test
    void aRestartedNodeIsSomebodyElse() throws Exception {
        TestPeer one = peer(1);
        TestPeer two = peer(2);
        connect(one, two);
        one.send(two, new Applied(1));
        assertThat(two.hearsMessage()).isEqualTo(new Applied(1));
        int port = two.address.getPort();
        open.remove(two);
        two.close();
        one.hearsNews("lost 2");

        TestPeer again = new TestPeer(2, 2, 0, UNDER_WAY, port);
        open.add(again);
        again.locate(one.location());
        again.hearsNews("lost 1");
        again.send(one, new Applied(7));

        TestPeer.Heard heard = (TestPeer.Heard) one.hears(TestPeer.Heard.class::isInstance);
        assertThat(heard).isEqualTo(new TestPeer.Heard(again.id, new Applied(7)));
        awaitUp(one, again);
        one.send(again, new Applied(8));
        assertThat(again.hearsMessage()).isEqualTo(new Applied(8));
    }

    @Test
    void aNodeThatIsNotLocatedAnyMoreIsNotTalkedTo() throws Exception {
        TestPeer one = peer(1);
        TestPeer two = peer(2);
        connect(one, two);

        one.locate();
        two.hearsNews("lost 1");
        Payload payload = payload(100, 1);
        one.onCore(() -> one.peers.send(two.id.node(), write(1, payload)));

        assertThat(((BufferPayload) payload).buffer().refCnt()).isZero();
    }

    @Test
    void aNodeOfAnotherClusterIsRefusedWithAReason() throws Exception {
        TestPeer one = new TestPeer(1, 1, 111, UNDER_WAY, 0);
        TestPeer two = new TestPeer(2, 1, 222, UNDER_WAY, 0);
        open.addAll(List.of(one, two));

        one.locate(two.location());

        assertThat(one.logs("it refuses"))
                .contains("its store belongs to the cluster created at 222 ns,"
                        + " yours to the one created at 111");
    }

    @Test
    void anotherNodeAtTheAddressIsRefusedWithAReason() throws Exception {
        TestPeer one = peer(1);
        TestPeer two = peer(2);

        one.locate(TestPeer.at(new NodeId(0, 3), two.address.getPort()));

        assertThat(one.logs("it refuses")).contains("node " + two.id.node() + " listens here");
    }

    @Test
    void anotherVersionIsRefusedWithAReason() throws Exception {
        TestPeer one = peer(1);
        try (Socket socket = dial(one)) {
            PeerId stranger = new PeerId(new NodeId(0, 8), 1);
            Hello hello = new Hello(7, 9, stranger, 0, 0, one.id.node(), 1, 0);
            socket.getOutputStream().write(new byte[] {'K', 'L', 'P', '1'});
            socket.getOutputStream().write(hello.encode().toBytes());

            assertThat(new String(socket.getInputStream().readAllBytes(), "UTF-8"))
                    .contains(
                            "it speaks versions 1 to 1 of the protocol between nodes, you 7 to 9");
        }
    }

    @Test
    void garbageOnThePortHarmsNobody() throws Exception {
        TestPeer one = peer(1);
        TestPeer two = peer(2);
        connect(one, two);
        for (byte[] garbage : List.of(
                "GET / HTTP/1.0\r\n\r\n".getBytes("US-ASCII"),
                "KLP1 and then nothing that is a frame, at some length".getBytes("US-ASCII"),
                new byte[200])) {
            try (Socket socket = dial(two)) {
                socket.getOutputStream().write(garbage);
                socket.shutdownOutput();
                assertEnds(socket.getInputStream());
            }
        }

        one.send(two, new Applied(3));

        assertThat(two.hearsMessage()).isEqualTo(new Applied(3));
    }

    @Test
    void aDamagedFrameEndsTheConnection() throws Exception {
        TestPeer one = peer(1);
        try (Socket socket = dial(one)) {
            PeerId stranger = new PeerId(new NodeId(0, 8), 1);
            Hello hello = Hello.of(stranger, 0, one.id.node(), 1, 1);
            socket.getOutputStream().write(new byte[] {'K', 'L', 'P', '1'});
            socket.getOutputStream().write(hello.encode().toBytes());
            byte[] answer = socket.getInputStream().readNBytes(PeerHeader.BYTES);
            assertThat(PeerHeader.decode(ByteBuffer.wrap(answer)).type().name()).isEqualTo("HELLO");
            byte[] frame =
                    io.kelpie.wire.peer.PeerEncoder.encode(new Applied(1)).toBytes();
            frame[frame.length - 1] ^= 1;
            socket.getOutputStream().write(frame);

            assertThat(new String(socket.getInputStream().readAllBytes(), "UTF-8"))
                    .contains("the checksum of APPLIED does not hold");
        }
        one.hearsNews("lost 8");
    }

    @Test
    void aReaderThatIsTooSlowLosesItsConnectionsAndNothingLeaks() throws Exception {
        TestPeer one = new TestPeer(1, 1, 0, 4L << 20, 0);
        TestPeer two = peer(2);
        open.add(one);
        connect(one, two);

        // One turn of the core: the socket cannot have taken anything in between.
        one.onCore(() -> {
            for (int i = 0; i < 200; i++) {
                one.peers.send(two.id.node(), write(1, payload(1 << 20, i)));
            }
        });

        one.hearsNews("lost 2");
        one.logs("it takes too slowly what is sent to it");
        awaitUp(one, two);
        one.send(two, new Applied(3));
        two.hears(heard -> heard instanceof TestPeer.Heard message
                && message.message().equals(new Applied(3)));
    }

    private TestPeer peer(long node) throws IOException {
        TestPeer peer = TestPeer.of(node);
        open.add(peer);
        return peer;
    }

    private static void connect(TestPeer one, TestPeer two) throws InterruptedException {
        one.locate(two.location());
        two.locate(one.location());
        awaitUp(one, two);
        awaitUp(two, one);
    }

    /** What is sent before the link is up is dropped. */
    private static void awaitUp(TestPeer from, TestPeer to) throws InterruptedException {
        from.logs("connected to node " + to.id.node());
    }

    private static void sendWrites(TestPeer from, TestPeer to, int count) {
        for (int i = 0; i < count; i++) {
            from.peers.send(to.id.node(), write(i, payload(4096 + i, i)));
        }
    }

    private static PeerMessage write(int number, Payload payload) {
        return new Replicate(
                new PgId(number % 64),
                1,
                0,
                ObjectVersion.NONE,
                new ObjectVersion(1, 1),
                null,
                number,
                ObjectChange.write(new ObjectId(number), List.of(Piece.of(0, payload)), true));
    }

    private static Payload payloadOf(Replicate replicate) {
        return Objects.requireNonNull(replicate.change().pieces().get(0).payload());
    }

    private static Payload payload(int length, long first) {
        ByteBuf bytes = PooledByteBufAllocator.DEFAULT.directBuffer(length);
        bytes.writeLongLE(first).writeZero(length - Long.BYTES);
        return BufferPayload.owning(bytes);
    }

    private static Socket dial(TestPeer peer) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), peer.address.getPort());
        socket.setSoTimeout((int) (TestPeer.LIMIT_SECONDS * 1000));
        return socket;
    }

    /** Closed in order or not: bytes that nobody read make it a reset. */
    private static void assertEnds(InputStream in) {
        try {
            in.readAllBytes();
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
