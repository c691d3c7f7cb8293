package io.kelpie.wire.frame;

import io.kelpie.wire.sheep.PayloadLimit;
import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.SheepFormatException;
import io.kelpie.wire.sheep.SheepProtocol;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;

/**
 * Cuts the bytes of a connection into {@link SheepRequest}s: header, length check, then the payload
 * into one pooled direct buffer. One instance per channel, on its event loop only. Versions,
 * opcodes and cluster state are the server's business; every header is passed on.
 *
 * <p>A payload beyond its {@link PayloadLimit} is a {@link SheepFormatException} in
 * {@code exceptionCaught}; later bytes are dropped, because the stream has lost its frame, and the
 * server should close the channel. Netty's {@code ByteToMessageDecoder} is not used: it would
 * gather a payload in a growing buffer first and copy it afterwards.
 */
public final class SheepRequestDecoder extends ChannelInboundHandlerAdapter {
    private final long maxObjectBytes;
    private final ByteBuffer headerBytes = ByteBuffer.allocate(SheepProtocol.HEADER_BYTES);
    private @Nullable RequestHeader header; // Set while its payload is being read.
    private ByteBuf payload = Unpooled.EMPTY_BUFFER; // Owned here until the request is complete.
    private boolean broken;

    /**
     * Creates the decoder of one channel.
     *
     * @param maxObjectBytes the largest data object that is served, 1 MiB..2 GiB; bounds the
     *     payload of writes
     */
    public SheepRequestDecoder(long maxObjectBytes) {
        this.maxObjectBytes = maxObjectBytes;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!(message instanceof ByteBuf bytes)) {
            context.fireChannelRead(message);
            return;
        }
        try {
            while (bytes.isReadable() && !broken) {
                readSome(context, bytes);
            }
        } catch (SheepFormatException e) {
            broken = true;
            context.fireExceptionCaught(e);
        } finally {
            bytes.release();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        broken = true;
        payload.release();
        payload = Unpooled.EMPTY_BUFFER;
    }

    private void readSome(ChannelHandlerContext context, ByteBuf bytes) {
        RequestHeader current = header;
        if (current == null) {
            current = readHeader(context, bytes);
        } else {
            payload.writeBytes(bytes, Math.min(bytes.readableBytes(), payload.writableBytes()));
        }
        if (current != null && !payload.isWritable()) {
            SheepRequest request = new SheepRequest(current, payload);
            header = null;
            payload = Unpooled.EMPTY_BUFFER;
            context.fireChannelRead(request);
        }
    }

    /** Returns null until the header is complete; then its payload buffer is allocated. */
    private @Nullable RequestHeader readHeader(ChannelHandlerContext context, ByteBuf bytes) {
        headerBytes.limit(Math.min(
                SheepProtocol.HEADER_BYTES, headerBytes.position() + bytes.readableBytes()));
        bytes.readBytes(headerBytes);
        if (headerBytes.position() < SheepProtocol.HEADER_BYTES) {
            return null;
        }
        RequestHeader complete = RequestHeader.decode(headerBytes.flip());
        headerBytes.clear();
        long length = complete.payloadBytes();
        long limit = PayloadLimit.maxBytes(complete, maxObjectBytes);
        if (length > limit) {
            throw new SheepFormatException("opcode 0x" + Integer.toHexString(complete.opcode())
                    + " with a payload of " + length + " bytes; at most " + limit + " are allowed");
        }
        if (length > 0) {
            payload = context.alloc().directBuffer((int) length, (int) length);
            header = complete;
        }
        return complete;
    }
}
