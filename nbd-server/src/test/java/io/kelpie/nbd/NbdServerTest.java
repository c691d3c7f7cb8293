// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.kelpie.nbd.wire.NbdConstants;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.nio.NioIoHandler;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The server over real sockets. */
@ExtendWith(NoLeaks.class)
@Timeout(60)
class NbdServerTest {

    private static final long SIZE = 4 << 20;

    @TempDir
    private Path directory;

    private final MemoryDevice disk = new MemoryDevice(SIZE);
    private final Exports exports = new Exports().with("disk", disk);

    @Test
    void servesOverTcpAndUnixSocketAtOnce() throws IOException {
        var path = directory.resolve("nbd.sock");
        try (var server = NbdServer.start(tcp().unixSocket(path).build(), exports)) {
            assertThat(server.boundAddresses()).hasSize(2);
            try (var tcp = BlockingClient.serving(server.boundAddresses().get(0), "disk");
                    var unix = BlockingClient.serving(UnixDomainSocketAddress.of(path), "disk")) {
                tcp.send(new ClientBytes().write(1, 0, new byte[] {1, 2, 3}));
                assertThat(tcp.takeReply().error()).isZero();
                unix.send(new ClientBytes().read(2, 0, 3));
                assertThat(unix.takeReply().error()).isZero();

                assertThat(unix.takeBytes(3)).containsExactly(1, 2, 3);
            }
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void aPortInUseIsOneClearSentence() {
        try (var first = NbdServer.start(tcp().build(), exports)) {
            var address = (InetSocketAddress) first.boundAddresses().get(0);
            var config = NbdServerConfig.builder().tcp(address).build();

            assertThatThrownBy(() -> NbdServer.start(config, exports))
                    .isInstanceOfSatisfying(
                            NbdServerException.class,
                            e -> assertThat(e.kind())
                                    .isEqualTo(NbdServerException.Kind.ADDRESS_IN_USE))
                    .hasMessage("cannot listen on 127.0.0.1:" + address.getPort()
                            + ": another process listens there; stop it or choose another address");
        }
    }

    @Test
    void aForeignOrUnknownAddressIsOneClearSentence() throws IOException {
        var documentation = InetAddress.getByAddress(new byte[] {(byte) 192, 0, 2, 1});
        var foreign = NbdServerConfig.builder()
                .tcp(new InetSocketAddress(documentation, 0))
                .build();
        assertThatThrownBy(() -> NbdServer.start(foreign, exports))
                .isInstanceOf(NbdServerException.class)
                .hasMessageStartingWith("cannot listen on 192.0.2.1:0: ");

        var unknown = NbdServerConfig.builder()
                .tcp(InetSocketAddress.createUnresolved("no-such-host.invalid", 1))
                .build();
        assertThatThrownBy(() -> NbdServer.start(unknown, exports))
                .isInstanceOf(NbdServerException.class)
                .hasMessageContaining("no such host");
    }

    @Test
    void whatWasOpenedBeforeAFailureIsClosedAgain() throws IOException {
        var path = directory.resolve("plain");
        Files.writeString(path, "not a socket");
        var port = freePort();
        var config = NbdServerConfig.builder()
                .tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .unixSocket(path)
                .build();

        assertThatThrownBy(() -> NbdServer.start(config, exports))
                .hasMessageContaining("not a socket");

        assertThat(path).hasContent("not a socket");
        var again = NbdServerConfig.builder()
                .tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .build();
        try (var server = NbdServer.start(again, exports)) {
            assertThat(server.boundAddresses()).hasSize(1);
        }
    }

    @Test
    void aDeadServersSocketFileIsReplaced() throws IOException {
        var path = directory.resolve("nbd.sock");
        var dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        dead.bind(UnixDomainSocketAddress.of(path));
        dead.close();
        assertThat(path).exists();

        try (var server = NbdServer.start(unix(path), exports);
                var client = BlockingClient.serving(server.boundAddresses().get(0), "disk")) {
            client.send(new ClientBytes().flush(1));
            assertThat(client.takeReply().error()).isZero();
        }
    }

    @Test
    void aLiveServersSocketIsRefusedAndKept() throws IOException {
        var path = directory.resolve("nbd.sock");
        try (var live = NbdServer.start(unix(path), exports)) {
            assertThatThrownBy(() -> NbdServer.start(unix(path), exports))
                    .isInstanceOf(NbdServerException.class)
                    .hasMessage("cannot listen on Unix socket " + path
                            + ": another process listens there; stop it or choose another path");

            try (var client = BlockingClient.serving(live.boundAddresses().get(0), "disk")) {
                client.send(new ClientBytes().flush(1));
                assertThat(client.takeReply().error()).isZero();
            }
        }
    }

    @Test
    void aMissingDirectoryIsOneClearSentence() {
        var path = directory.resolve("missing/nbd.sock");

        assertThatThrownBy(() -> NbdServer.start(unix(path), exports))
                .isInstanceOf(NbdServerException.class)
                .hasMessageContaining(path.toString());
    }

    @Test
    void usesTheCallersThreadsAndLeavesThemRunning() throws IOException {
        var group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try {
            try (var server = NbdServer.start(tcp().build(), exports, group);
                    var client = BlockingClient.serving(server.boundAddresses().get(0), "disk")) {
                client.send(new ClientBytes().flush(1));
                assertThat(client.takeReply().error()).isZero();
            }
            assertThat(group.isShuttingDown()).isFalse();
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }

    @Test
    void refusesThreadsOfAnotherKind() {
        var group = new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());
        try {
            assertThatThrownBy(() -> NbdServer.start(tcp().build(), exports, group))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("NioIoHandler");
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }

    @Test
    void oneConnectionTooManyIsClosedAndMakesRoomLater() throws IOException {
        try (var server = NbdServer.start(tcp().maxConnections(1).build(), exports)) {
            var address = server.boundAddresses().get(0);
            try (var first = BlockingClient.serving(address, "disk");
                    var second = new BlockingClient(address)) {
                second.expectClosed();
                first.send(new ClientBytes().flush(1));
                assertThat(first.takeReply().error()).isZero();
                assertThat(server.stats().connectionsRefusedTotal()).isEqualTo(1);
            }
            await().until(() -> server.stats().connections() == 0);
            try (var third = BlockingClient.serving(address, "disk")) {
                third.send(new ClientBytes().flush(1));
                assertThat(third.takeReply().error()).isZero();
            }
        }
    }

    @Test
    void aSilentClientIsClosedAtTheHandshakeLimit() throws IOException {
        var config = tcp().handshakeLimit(Duration.ofMillis(50)).build();
        try (var server = NbdServer.start(config, exports);
                var client = new BlockingClient(server.boundAddresses().get(0))) {
            client.takeGreeting();

            client.expectClosed();
        }
    }

    @Test
    void aClientThatTakesNoRepliesIsClosedAndItsBytesAreFreed() throws IOException {
        var config = tcp().stallLimit(Duration.ofMillis(200))
                .maxRequestBytes(1 << 20)
                .connectionBudgetBytes(16 << 20)
                .serverBudgetBytes(16 << 20)
                .build();
        try (var server = NbdServer.start(config, exports);
                var client = BlockingClient.serving(server.boundAddresses().get(0), "disk")) {
            var reads = new ClientBytes();
            for (var i = 0; i < 64; i++) {
                reads.read(i, 0, 1 << 20);
            }
            client.send(reads);

            await().untilAsserted(() -> assertThat(server.stats().connections()).isZero());
            await().untilAsserted(
                            () -> assertThat(server.stats().budgetUsedBytes()).isZero());
            assertThat(server.stats().requestsInFlight()).isZero();
        }
    }

    @Test
    void manyClientsWithSlowDevicesSeeTheirOwnBytes() throws Exception {
        var seed = Long.getLong("kelpie.seed", System.nanoTime());
        var executor = Executors.newScheduledThreadPool(2);
        var slow = new SlowDevice(disk, executor, 300, seed);
        var config = tcp().connectionBudgetBytes(32 << 20)
                .serverBudgetBytes(32 << 20)
                .build();
        try (var server = NbdServer.start(config, new Exports().with("disk", slow))) {
            var failures = new ArrayList<Throwable>();
            var threads = new ArrayList<Thread>();
            for (var i = 0; i < 8; i++) {
                var client = i;
                threads.add(new Thread(() -> {
                    try {
                        readBackInAnyOrder(server, client, seed + client);
                    } catch (IOException | RuntimeException | AssertionError e) {
                        synchronized (failures) {
                            failures.add(e);
                        }
                    }
                }));
            }
            threads.forEach(Thread::start);
            for (var thread : threads) {
                thread.join();
            }

            assertThat(failures).as("-Dkelpie.seed=" + seed).isEmpty();
            await().until(() -> server.stats().connections() == 0);
            assertThat(server.stats().budgetUsedBytes()).isZero();
            assertThat(server.stats().requestsInFlight()).isZero();
        } finally {
            executor.shutdown();
        }
        assertThat(disk.closes()).isEqualTo(8);
    }

    /** Each client owns a stripe; 64 writes and reads in flight. */
    private static void readBackInAnyOrder(NbdServer server, int client, long seed)
            throws IOException {
        var stripe = client * (SIZE / 8);
        var random = new Random(seed);
        try (var socket = BlockingClient.serving(server.boundAddresses().get(0), "disk")) {
            for (var round = 0; round < 5; round++) {
                var written = new HashMap<Long, byte[]>();
                var writes = new ClientBytes();
                var reads = new ClientBytes();
                for (var slot = 0L; slot < 64; slot++) {
                    var data = new byte[1 + random.nextInt(4096)];
                    random.nextBytes(data);
                    written.put(slot, data);
                    writes.write(slot, stripe + slot * 4096, data);
                    reads.read(slot, stripe + slot * 4096, data.length);
                }
                socket.send(writes);
                for (var i = 0; i < 64; i++) {
                    assertThat(socket.takeReply().error()).isZero();
                }
                socket.send(reads);
                for (var i = 0; i < 64; i++) {
                    var reply = socket.takeReply();
                    var data = Objects.requireNonNull(written.get(reply.cookie()));
                    assertThat(reply.error()).isZero();
                    assertThat(socket.takeBytes(data.length)).isEqualTo(data);
                }
            }
            socket.send(new ClientBytes().disconnect());
            socket.expectClosed();
        }
    }

    @Test
    void closingWaitsForRequestsInFlightAndForDevices() throws Exception {
        var held = new HeldDevice(SIZE, DeviceLimits.writable());
        var server = NbdServer.start(tcp().build(), new Exports().with("disk", held));
        try (var client = BlockingClient.serving(server.boundAddresses().get(0), "disk")) {
            client.send(new ClientBytes().write(1, 0, new byte[10]));
            await().until(() -> held.callCount() == 1);
            var closing = new CountDownLatch(1);
            var thread = new Thread(() -> {
                server.close();
                closing.countDown();
            });
            thread.start();
            await().until(() -> !canConnect(server));
            assertThat(closing.getCount()).isEqualTo(1);

            held.take(0).succeed();

            assertThat(client.takeReply().error()).isZero();
            client.expectClosed();
            thread.join();
            assertThat(held.closes()).isEqualTo(1);
        }
    }

    @Test
    void closingGivesUpAtTheDrainLimitAndLateAnswersAreHarmless() throws IOException {
        var held = new HeldDevice(SIZE, DeviceLimits.writable());
        var config = tcp().drainLimit(Duration.ofMillis(50)).build();
        var server = NbdServer.start(config, new Exports().with("disk", held));
        try (var client = BlockingClient.serving(server.boundAddresses().get(0), "disk")) {
            client.send(new ClientBytes().write(1, 0, new byte[10]).read(2, 0, 10));
            await().until(() -> held.callCount() == 2);

            server.close();

            client.expectClosed();
            held.take(1).succeed();
            held.take(0).succeed();
            assertThat(held.closes()).isEqualTo(1);
            assertThat(server.stats().budgetUsedBytes()).isZero();
        }
        server.close();
    }

    @Test
    void aClientResetInTheMiddleOfAWriteDisturbsNobody() throws IOException {
        try (var server = NbdServer.start(tcp().build(), exports)) {
            var address = server.boundAddresses().get(0);
            for (var i = 0; i < 20; i++) {
                try (var broken = BlockingClient.serving(address, "disk")) {
                    broken.send(new ClientBytes()
                            .read(1, 0, 1 << 20)
                            .request(NbdConstants.CMD_WRITE, 0, 2, 0, 1 << 20)
                            .raw(new byte[1000 * i]));
                }
            }
            try (var client = BlockingClient.serving(address, "disk")) {
                client.send(new ClientBytes().flush(1));
                assertThat(client.takeReply().error()).isZero();
            }
            await().until(() -> server.stats().connections() == 0);
            assertThat(server.stats().budgetUsedBytes()).isZero();
            assertThat(server.stats().requestsInFlight()).isZero();
        }
    }

    @Test
    void tellsTheProviderWhoAsksAndWhatFor() throws IOException {
        var requests = new CopyOnWriteArrayList<ExportRequest>();
        ExportProvider asked = new ExportProvider() {
            @Override
            public void open(ExportRequest request, OpenReply reply) {
                requests.add(request);
                exports.open(request, reply);
            }

            @Override
            public void list(ListReply reply) {
                exports.list(reply);
            }
        };
        var config = tcp().unixSocket(directory.resolve("nbd.sock")).build();
        try (var server = NbdServer.start(config, asked)) {
            for (var address : server.boundAddresses()) {
                BlockingClient.serving(address, "disk").close();
            }

            assertThat(requests).hasSize(2).allSatisfy(request -> {
                assertThat(request.name()).isEqualTo("disk");
                assertThat(request.purpose()).isEqualTo(ExportRequest.Purpose.SERVE);
            });
            assertThat(requests.get(0).client()).isInstanceOf(InetSocketAddress.class);
            assertThat(requests.get(1).client()).isInstanceOf(UnixDomainSocketAddress.class);
        }
    }

    @Test
    void namesItsThreads() throws IOException {
        try (var server = NbdServer.start(tcp().build(), exports);
                var client = BlockingClient.serving(server.boundAddresses().get(0), "disk")) {
            client.send(new ClientBytes().flush(1));
            assertThat(client.takeReply().error()).isZero();

            assertThat(Thread.getAllStackTraces().keySet())
                    .extracting(Thread::getName)
                    .anyMatch(name -> name.matches("kelpie-io-\\d+"));
        }
    }

    private static boolean canConnect(NbdServer server) {
        try {
            new BlockingClient(server.boundAddresses().get(0)).close();
            return true;
        } catch (IOException refused) {
            return false;
        }
    }

    private static NbdServerConfig unix(Path path) {
        return NbdServerConfig.builder().unixSocket(path).build();
    }

    private static NbdServerConfig.Builder tcp() {
        return NbdServerConfig.builder()
                .tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
