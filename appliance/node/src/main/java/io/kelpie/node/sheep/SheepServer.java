package io.kelpie.node.sheep;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.MemoryBudget;
import io.kelpie.node.runtime.PortSplitter;
import io.kelpie.wire.frame.SheepReplyEncoder;
import io.kelpie.wire.frame.SheepRequestDecoder;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.util.concurrent.GlobalEventExecutor;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Serves Sheepdog clients on TCP and on the Unix socket in the store directory. Any thread may
 * start and close it.
 */
public final class SheepServer implements AutoCloseable {
    /**
     * Most bytes that one answer carries; a whole inode has 12 MiB, an object rarely more than 64.
     */
    static final int MAX_READ_BYTES = 128 << 20;

    private static final long CLOSE_SECONDS = 5;
    private static final int BACKLOG = 1024;

    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final List<Channel> listening = new ArrayList<>();
    private final EventLoopGroup group;
    private final CoreLoop core;
    private final SheepRequests requests;
    private final MemoryBudget budget;
    private final long maxObjectBytes;

    /**
     * Composes the server; nothing listens before {@link #listen}.
     *
     * @param group event loops that serve NIO channels; not closed here
     * @param core the core loop
     * @param engine the node's logic, used on the core loop only
     * @param store the node's disk, for its space
     * @param node what the daemon around offers
     * @param alwaysDurable whether every write is durable when acknowledged
     * @param budgetBytes most payload bytes of all clients in flight
     * @param maxObjectBytes largest payload of one write, 4 MiB to 2 GiB
     */
    public SheepServer(
            EventLoopGroup group,
            CoreLoop core,
            Engine engine,
            LocalStore store,
            SheepNode node,
            boolean alwaysDurable,
            long budgetBytes,
            long maxObjectBytes) {
        this.group = group;
        this.core = core;
        this.requests = new SheepRequests(
                engine, node, store, alwaysDurable, PooledByteBufAllocator.DEFAULT);
        this.budget = new MemoryBudget(budgetBytes);
        this.maxObjectBytes = maxObjectBytes;
    }

    /**
     * Listens on a TCP address.
     *
     * @param address address and port; port 0 takes a free one
     * @return the address that is listened on
     * @throws IOException if the address cannot be listened on, with a text that says why
     */
    public InetSocketAddress listen(InetSocketAddress address) throws IOException {
        Channel channel = bind(NioServerSocketChannel.class, address, true, this::serve);
        return (InetSocketAddress) channel.localAddress();
    }

    /**
     * Listens on a TCP address for clients and for nodes.
     *
     * @param address address and port; port 0 takes a free one
     * @param peers adds the handlers for a node, which get the bytes behind the magic
     * @return the address that is listened on
     * @throws IOException if the address cannot be listened on, with a text that says why
     */
    public InetSocketAddress listen(InetSocketAddress address, Consumer<ChannelPipeline> peers)
            throws IOException {
        Channel channel = bind(
                NioServerSocketChannel.class,
                address,
                true,
                pipeline -> pipeline.addLast(new PortSplitter(this::serve, peers)));
        return (InetSocketAddress) channel.localAddress();
    }

    /**
     * Listens on a Unix socket. A socket file that an earlier process left is replaced: the store's
     * lock says that nobody serves it.
     *
     * @param path where the socket shall be
     * @throws IOException if it cannot be made
     */
    public void listen(Path path) throws IOException {
        Files.deleteIfExists(path);
        bind(
                NioServerDomainSocketChannel.class,
                UnixDomainSocketAddress.of(path),
                false,
                this::serve);
    }

    private Channel bind(
            Class<? extends ServerChannel> type,
            SocketAddress address,
            boolean tcp,
            Consumer<ChannelPipeline> handlers)
            throws IOException {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(type)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channels.add(channel);
                        handlers.accept(channel.pipeline());
                    }
                });
        if (tcp) {
            bootstrap
                    .option(ChannelOption.SO_REUSEADDR, true)
                    .childOption(ChannelOption.TCP_NODELAY, true);
        }
        ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            Throwable cause = bound.cause();
            throw new IOException(
                    "cannot listen on " + address + " for Sheepdog clients: " + cause.getMessage(),
                    cause);
        }
        listening.add(bound.channel());
        return bound.channel();
    }

    private void serve(ChannelPipeline pipeline) {
        pipeline.addLast(
                new FlushConsolidationHandler(
                        FlushConsolidationHandler.DEFAULT_EXPLICIT_FLUSH_AFTER_FLUSHES, true),
                new SheepReplyEncoder(),
                new SheepRequestDecoder(maxObjectBytes),
                new SheepConnection(core, requests, budget));
    }

    /**
     * Stops accepting, closes all connections and waits a few seconds for that. Event loops stay.
     */
    @Override
    public void close() {
        for (Channel channel : listening) {
            channel.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        }
        listening.clear();
        channels.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }
}
