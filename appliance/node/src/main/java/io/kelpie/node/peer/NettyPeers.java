package io.kelpie.node.peer;

import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Timers.Timer;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.MemoryBudget;
import io.kelpie.node.runtime.PortSplitter;
import io.kelpie.wire.peer.Close;
import io.kelpie.wire.peer.Hello;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.GlobalEventExecutor;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The other nodes over TCP.
 *
 * <p>Every node dials for what it sends: to each node it is told of it opens a link, one control
 * and four data connections, on which only its own messages travel. So nobody has to agree on who
 * dials, and each side alone decides when to try again. A link is up when all its connections are,
 * and falls as a whole; it is dialled again after 50 ms to 1 s for as long as the node is located.
 *
 * <p>Links are numbered by who dials. The newest one of a node counts: what was read from an older
 * one after it is dropped, so that nothing arrives out of order.
 *
 * <p>The core loop decides, event loops move bytes. What a link may hold that its sockets did not
 * take is bounded, and so is what was received and not yet looked at by the core.
 */
// What a close or a write came to is told by the handlers; its future adds nothing.
@SuppressWarnings("FutureReturnValueIgnored")
public final class NettyPeers implements Peers, AutoCloseable {
    private static final int CONNECT_MILLIS = 3000;
    private static final int BACKLOG = 1024;
    private static final long CLOSE_SECONDS = 5;
    /** Five of each of many more nodes than a cluster has. */
    private static final int MAX_ACCEPTED = 4096;

    private static final int IPV4_OFFSET = 12;

    private final EventLoopGroup group;
    private final CoreLoop loop;
    private final PeerSettings settings;
    private final LongSupplier clusterCreatedNanos;
    private final Tracer tracer;
    private final MemoryBudget budget;
    private final ChannelGroup listening = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final ChannelGroup dialled = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final ChannelGroup accepted = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final Bootstrap dialler;

    // The rest belongs to the core loop.
    private final TreeMap<NodeId, OutboundLink> outbound = new TreeMap<>();
    private final TreeMap<NodeId, InboundLink> inbound = new TreeMap<>();
    /** Messages to this node itself; at most what one turn of the core sends. */
    private final ArrayDeque<PeerMessage> toSelf = new ArrayDeque<>();

    private @Nullable Listener listener;
    private boolean selfPosted;
    private long lastLink;
    private boolean closed;

    /**
     * Composes it; nothing is dialled before {@link #locate}, nothing accepted before
     * {@link #accept} or {@link #bind}.
     *
     * @param group event loops that serve NIO channels; not closed here
     * @param loop the core loop
     * @param settings who this is, and bounds
     * @param clusterCreatedNanos time of creation of the cluster that this node's store belongs to,
     *     0 if to none; asked on the core loop when a connection is made
     * @param tracer takes log lines, from the core loop only
     */
    public NettyPeers(
            EventLoopGroup group,
            CoreLoop loop,
            PeerSettings settings,
            LongSupplier clusterCreatedNanos,
            Tracer tracer) {
        this.group = group;
        this.loop = loop;
        this.settings = settings;
        this.clusterCreatedNanos = clusterCreatedNanos;
        this.tracer = tracer;
        this.budget = new MemoryBudget(settings.receiveBytes());
        this.dialler = new Bootstrap()
                .group(group)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS);
        loop.atTurnEnds(() -> outbound.values().forEach(OutboundLink::flush));
    }

    /**
     * Adds the handlers for a node that dialled a port shared with others; its magic is read
     * already. To be given to {@link PortSplitter}. On the channel's event loop.
     *
     * @param pipeline of a new connection
     */
    public void accept(ChannelPipeline pipeline) {
        Channel channel = pipeline.channel();
        if (accepted.size() >= MAX_ACCEPTED) {
            channel.close();
            return;
        }
        accepted.add(channel);
        FrameReader reader = new FrameReader(budget);
        pipeline.addLast(reader, new AcceptHandler(channel, reader, this));
    }

    /**
     * Listens on an address for nodes alone. Any thread; blocks.
     *
     * @param address address and port; port 0 takes a free one
     * @return the address that is listened on
     * @throws IOException if the address cannot be listened on, with a text that says why
     */
    public InetSocketAddress bind(InetSocketAddress address) throws IOException {
        ChannelFuture bound = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(new PortSplitter(
                                        pipeline -> pipeline.channel().close(),
                                        NettyPeers.this::accept));
                    }
                })
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            Throwable cause = bound.cause();
            throw new IOException(
                    "cannot listen on " + address + " for nodes: " + cause.getMessage(), cause);
        }
        listening.add(bound.channel());
        return (InetSocketAddress) bound.channel().localAddress();
    }

    @Override
    public void listen(Listener receiver) {
        listener = receiver;
    }

    @Override
    public void send(NodeId to, PeerMessage message) {
        if (to.equals(settings.self().node())) {
            sendToSelf(message);
            return;
        }
        OutboundLink link = outbound.get(to);
        if (link == null) {
            message.release();
        } else {
            link.send(message);
        }
    }

    @Override
    public void locate(List<Location> nodes) {
        if (closed) {
            return;
        }
        TreeMap<NodeId, Location> wanted = new TreeMap<>();
        nodes.forEach(location -> wanted.put(location.node(), location));
        wanted.remove(settings.self().node());
        for (OutboundLink link : List.copyOf(outbound.values())) {
            Location location = wanted.get(link.node());
            if (location == null || !location.endpoint().equals(link.endpoint())) {
                outbound.remove(link.node());
                link.close();
                if (location == null) {
                    endInbound(link.node());
                }
                lost(link.node());
            }
        }
        for (Location location : wanted.values()) {
            if (!outbound.containsKey(location.node())) {
                OutboundLink link = new OutboundLink(location, this);
                outbound.put(location.node(), link);
                link.dial();
            }
        }
    }

    /**
     * Stops listening and closes all connections. Any thread but the core loop's; the loop must
     * still run, or have ended. Event loops stay.
     */
    @Override
    public void close() {
        listening.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        CountDownLatch done = new CountDownLatch(1);
        boolean posted = loop.post(() -> {
            closeLinks();
            done.countDown();
        });
        try {
            if (posted && !done.await(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the core loop did not close the connections");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            dialled.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
            accepted.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        }
    }

    private void closeLinks() {
        closed = true;
        outbound.values().forEach(OutboundLink::close);
        outbound.clear();
        List.copyOf(inbound.keySet()).forEach(this::endInbound);
        toSelf.forEach(PeerMessage::release);
        toSelf.clear();
    }

    private void endInbound(NodeId node) {
        InboundLink link = inbound.remove(node);
        if (link != null) {
            link.end(new Close(Close.Reason.STOPPING, "this node talks to you no more"));
        }
    }

    private void sendToSelf(PeerMessage message) {
        if (closed) {
            message.release();
            return;
        }
        toSelf.add(message);
        if (!selfPosted) {
            selfPosted = true;
            loop.post(this::deliverToSelf);
        }
    }

    private void deliverToSelf() {
        selfPosted = false;
        // Only those that are there: what they lead to comes in a later turn.
        for (int left = toSelf.size(); left > 0; left--) {
            listener().onMessage(settings.self(), toSelf.remove());
        }
    }

    // Outbound, for OutboundLink; core loop.

    long nextLink() {
        return ++lastLink;
    }

    long underWayBytes() {
        return settings.underWayBytes();
    }

    Timer after(long nanos, Runnable task) {
        return loop.timers().after(nanos, task);
    }

    void trace(Tracer.Level level, String text) {
        tracer.event(level, text);
    }

    void lost(NodeId node) {
        if (!closed) {
            listener().onLost(node);
        }
    }

    void refused(NodeId node) {
        if (!closed) {
            listener().onRefused(node);
        }
    }

    void dial(Location to, long link, int connection, OutboundLink owner) {
        Hello hello = Hello.of(
                settings.self(), clusterCreatedNanos.getAsLong(), to.node(), link, connection);
        DialHandler.News news = new DialHandler.News() {
            @Override
            public void onGreeted(Channel channel) {
                if (!post(() -> owner.onGreeted(link, connection, channel))) {
                    channel.close();
                }
            }

            @Override
            public void onClosed(String why) {
                post(() -> owner.onClosed(link, why, false));
            }
        };
        dialler.clone()
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        dialled.add(channel);
                        channel.pipeline()
                                .addLast(
                                        new FrameReader(budget),
                                        new DialHandler(hello, budget, news));
                    }
                })
                .connect(addressOf(to.endpoint()))
                .addListener(connected -> {
                    if (!connected.isSuccess()) {
                        Throwable cause = connected.cause();
                        boolean refused = cause instanceof ConnectException
                                && !(cause instanceof ConnectTimeoutException);
                        String why = String.valueOf(cause.getMessage());
                        post(() -> owner.onClosed(link, why, refused));
                    }
                });
    }

    // Inbound, for AcceptHandler.

    /** Any thread. */
    boolean post(Runnable task) {
        return loop.post(task);
    }

    /** Any thread. */
    void giveBack(long bytes) {
        if (bytes > 0) {
            budget.giveBack(bytes);
        }
    }

    /** Core loop. */
    void onHello(AcceptHandler connection, Hello hello) {
        Hello answer = Hello.of(
                settings.self(),
                clusterCreatedNanos.getAsLong(),
                hello.sender().node(),
                hello.link(),
                hello.connection());
        Close refusal = refusalOf(hello, answer);
        if (refusal != null) {
            connection.refuse(refusal);
            return;
        }
        NodeId node = hello.sender().node();
        InboundLink link = inbound.get(node);
        if (link == null || link.isOlderThan(hello.sender(), hello.link())) {
            if (link != null) {
                link.end(new Close(Close.Reason.SUPERSEDED, "a newer connection is there"));
                lost(node);
            }
            link = new InboundLink(hello.sender(), hello.link());
            inbound.put(node, link);
        }
        connection.accept(link, answer);
        OutboundLink back = outbound.get(node);
        if (back != null) {
            back.hurry();
        }
    }

    private @Nullable Close refusalOf(Hello hello, Hello own) {
        NodeId node = hello.sender().node();
        NodeId self = settings.self().node();
        if (closed) {
            return new Close(Close.Reason.STOPPING, "node " + self + " stops");
        }
        if (own.versionWith(hello) == 0) {
            return new Close(
                    Close.Reason.VERSION,
                    "it speaks versions " + own.minVersion() + " to " + own.maxVersion()
                            + " of the protocol between nodes, you " + hello.minVersion() + " to "
                            + hello.maxVersion());
        }
        if (!hello.receiver().equals(self) || node.equals(self)) {
            return new Close(Close.Reason.OTHER_NODE, "node " + self + " listens here");
        }
        if (!own.isOfSameCluster(hello)) {
            return new Close(
                    Close.Reason.OTHER_CLUSTER,
                    "its store belongs to the cluster created at " + own.clusterCreatedNanos()
                            + " ns, yours to the one created at " + hello.clusterCreatedNanos());
        }
        InboundLink link = inbound.get(node);
        boolean late = link != null
                && !link.isSame(hello.sender(), hello.link())
                && !link.isOlderThan(hello.sender(), hello.link());
        return late
                ? new Close(Close.Reason.SUPERSEDED, "a newer connection of your node is there")
                : null;
    }

    /** Core loop. */
    void deliver(AcceptHandler connection, List<PeerMessage> messages, long cost) {
        for (PeerMessage message : messages) {
            InboundLink link = connection.link();
            if (closed || link == null || link.isOver()) {
                message.release();
            } else {
                listener().onMessage(link.from(), message);
            }
        }
        connection.onConsumed(messages.size());
        giveBack(cost);
    }

    /** Core loop. */
    void onInboundClosed(AcceptHandler connection) {
        InboundLink link = connection.link();
        if (link == null) {
            return;
        }
        link.remove(connection);
        NodeId node = link.from().node();
        if (!link.isOver()) {
            inbound.remove(node, link);
            link.end(new Close(Close.Reason.STOPPING, "another connection of yours closed"));
            lost(node);
        }
    }

    private Listener listener() {
        return Invariant.present(listener, "somebody listens before messages come");
    }

    static InetSocketAddress addressOf(Endpoint endpoint) {
        byte[] bytes = ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(endpoint.high())
                .putLong(endpoint.low())
                .array();
        byte[] address =
                endpoint.isIpv4() ? Arrays.copyOfRange(bytes, IPV4_OFFSET, bytes.length) : bytes;
        try {
            return new InetSocketAddress(InetAddress.getByAddress(address), endpoint.port());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always one", e);
        }
    }
}
