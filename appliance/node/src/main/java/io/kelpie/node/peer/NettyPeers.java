package io.kelpie.node.peer;

import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.node.runtime.CoreLoop;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * The other nodes over TCP.
 *
 * <p>Every node dials for what it sends: to each node it is told of it opens a link, one control
 * and four data connections, on which only its own messages travel. So nobody has to agree on who
 * dials, and each side alone decides when to try again. A link is up when all its connections are,
 * and falls as a whole.
 */
public final class NettyPeers implements Peers, AutoCloseable {
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
            Tracer tracer) {}

    /**
     * Adds the handlers for a node that dialled a port shared with others; its magic is read
     * already. To be given to {@link io.kelpie.node.runtime.PortSplitter}. On the channel's event
     * loop.
     *
     * @param pipeline of a new connection
     */
    public void accept(ChannelPipeline pipeline) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Listens on an address for nodes alone. Any thread; blocks.
     *
     * @param address address and port; port 0 takes a free one
     * @return the address that is listened on
     * @throws IOException if the address cannot be listened on, with a text that says why
     */
    public InetSocketAddress bind(InetSocketAddress address) throws IOException {
        throw new UnsupportedOperationException("not built yet");
    }

    @Override
    public void send(NodeId to, PeerMessage message) {
        throw new UnsupportedOperationException("not built yet");
    }

    @Override
    public void locate(List<Location> nodes) {
        throw new UnsupportedOperationException("not built yet");
    }

    @Override
    public void listen(Listener listener) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Stops listening and closes all connections. Any thread but the core loop's; the loop must
     * still run, or have ended. Event loops stay.
     */
    @Override
    public void close() {}
}
