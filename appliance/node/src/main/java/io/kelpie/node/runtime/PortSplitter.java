package io.kelpie.node.runtime;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;

import java.util.function.Consumer;

/**
 * Tells by the first bytes of a connection who is there: a node begins with {@code KLP1}, a
 * Sheepdog client's request with the protocol's version, 0 to 2. One instance per channel, alone in
 * its pipeline; puts the right handlers in its place.
 */
public final class PortSplitter extends ChannelInboundHandlerAdapter {
    /** The first bytes of a node's connection, as a big-endian number. */
    public static final int PEER_MAGIC = 0x4B4C5031;

    private static final int MAGIC_BYTES = 4;

    private final Consumer<ChannelPipeline> clients;
    private final Consumer<ChannelPipeline> peers;
    private ByteBuf first = Unpooled.EMPTY_BUFFER; // Owned; at most three bytes are kept.

    /**
     * Creates the splitter of one channel.
     *
     * @param clients adds the handlers for a client, which get all its bytes
     * @param peers adds the handlers for a node, which get the bytes behind the magic
     */
    public PortSplitter(Consumer<ChannelPipeline> clients, Consumer<ChannelPipeline> peers) {
        this.clients = clients;
        this.peers = peers;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!(message instanceof ByteBuf bytes)) {
            context.fireChannelRead(message);
            return;
        }
        first = first.isReadable() ? Unpooled.wrappedBuffer(first, bytes) : bytes;
        if (!first.isReadable()) {
            first.release();
            first = Unpooled.EMPTY_BUFFER;
        } else if (first.getByte(first.readerIndex()) != (byte) (PEER_MAGIC >>> 24)) {
            handOver(context, clients);
        } else if (first.readableBytes() >= MAGIC_BYTES) {
            // Who begins with K is no client; who goes on otherwise finds out from the client's
            // handlers, which refuse that version.
            boolean peer = first.getInt(first.readerIndex()) == PEER_MAGIC;
            if (peer) {
                first.skipBytes(MAGIC_BYTES);
            }
            handOver(context, peer ? peers : clients);
        }
    }

    private void handOver(ChannelHandlerContext context, Consumer<ChannelPipeline> to) {
        ByteBuf bytes = first;
        first = Unpooled.EMPTY_BUFFER;
        to.accept(context.pipeline());
        context.fireChannelRead(bytes);
        context.pipeline().remove(this);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        first.release();
        first = Unpooled.EMPTY_BUFFER;
    }
}
