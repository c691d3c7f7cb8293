package io.kelpie.node.runtime;

import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PayloadAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

import java.nio.ByteBuffer;

/** Makes payloads in pooled direct memory. Any thread. */
public final class BufferPayloads implements PayloadAllocator {
    private final ByteBufAllocator allocator;

    /**
     * Creates it.
     *
     * @param allocator where the memory comes from
     */
    public BufferPayloads(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    @Override
    public Payload copyOf(ByteBuffer bytes) {
        ByteBuf buffer = allocator.directBuffer(bytes.remaining(), bytes.remaining());
        buffer.writeBytes(bytes.duplicate());
        return BufferPayload.owning(buffer);
    }
}
