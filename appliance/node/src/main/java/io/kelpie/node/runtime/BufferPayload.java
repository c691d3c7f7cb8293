package io.kelpie.node.runtime;

import io.kelpie.cluster.port.Payload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A payload over a Netty buffer: the bytes between its reader and writer index. The payload and the
 * buffer share one reference count. Any thread, one at a time.
 */
public final class BufferPayload implements Payload {
    private final ByteBuf buffer;

    private BufferPayload(ByteBuf buffer) {
        this.buffer = buffer;
    }

    /**
     * Wraps a buffer; nothing is copied.
     *
     * @param buffer its one reference passes to the payload; its indexes must not change afterwards
     * @return the payload
     */
    public static BufferPayload owning(ByteBuf buffer) {
        return new BufferPayload(buffer);
    }

    /**
     * Turns a payload into a buffer that can be sent; nothing is copied when it was one.
     *
     * @param payload any payload; its reference passes to the returned buffer
     * @return the buffer, owned by the caller
     */
    public static ByteBuf toBuffer(Payload payload) {
        if (payload instanceof BufferPayload own) {
            return own.buffer;
        }
        ByteBuf copy = Unpooled.copiedBuffer(payload.view());
        payload.release();
        return copy;
    }

    /**
     * The buffer behind the payload.
     *
     * @return borrowed; valid while a reference to the payload is held
     */
    public ByteBuf buffer() {
        return buffer;
    }

    @Override
    public int length() {
        return buffer.readableBytes();
    }

    @Override
    public Payload slice(int from, int length) {
        return new BufferPayload(buffer.retainedSlice(buffer.readerIndex() + from, length));
    }

    @Override
    public Payload retain() {
        buffer.retain();
        return this;
    }

    @Override
    public void release() {
        buffer.release();
    }

    @Override
    public ByteBuffer view() {
        return buffer.nioBuffer().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public String toString() {
        return "payload of " + buffer.readableBytes() + " bytes";
    }
}
