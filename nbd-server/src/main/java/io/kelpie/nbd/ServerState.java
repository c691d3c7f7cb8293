// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

import javax.net.ssl.SSLException;

/**
 * What the connections of one server share: configuration, provider, budget, counters, and the
 * knowledge who is still there. Any thread. The one lock guards the counts that {@link #awaitQuiet}
 * waits for; nothing is called under it.
 */
final class ServerState {

    /**
     * The event that tells a connection's handler to end: no new requests, those in flight may end.
     */
    static final Object DRAIN = new Object();

    private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);

    final NbdServerConfig config;
    final ExportProvider exports;
    final ByteBudget budget;
    final @Nullable TlsUpgrade tls;
    final LongAdder requests = new LongAdder();
    final LongAdder requestsFailed = new LongAdder();
    final LongAdder readBytes = new LongAdder();
    final LongAdder writtenBytes = new LongAdder();
    final AtomicInteger requestsInFlight = new AtomicInteger();

    private final Set<Channel> connections = ConcurrentHashMap.newKeySet();
    private final LongAdder connectionsTotal = new LongAdder();
    private final LongAdder connectionsRefused = new LongAdder();
    private volatile boolean draining;
    private int connectionCount;
    private int deviceCount;

    /** Reads the files of TLS; throws {@link NbdServerException} if they cannot be used. */
    ServerState(NbdServerConfig config, ExportProvider exports) {
        this.config = config;
        this.exports = exports;
        this.tls = config.tls() == null ? null : TlsUpgrade.load(config.tls());
        this.budget = new ByteBudget(config.serverBudgetBytes());
    }

    /**
     * Takes a new connection in, or returns {@code false} if there are too many or the server is
     * going down.
     */
    boolean connect(Channel channel) {
        synchronized (this) {
            if (draining || connectionCount >= config.maxConnections()) {
                connectionsRefused.increment();
                return false;
            }
            connectionCount++;
        }
        connectionsTotal.increment();
        connections.add(channel);
        channel.closeFuture().addListener(closed -> disconnect(channel));
        return true;
    }

    private void disconnect(Channel channel) {
        connections.remove(channel);
        synchronized (this) {
            connectionCount--;
            notifyAll();
        }
    }

    /**
     * Returns whether an exception in a pipeline only says that the connection broke: the socket's
     * own, or a failure of TLS, which comes wrapped by the decoder.
     */
    static boolean isConnectionLost(Throwable cause) {
        return cause instanceof IOException || cause.getCause() instanceof SSLException;
    }

    /** Returns whether the server is going down. */
    boolean isDraining() {
        return draining;
    }

    /** Takes note of a device that a provider handed over. */
    synchronized void deviceOpened() {
        deviceCount++;
    }

    /** Closes a device that no call is in flight for; {@link #awaitQuiet} waits for its answer. */
    void closeDevice(String name, BlockDevice device) {
        var reply = new CloseReply(name);
        try {
            device.close(reply);
        } catch (RuntimeException e) {
            // A device is the user's code: whatever it throws ends its close and nothing else.
            LOG.error("export '{}': close threw", name, e);
            reply.end();
        }
    }

    /** Refuses new connections and tells every connection to end. */
    void drain() {
        synchronized (this) {
            draining = true;
        }
        for (var channel : connections) {
            channel.pipeline().fireUserEventTriggered(DRAIN);
        }
    }

    /** Closes every connection without waiting for its requests. */
    void closeConnections() {
        for (var channel : connections) {
            // The count of connections tells when it is done.
            var unused = channel.close();
        }
    }

    /**
     * Waits until no connection and no device is left; returns {@code false} if that took too long.
     */
    synchronized boolean awaitQuiet(long limitNanos) throws InterruptedException {
        var deadline = System.nanoTime() + limitNanos;
        while (connectionCount > 0 || deviceCount > 0) {
            var leftMillis = (deadline - System.nanoTime()) / 1_000_000;
            if (leftMillis <= 0) {
                return false;
            }
            wait(leftMillis);
        }
        return true;
    }

    synchronized String describe() {
        return connectionCount + " connections, " + deviceCount + " devices, " + requestsInFlight
                + " requests";
    }

    NbdServerStats stats() {
        int connected;
        synchronized (this) {
            connected = connectionCount;
        }
        return new NbdServerStats(
                connected,
                requestsInFlight.get(),
                budget.usedBytes(),
                connectionsTotal.sum(),
                connectionsRefused.sum(),
                requests.sum(),
                requestsFailed.sum(),
                readBytes.sum(),
                writtenBytes.sum());
    }

    /** Ends the count of one device, once. */
    private final class CloseReply implements Reply {
        private final String name;
        private final AtomicBoolean ended = new AtomicBoolean();

        CloseReply(String name) {
            this.name = name;
        }

        @Override
        public void done() {
            end();
        }

        @Override
        public void data(ByteBuf data) {
            data.release();
            LOG.error("export '{}': close was answered with data", name);
            end();
        }

        @Override
        public void pieces(List<ReadPiece> pieces) {
            Operation.release(pieces);
            LOG.error("export '{}': close was answered with pieces", name);
            end();
        }

        @Override
        public void failed(NbdError error, String why) {
            LOG.warn("export '{}': close failed with {}: {}", name, error, why);
            end();
        }

        void end() {
            if (!ended.compareAndSet(false, true)) {
                throw new IllegalStateException(
                        "close of export '" + name + "' was answered twice");
            }
            synchronized (ServerState.this) {
                deviceCount--;
                ServerState.this.notifyAll();
            }
        }
    }
}
