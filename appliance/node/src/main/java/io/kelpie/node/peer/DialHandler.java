package io.kelpie.node.peer;

import io.kelpie.node.runtime.MemoryBudget;
import io.kelpie.wire.peer.Close;
import io.kelpie.wire.peer.Hello;
import io.kelpie.wire.peer.PeerDecoder;
import io.kelpie.wire.peer.PeerEncoder;
import io.kelpie.wire.peer.PeerFormatException;
import io.kelpie.wire.peer.PeerHeader;
import io.kelpie.wire.peer.PeerType;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/**
 * The dialling side of a connection: greets, waits for the greeting, and on the control connection
 * asks every second whether the other side lives. Event loop only.
 */
// What a close or a write came to is told by the handlers; its future adds nothing.
@SuppressWarnings("FutureReturnValueIgnored")
final class DialHandler extends ChannelInboundHandlerAdapter {
    private static final long HELLO_SECONDS = 3;
    private static final long PING_SECONDS = 1;
    /** The core notices silence earlier; this only frees a connection that hangs. */
    private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Hello hello;
    private final MemoryBudget budget;
    private final News news;
    private boolean greeted;
    private boolean closed;
    private long heardNanos;

    /** Told once of each, on the event loop. */
    interface News {
        /** Both sides greeted. */
        void onGreeted(Channel channel);

        /** The connection is over. */
        void onClosed(String why);
    }

    DialHandler(Hello hello, MemoryBudget budget, News news) {
        this.hello = hello;
        this.budget = budget;
        this.news = news;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        context.write(Unpooled.copyInt(PeerHeader.MAGIC));
        Frame.write(context.channel(), hello.encode());
        context.flush();
        context.executor()
                .schedule(
                        () -> {
                            if (!greeted) {
                                close(context, "it did not answer the greeting");
                            }
                        },
                        HELLO_SECONDS,
                        TimeUnit.SECONDS);
        context.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!(message instanceof Frame frame)) {
            context.fireChannelRead(message);
            return;
        }
        ByteBuf content = frame.content();
        try {
            onFrame(context, frame.header(), content.nioBuffer());
        } finally {
            content.release();
            if (frame.cost() > 0) {
                budget.giveBack(frame.cost());
            }
        }
    }

    private void onFrame(ChannelHandlerContext context, PeerHeader header, ByteBuffer content) {
        heardNanos = System.nanoTime();
        if (header.type() == PeerType.CLOSE) {
            close(context, "it refuses: " + Close.decode(header, content).text());
        } else if (!greeted) {
            onHello(context, Hello.decode(header, content));
        } else if (header.type() == PeerType.PONG) {
            PeerDecoder.requireEmpty(header, content);
        } else {
            throw new PeerFormatException("a " + header.type() + " in answer");
        }
    }

    private void onHello(ChannelHandlerContext context, Hello answer) {
        if (!answer.sender().node().equals(hello.receiver())) {
            close(context, "node " + answer.sender().node() + " listens there");
        } else if (hello.versionWith(answer) == 0 || !hello.isOfSameCluster(answer)) {
            // It should have refused by itself.
            close(context, "its greeting does not fit: " + answer);
        } else {
            greeted = true;
            news.onGreeted(context.channel());
            if (hello.connection() == 0) {
                ping(context);
            }
        }
    }

    private void ping(ChannelHandlerContext context) {
        if (closed || !context.channel().isActive()) {
            return;
        }
        if (System.nanoTime() - heardNanos > SILENCE_NANOS) {
            close(context, "it was silent for 5 s");
            return;
        }
        Frame.write(context.channel(), PeerEncoder.encode(PeerType.PING));
        context.flush();
        context.executor().schedule(() -> ping(context), PING_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        close(context, "it closed the connection");
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        close(context, String.valueOf(cause.getMessage()));
    }

    private void close(ChannelHandlerContext context, String why) {
        if (!closed) {
            closed = true;
            context.close();
            news.onClosed(why);
        }
    }
}
