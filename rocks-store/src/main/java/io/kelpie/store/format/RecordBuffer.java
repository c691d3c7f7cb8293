package io.kelpie.store.format;

import net.openhft.chronicle.bytes.BytesStore;

import java.nio.ByteBuffer;

/**
 * A fixed piece of off-heap memory in which one record is laid out: Chronicle Bytes addresses its
 * fields, RocksDB takes it as a direct buffer; neither copies. Owned by one thread at a time.
 */
public final class RecordBuffer implements AutoCloseable {
    private final ByteBuffer buffer;
    private final BytesStore<?, ByteBuffer> bytes;

    /** Allocates memory of a fixed size in bytes, zeroed. */
    public RecordBuffer(int capacity) {
        this(ByteBuffer.allocateDirect(capacity));
    }

    /** Lays records out in a direct (or mapped) buffer that the caller gives away. */
    RecordBuffer(ByteBuffer direct) {
        buffer = direct;
        bytes = BytesStore.wrap(direct);
    }

    /**
     * The one buffer over this memory, at position 0 and with this limit; positions are the
     * caller's to set.
     */
    public ByteBuffer buffer(int limit) {
        return buffer.clear().limit(limit);
    }

    /** A copy of the first bytes. */
    public byte[] toArray(int length) {
        byte[] copy = new byte[length];
        buffer(length).get(copy);
        return copy;
    }

    /** Fills the first bytes from an array. */
    public void set(byte[] source) {
        buffer(source.length).put(source);
    }

    /** The fields, by absolute offset; native byte order. */
    BytesStore<?, ByteBuffer> bytes() {
        return bytes;
    }

    /** Gives the memory back; no use afterwards. Closing twice is an error. */
    @Override
    public void close() {
        bytes.releaseLast();
    }
}
