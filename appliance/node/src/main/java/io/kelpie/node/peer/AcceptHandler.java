package io.kelpie.node.peer;

import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.node.runtime.BufferPayload;
import io.kelpie.wire.peer.Close;
import io.kelpie.wire.peer.EncodedFrame;
import io.kelpie.wire.peer.Hello;
import io.kelpie.wire.peer.PeerDecoder;
import io.kelpie.wire.peer.PeerEncoder;
import io.kelpie.wire.peer.PeerFormatException;
import io.kelpie.wire.peer.PeerType;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The accepting side of a connection: waits for the greeting, has the core decide on it, decodes
 * messages and hands them to the core in batches. Event loop only, but for what says otherwise.
 */
// What a close or a write came to is told by the handlers; its future adds nothing.
@SuppressWarnings("FutureReturnValueIgnored")
final class AcceptHandler extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(AcceptHandler.class);

    private static final long HELLO_SECONDS = 5;
    private static final long CHECK_SECONDS = 5;
    /** A control connection carries a ping each second. */
    private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(15);
    /** Messages handed to the core that it has not looked at; then reading stops. */
    private static final int MAX_IN_FLIGHT = 1024;

    private final Channel channel;
    private final FrameReader reader;
    private final NettyPeers peers;
    private final AtomicInteger inFlight = new AtomicInteger();
    private List<PeerMessage> batch = new ArrayList<>();
    private long batchCost;
    private boolean greeting;
    private boolean closed;
    private long heardNanos = System.nanoTime();
    private volatile boolean held;

    /** Set by the core when it accepted the greeting; used by the core only. */
    private @Nullable InboundLink link;

    AcceptHandler(Channel channel, FrameReader reader, NettyPeers peers) {
        this.channel = channel;
        this.reader = reader;
        this.peers = peers;
    }

    @Nullable
    InboundLink link() {
        return link;
    }

    /** Core loop: the greeting is answered, messages count from here. */
    void accept(InboundLink accepted, Hello answer) {
        link = accepted;
        accepted.add(this);
        execute(() -> {
            Frame.write(channel, answer.encode());
            channel.flush();
        });
    }

    /** Core loop: says why, then closes. */
    void refuse(Close reason) {
        execute(() -> close(reason));
    }

    /** Core loop: messages were looked at. */
    void onConsumed(int count) {
        int left = inFlight.addAndGet(-count);
        if (held && left < MAX_IN_FLIGHT / 2) {
            execute(this::release);
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        context.executor()
                .schedule(
                        () -> {
                            if (!greeting) {
                                channel.close();
                            }
                        },
                        HELLO_SECONDS,
                        TimeUnit.SECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!(message instanceof Frame frame)) {
            context.fireChannelRead(message);
            return;
        }
        heardNanos = System.nanoTime();
        long cost = frame.cost();
        try {
            if (greeting && frame.header().type().isMessage()) {
                batch.add(decode(frame));
                batchCost += cost;
                cost = 0; // Given back when the core has the message.
            } else {
                onConnectionFrame(context, frame);
            }
        } catch (PeerFormatException e) {
            exceptionCaught(context, e);
        } finally {
            frame.content().release();
            peers.giveBack(cost);
        }
    }

    private static PeerMessage decode(Frame frame) {
        ByteBuf content = frame.content();
        return PeerDecoder.decode(
                frame.header(),
                content.nioBuffer(),
                (offset, length) -> BufferPayload.owning(content.retainedSlice(offset, length)));
    }

    private void onConnectionFrame(ChannelHandlerContext context, Frame frame) {
        PeerType type = frame.header().type();
        if (!greeting) {
            Hello hello = Hello.decode(frame.header(), frame.content().nioBuffer());
            greeting = true;
            if (hello.connection() == 0) {
                watchSilence(context);
            }
            if (!peers.post(() -> peers.onHello(this, hello))) {
                channel.close();
            }
        } else if (type == PeerType.PING) {
            PeerDecoder.requireEmpty(frame.header(), frame.content().nioBuffer());
            write(PeerEncoder.encode(PeerType.PONG));
        } else {
            throw new PeerFormatException("a " + type + " where messages are expected");
        }
    }

    private void watchSilence(ChannelHandlerContext context) {
        if (System.nanoTime() - heardNanos > SILENCE_NANOS) {
            channel.close();
        } else if (channel.isActive()) {
            context.executor()
                    .schedule(() -> watchSilence(context), CHECK_SECONDS, TimeUnit.SECONDS);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        handBatchOver();
        if (!held && inFlight.get() >= MAX_IN_FLIGHT) {
            held = true;
            reader.hold(context, true);
            channel.config().setAutoRead(false);
            // The core may have looked at all of them before it could see that we wait.
            if (inFlight.get() < MAX_IN_FLIGHT / 2) {
                release();
            }
        }
        context.fireChannelReadComplete();
    }

    private void release() {
        ChannelHandlerContext context = channel.pipeline().context(this);
        if (held && context != null) {
            held = false;
            reader.hold(context, false);
        }
    }

    private void handBatchOver() {
        if (batch.isEmpty()) {
            return;
        }
        List<PeerMessage> messages = batch;
        long cost = batchCost;
        batch = new ArrayList<>();
        batchCost = 0;
        inFlight.addAndGet(messages.size());
        if (!peers.post(() -> peers.deliver(this, messages, cost))) {
            messages.forEach(PeerMessage::release);
            peers.giveBack(cost);
            channel.close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        handBatchOver();
        closed = true;
        peers.post(() -> peers.onInboundClosed(this));
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof PeerFormatException) {
            String text = String.valueOf(cause.getMessage());
            LOG.warn("closing the connection of node at {}: {}", channel.remoteAddress(), text);
            close(new Close(Close.Reason.FORMAT, text));
        } else if (cause instanceof IOException) {
            LOG.debug("connection of {} broke: {}", channel.remoteAddress(), cause.getMessage());
            channel.close();
        } else {
            LOG.error("closing the connection of {}", channel.remoteAddress(), cause);
            channel.close();
        }
    }

    private void close(Close reason) {
        if (!closed) {
            closed = true;
            Frame.write(channel, reason.encode()).addListener(ChannelFutureListener.CLOSE);
            channel.flush();
        }
    }

    private void write(EncodedFrame frame) {
        Frame.write(channel, frame);
        channel.flush();
    }

    private void execute(Runnable task) {
        try {
            channel.eventLoop().execute(task);
        } catch (RejectedExecutionException e) {
            // The event loops have ended, and every connection with them.
            LOG.debug("event loop of {} has ended", channel);
        }
    }
}
