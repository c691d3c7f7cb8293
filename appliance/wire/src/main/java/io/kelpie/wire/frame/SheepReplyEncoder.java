package io.kelpie.wire.frame;

import io.kelpie.wire.sheep.SheepProtocol;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;

/**
 * Writes {@link SheepReply}s as a header buffer followed by the payload buffer itself, which Netty
 * gathers into one system call; nothing is copied. Stateless and sharable; takes ownership of the
 * payload. The promise completes with the last buffer of the reply.
 */
@ChannelHandler.Sharable
// Netty hands back the promise it was given; the writer of the reply watches that one.
@SuppressWarnings("FutureReturnValueIgnored")
public final class SheepReplyEncoder extends ChannelOutboundHandlerAdapter {
    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (!(message instanceof SheepReply reply)) {
            context.write(message, promise);
            return;
        }
        ByteBuf header = context.alloc()
                .directBuffer(SheepProtocol.HEADER_BYTES, SheepProtocol.HEADER_BYTES);
        reply.header().encode(header.nioBuffer(0, SheepProtocol.HEADER_BYTES));
        header.writerIndex(SheepProtocol.HEADER_BYTES);
        if (reply.payload().isReadable()) {
            context.write(header);
            context.write(reply.payload(), promise);
        } else {
            reply.payload().release();
            context.write(header, promise);
        }
    }
}
