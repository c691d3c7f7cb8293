// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.nbd.wire.Greeting;
import io.kelpie.nbd.wire.NbdConstants;
import io.kelpie.nbd.wire.ReplyChunk;
import io.kelpie.nbd.wire.SimpleReply;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * One connection without a socket: bytes in, bytes out, time by hand, every buffer counted. Test
 * thread only.
 */
final class Door implements AutoCloseable {

    final ServerState server;
    final EmbeddedChannel channel;
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    private final ByteBuf received = Unpooled.buffer();

    Door(ExportProvider exports) {
        this(exports, config().build());
    }

    Door(ExportProvider exports, NbdServerConfig config) {
        this(new ServerState(config, exports));
    }

    /** A further connection to the same server. */
    Door(ServerState server) {
        this.server = server;
        channel = new EmbeddedChannel();
        channel.config().setAllocator(allocator);
        channel.freezeTime();
        assertThat(server.connect(channel)).isTrue();
        channel.pipeline().addLast(new Handshake(server));
    }

    static NbdServerConfig.Builder config() {
        return NbdServerConfig.builder()
                .tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    /** A connection that is through the handshake and has swallowed its replies. */
    static Door serving(BlockDevice device) {
        return serving(device, config().build());
    }

    static Door serving(BlockDevice device, NbdServerConfig config) {
        var door = new Door(new Exports().with("disk", device), config);
        door.enter();
        return door;
    }

    /** A connection through the handshake whose client wants what the bytes ask for. */
    static Door serving(BlockDevice device, ClientBytes wishes) {
        return serving(device, wishes, config().build());
    }

    static Door serving(BlockDevice device, ClientBytes wishes, NbdServerConfig config) {
        var door = new Door(new Exports().with("disk", device), config);
        door.send(wishes.go("disk"));
        assertThat(door.received().readableBytes()).isPositive();
        door.received().clear();
        return door;
    }

    void enter() {
        send(new ClientBytes().flags().exportName("disk"));
        takeGreeting();
        assertThat(received().readableBytes()).isEqualTo(10);
        received.clear();
    }

    void send(ClientBytes bytes) {
        send(bytes.toArray());
    }

    void send(byte[] bytes) {
        if (channel.isOpen()) {
            channel.writeInbound(allocator.buffer().writeBytes(bytes));
        }
        channel.runPendingTasks();
    }

    /** Runs what other threads have brought. */
    void settle() {
        channel.runPendingTasks();
    }

    void advance(Duration time) {
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
    }

    /** All bytes the client has received and not consumed. */
    ByteBuf received() {
        channel.runPendingTasks();
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            received.writeBytes(part);
            part.release();
        }
        return received;
    }

    void takeGreeting() {
        var in = received();
        assertThat(in.readableBytes()).isGreaterThanOrEqualTo(Greeting.LENGTH_BYTES);
        assertThat(in.readLong()).isEqualTo(NbdConstants.INIT_MAGIC);
        assertThat(in.readLong()).isEqualTo(NbdConstants.OPTION_MAGIC);
        assertThat(in.readShort()).isEqualTo((short) 3);
    }

    /** The next reply's error and cookie; its payload, if any, is still to be read. */
    SimpleReply takeReply() {
        return SimpleReply.decode(received());
    }

    /** The next chunk's header; its content is still to be read. */
    ReplyChunk takeChunk() {
        return ReplyChunk.decode(received());
    }

    /** The next option reply's data, whose option and type are as expected. */
    ByteBuf takeOptionReply(int option, int type) {
        var in = received();
        assertThat(in.readLong()).isEqualTo(NbdConstants.OPTION_REPLY_MAGIC);
        assertThat(in.readInt()).isEqualTo(option);
        assertThat(in.readInt()).isEqualTo(type);
        return in.readSlice(in.readInt());
    }

    void expectAck(int option) {
        assertThat(takeOptionReply(option, NbdConstants.REP_ACK).isReadable()).isFalse();
    }

    void expectReply(long cookie) {
        assertThat(takeReply()).isEqualTo(new SimpleReply(0, cookie));
    }

    void expectFailure(long cookie, NbdError error) {
        assertThat(takeReply()).isEqualTo(new SimpleReply(error.number(), cookie));
    }

    void expectNothing() {
        assertThat(received().readableBytes()).as("bytes received").isZero();
    }

    void expectClosed() {
        settle();
        assertThat(channel.isOpen()).as("connection is open").isFalse();
    }

    void expectOpen() {
        settle();
        assertThat(channel.isOpen()).as("connection is open").isTrue();
    }

    /** Closes the connection as a client that goes without a word. */
    void vanish() {
        var unused = channel.close();
    }

    /** Closes as a client that vanishes, and checks that nothing stayed behind. */
    @Override
    public void close() {
        vanish();
        settle();
        received();
        channel.finishAndReleaseAll();
        assertThat(allocator.metric().usedDirectMemory())
                .as("direct bytes not released")
                .isZero();
        assertThat(allocator.metric().usedHeapMemory())
                .as("heap bytes not released")
                .isZero();
    }

    /** As {@link #close}, for the last connection of a server without calls in flight. */
    void closeQuiet() {
        close();
        assertThat(server.requestsInFlight).hasValue(0);
        assertThat(server.budget.usedBytes()).as("budget in use").isZero();
    }
}
