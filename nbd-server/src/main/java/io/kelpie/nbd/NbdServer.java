// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.FastThreadLocalThread;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An NBD server. Clients connect over TCP or a Unix socket, choose an export in the fixed newstyle
 * handshake, and send requests; many are served at once and answered in the order in which they
 * end.
 *
 * <p>All methods may be called from any thread that is not one of the server's I/O threads.
 *
 * <pre>{@code
 * var config = NbdServerConfig.builder().tcp(new InetSocketAddress("127.0.0.1", 10809)).build();
 * try (var server = NbdServer.start(config, exports)) {
 *     server.boundAddresses().forEach(System.out::println);
 *     Thread.currentThread().join();
 * }
 * }</pre>
 */
public final class NbdServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);

    /** More I/O threads than this would only move the queue to the device. */
    private static final int MAX_OWN_THREADS = 4;

    /** How long closed sockets and idle threads may take to go away, beyond the drain limit. */
    private static final long CLOSE_SECONDS = 5;

    private final ServerState state;
    private final EventLoopGroup group;
    private final boolean ownsGroup;
    private final List<Channel> listeners = new ArrayList<>();
    private final @Nullable UnixSocketFile socketFile;
    private final AtomicBoolean closed = new AtomicBoolean();

    private NbdServer(ServerState state, EventLoopGroup group, boolean ownsGroup) {
        this.state = state;
        this.group = group;
        this.ownsGroup = ownsGroup;
        this.socketFile = state.config.unixSocket() == null
                ? null
                : new UnixSocketFile(state.config.unixSocket());
    }

    /**
     * Starts a server on I/O threads of its own ({@code kelpie-io-N}, at most four).
     *
     * @throws NbdServerException if an address cannot be listened on or the files of TLS cannot be
     *     used; nothing stays open then
     */
    public static NbdServer start(NbdServerConfig config, ExportProvider exports) {
        // Before the threads: its files may be unusable.
        var state = new ServerState(config, exports);
        var threads = Math.min(MAX_OWN_THREADS, Runtime.getRuntime().availableProcessors());
        var group = new MultiThreadIoEventLoopGroup(
                threads, threadFactory(), NioIoHandler.newFactory());
        return start(state, group, true);
    }

    /**
     * Starts a server on the caller's I/O threads, which stay the caller's to stop, after
     * {@link #close}.
     *
     * @param group a {@code MultiThreadIoEventLoopGroup} with a NIO handler
     * @throws IllegalArgumentException if the group has another kind of handler
     * @throws NbdServerException if an address cannot be listened on or the files of TLS cannot be
     *     used; nothing stays open then
     */
    public static NbdServer start(
            NbdServerConfig config, ExportProvider exports, EventLoopGroup group) {
        if (!(group instanceof IoEventLoopGroup io) || !io.isIoType(NioIoHandler.class)) {
            throw new IllegalArgumentException(
                    "the event loop group must run a NioIoHandler, but is " + group);
        }
        return start(new ServerState(config, exports), group, false);
    }

    private static NbdServer start(ServerState state, EventLoopGroup group, boolean ownsGroup) {
        var server = new NbdServer(state, group, ownsGroup);
        try {
            server.listen();
            return server;
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
    }

    private static ThreadFactory threadFactory() {
        var count = new AtomicInteger();
        return task -> new FastThreadLocalThread(task, "kelpie-io-" + count.getAndIncrement());
    }

    private void listen() {
        for (var address : state.config.tcpAddresses()) {
            listenOn(address);
        }
        if (socketFile != null && state.config.unixSocket() != null) {
            socketFile.clearStale();
            bind(
                    NioServerDomainSocketChannel.class,
                    UnixDomainSocketAddress.of(state.config.unixSocket()));
            socketFile.bound();
        }
    }

    private void listenOn(InetSocketAddress address) {
        if (address.isUnresolved()) {
            throw new NbdServerException(
                    NbdServerException.Kind.BAD_ADDRESS,
                    "cannot listen on " + address.getHostString() + ":" + address.getPort()
                            + ": no such host; use an address of this machine",
                    null);
        }
        bind(NioServerSocketChannel.class, address);
    }

    private void bind(Class<? extends ServerChannel> type, SocketAddress address) {
        var bootstrap =
                new ServerBootstrap().group(group).channel(type).childHandler(new Connect());
        if (address instanceof InetSocketAddress) {
            bootstrap
                    .option(ChannelOption.SO_REUSEADDR, true)
                    .childOption(ChannelOption.TCP_NODELAY, true)
                    .childOption(ChannelOption.SO_KEEPALIVE, true);
        }
        var bound = bootstrap.bind(address).awaitUninterruptibly();
        if (bound.cause() != null) {
            throw cannotListen(address, bound.cause());
        }
        listeners.add(bound.channel());
        LOG.info("NBD: listening on {}", bound.channel().localAddress());
    }

    private static NbdServerException cannotListen(SocketAddress address, Throwable cause) {
        var text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
        var where = "cannot listen on "
                + (address instanceof InetSocketAddress ip ? hostAndPort(ip) : address) + ": ";
        if (text.contains("in use")) {
            return new NbdServerException(
                    NbdServerException.Kind.ADDRESS_IN_USE,
                    where + "another process listens there; stop it or choose another address",
                    cause);
        }
        if (text.contains("permission denied")) {
            return new NbdServerException(
                    NbdServerException.Kind.PERMISSION,
                    where + "permission denied; run as a user who may, or choose another address",
                    cause);
        }
        if (cause instanceof BindException || cause instanceof SocketException) {
            return new NbdServerException(
                    NbdServerException.Kind.BAD_ADDRESS,
                    where + cause.getMessage()
                            + "; choose an address of this machine, or an existing directory",
                    cause);
        }
        return new NbdServerException(NbdServerException.Kind.IO, where + cause, cause);
    }

    private static String hostAndPort(InetSocketAddress address) {
        var host = address.getAddress().getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /**
     * Returns where the server listens, TCP addresses first and with their real ports, then the
     * Unix socket.
     */
    public List<SocketAddress> boundAddresses() {
        return listeners.stream().map(Channel::localAddress).toList();
    }

    /** Returns the counters of this moment. */
    public NbdServerStats stats() {
        return state.stats();
    }

    /**
     * Stops accepting, lets requests in flight end and devices close for at most
     * {@link NbdServerConfig#drainLimit}, then closes what is left. Blocks until done; a second
     * call does nothing. An interrupt ends the waiting, not the closing.
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        listeners.forEach(listener -> listener.close().awaitUninterruptibly());
        state.drain();
        awaitQuiet(state.config.drainLimit().toNanos(), "after the drain limit");
        state.closeConnections();
        awaitQuiet(TimeUnit.SECONDS.toNanos(1), "after their connections were closed");
        deleteSocketFile();
        if (ownsGroup) {
            group.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
                    .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        }
    }

    private void awaitQuiet(long limitNanos, String when) {
        try {
            if (!state.awaitQuiet(limitNanos)) {
                LOG.warn("NBD: left {}: {}", when, state.describe());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void deleteSocketFile() {
        if (socketFile == null) {
            return;
        }
        try {
            socketFile.delete();
        } catch (IOException e) {
            LOG.warn("NBD: the Unix socket's file stays: {}", e.toString());
        }
    }

    /** Sets up each accepted connection. */
    private final class Connect extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            if (state.connect(channel)) {
                channel.pipeline().addLast(new Handshake(state));
            } else {
                LOG.info(
                        "{}: closed at once: {} connections are the limit",
                        channel,
                        state.config.maxConnections());
                // Nobody waits for it.
                var unused = channel.close();
            }
        }
    }
}
