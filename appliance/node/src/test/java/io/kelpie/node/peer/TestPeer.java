package io.kelpie.node.peer;

import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Peers.Location;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.IoThreads;
import io.kelpie.node.runtime.SystemClock;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A node with nothing but the way to others, which writes down all it hears. */
final class TestPeer implements AutoCloseable {
    static final long LIMIT_SECONDS = 30;

    final PeerId id;
    final NettyPeers peers;
    final InetSocketAddress address;
    /** Messages, {@code lost NODE} and {@code refused NODE}. */
    final LinkedBlockingQueue<Object> heard = new LinkedBlockingQueue<>();

    final LinkedBlockingQueue<String> log = new LinkedBlockingQueue<>();

    private final List<String> passedOver = new ArrayList<>();
    private final CoreLoop loop;
    private final IoThreads io;

    TestPeer(long node, long incarnation, long cluster, long underWayBytes, int port)
            throws IOException {
        id = new PeerId(new NodeId(0, node), incarnation);
        loop = CoreLoop.start(new SystemClock(), 1 << 16, failure -> heard.add(failure));
        io = IoThreads.start();
        peers = new NettyPeers(
                io.group(),
                loop,
                new PeerSettings(id, underWayBytes, 64L << 20),
                () -> cluster,
                (level, text) -> log.add(text));
        peers.listen(new Peers.Listener() {
            @Override
            public void onMessage(PeerId from, PeerMessage message) {
                heard.add(new Heard(from, message));
            }

            @Override
            public void onLost(NodeId lost) {
                heard.add("lost " + lost.low());
            }

            @Override
            public void onRefused(NodeId refused) {
                heard.add("refused " + refused.low());
            }
        });
        address = peers.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    static TestPeer of(long node) throws IOException {
        return new TestPeer(node, 1, 0, 64L << 20, 0);
    }

    record Heard(PeerId from, PeerMessage message) {}

    Location location() {
        return at(id.node(), address.getPort());
    }

    static Location at(NodeId node, int port) {
        return new Location(node, new Endpoint(0, 0x7F000001L, port));
    }

    void locate(Location... nodes) throws InterruptedException {
        onCore(() -> peers.locate(List.of(nodes)));
    }

    void send(TestPeer to, PeerMessage message) throws InterruptedException {
        onCore(() -> peers.send(to.id.node(), message));
    }

    void onCore(Runnable task) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        loop.post(() -> {
            task.run();
            done.countDown();
        });
        if (!done.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("the core loop hangs");
        }
    }

    /** Waits for something and returns it; what comes before is dropped. */
    Object hears(Predicate<Object> wanted) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        List<Object> others = new ArrayList<>();
        while (System.nanoTime() < end) {
            Object next = heard.poll(1, TimeUnit.SECONDS);
            if (next != null && wanted.test(next)) {
                return next;
            }
            if (next != null) {
                others.add(next);
                release(next);
            }
        }
        throw new AssertionError("only heard " + others + ", log " + log);
    }

    PeerMessage hearsMessage() throws InterruptedException {
        return ((Heard) hears(Heard.class::isInstance)).message();
    }

    void hearsNews(String news) throws InterruptedException {
        hears(news::equals);
    }

    /** Waits for a log line; each line is found once, others stay. */
    String logs(String part) throws InterruptedException {
        for (String line : passedOver) {
            if (line.contains(part)) {
                passedOver.remove(line);
                return line;
            }
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (System.nanoTime() < end) {
            String line = log.poll(1, TimeUnit.SECONDS);
            if (line != null && line.contains(part)) {
                return line;
            }
            if (line != null) {
                passedOver.add(line);
            }
        }
        throw new AssertionError("no log line with " + part);
    }

    private static void release(Object heard) {
        if (heard instanceof Heard message) {
            message.message().release();
        }
    }

    @Override
    public void close() {
        peers.close();
        loop.close();
        io.close();
        heard.forEach(TestPeer::release);
    }
}
