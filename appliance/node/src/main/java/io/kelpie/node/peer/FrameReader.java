package io.kelpie.node.peer;

import io.kelpie.node.runtime.MemoryBudget;
import io.kelpie.wire.peer.PeerFormatException;
import io.kelpie.wire.peer.PeerHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * Cuts the bytes of a connection into {@link Frame}s: header, checks, then the content into one
 * pooled direct buffer. Takes long frames from the budget and stops reading while there is none.
 * One instance per channel, on its event loop only. After a header that is none, a
 * {@link PeerFormatException} in {@code exceptionCaught}, later bytes are dropped.
 */
final class FrameReader extends ChannelInboundHandlerAdapter {
    /** Shorter frames, heartbeats among them, never wait; who reads bounds how many there are. */
    private static final int FREE_BYTES = 4096;

    private final MemoryBudget budget;
    private final ByteBuffer headerBytes = ByteBuffer.allocate(PeerHeader.BYTES);
    /** What was read before reading stopped: at most what one turn of the event loop reads. */
    private final ArrayDeque<ByteBuf> unread = new ArrayDeque<>();

    private @Nullable PeerHeader header; // Set while its content is being read.
    private ByteBuf content = Unpooled.EMPTY_BUFFER; // Owned here until the frame is complete.
    private long cost;
    private boolean waitingForBudget;
    private boolean held;
    private boolean ended;

    FrameReader(MemoryBudget budget) {
        this.budget = budget;
    }

    /** Stops or continues for a reason of the handler behind. */
    void hold(ChannelHandlerContext context, boolean on) {
        held = on;
        if (!on) {
            readOn(context.pipeline().context(this));
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof ByteBuf bytes) {
            unread.add(bytes);
            readUnread(context);
        } else {
            context.fireChannelRead(message);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        end();
    }

    private void end() {
        ended = true;
        unread.forEach(ByteBuf::release);
        unread.clear();
        content.release();
        content = Unpooled.EMPTY_BUFFER;
        if (cost > 0) {
            budget.giveBack(cost);
            cost = 0;
        }
    }

    /** Goes on with what lies there, as if it came now. */
    private void readOn(@Nullable ChannelHandlerContext context) {
        if (context != null && !ended) {
            readUnread(context);
            context.fireChannelReadComplete();
        }
    }

    private void readUnread(ChannelHandlerContext context) {
        try {
            while (!ended && !held && !waitingForBudget && !unread.isEmpty()) {
                readSome(context, unread.element());
                // What is empty leaves; the end of the connection may have taken all.
                while (!unread.isEmpty() && !unread.element().isReadable()) {
                    unread.remove().release();
                }
            }
        } catch (PeerFormatException e) {
            end();
            context.fireExceptionCaught(e);
        }
        context.channel().config().setAutoRead(ended || (!held && !waitingForBudget));
    }

    private void readSome(ChannelHandlerContext context, ByteBuf bytes) {
        PeerHeader current = header;
        if (current == null) {
            current = readHeader(bytes);
        }
        if (current == null || !hasRoom(context, current)) {
            return;
        }
        content.writeBytes(bytes, Math.min(bytes.readableBytes(), content.writableBytes()));
        if (!content.isWritable()) {
            Frame frame = new Frame(current, content, cost);
            header = null;
            content = Unpooled.EMPTY_BUFFER;
            cost = 0;
            context.fireChannelRead(frame);
        }
    }

    private @Nullable PeerHeader readHeader(ByteBuf bytes) {
        headerBytes.limit(
                Math.min(PeerHeader.BYTES, headerBytes.position() + bytes.readableBytes()));
        bytes.readBytes(headerBytes);
        if (headerBytes.position() < PeerHeader.BYTES) {
            return null;
        }
        header = PeerHeader.decode(headerBytes.flip());
        headerBytes.clear();
        return header;
    }

    private boolean hasRoom(ChannelHandlerContext context, PeerHeader next) {
        if (content.capacity() > 0) {
            return true;
        }
        long wanted = next.length() > FREE_BYTES ? next.length() : 0;
        if (wanted > 0 && !budget.tryTake(wanted)) {
            waitingForBudget = true;
            budget.whenGivenBack(() -> context.executor().execute(() -> {
                waitingForBudget = false;
                readOn(context);
            }));
            return false;
        }
        cost = wanted;
        content = context.alloc().directBuffer(next.length(), next.length());
        return true;
    }
}
