// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A sparse device in memory, shared by all its connections: a double of a disk for tests and
 * benchmarks. Thread-safe; answers before its methods return.
 */
public final class MemoryDevice implements BlockDevice {

    private static final int PAGE_BYTES = 64 << 10;

    private final long sizeBytes;
    private final DeviceLimits limits;
    private final TreeMap<Long, byte[]> pages = new TreeMap<>();
    private final AtomicInteger flushes = new AtomicInteger();
    private final AtomicInteger closes = new AtomicInteger();

    public MemoryDevice(long sizeBytes) {
        this(sizeBytes, DeviceLimits.writable());
    }

    public MemoryDevice(long sizeBytes, DeviceLimits limits) {
        this.sizeBytes = sizeBytes;
        this.limits = limits;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public DeviceLimits limits() {
        return limits;
    }

    @Override
    public void read(long offset, int length, Reply reply) {
        var pieces = new ArrayList<ReadPiece>();
        synchronized (pages) {
            for (var at = offset; at < offset + length; ) {
                var page = pages.get(at / PAGE_BYTES);
                var from = (int) (at % PAGE_BYTES);
                var count = (int) Math.min(PAGE_BYTES - from, offset + length - at);
                if (page == null) {
                    pieces.add(ReadPiece.hole(count));
                } else {
                    var data = PooledByteBufAllocator.DEFAULT.directBuffer(count, count);
                    pieces.add(ReadPiece.data(data.writeBytes(page, from, count)));
                }
                at += count;
            }
        }
        reply.pieces(pieces);
    }

    @Override
    public void write(long offset, ByteBuf data, boolean fua, Reply reply) {
        synchronized (pages) {
            for (var at = offset; data.isReadable(); ) {
                var page = pages.computeIfAbsent(at / PAGE_BYTES, index -> new byte[PAGE_BYTES]);
                var from = (int) (at % PAGE_BYTES);
                var count = Math.min(PAGE_BYTES - from, data.readableBytes());
                data.readBytes(page, from, count);
                at += count;
            }
        }
        data.release();
        reply.done();
    }

    @Override
    public void flush(Reply reply) {
        flushes.incrementAndGet();
        reply.done();
    }

    @Override
    public void trim(long offset, long length, boolean fua, Reply reply) {
        zero(offset, length, false);
        reply.done();
    }

    @Override
    public void writeZeroes(long offset, long length, ZeroFlags flags, Reply reply) {
        zero(offset, length, flags.noHole());
        reply.done();
    }

    @Override
    public void cache(long offset, long length, Reply reply) {
        reply.done();
    }

    @Override
    public void blockStatus(long offset, long length, BlockStatusSink sink) {
        synchronized (pages) {
            for (var at = offset; at < offset + length && !sink.isFull(); ) {
                var count = Math.min(PAGE_BYTES - at % PAGE_BYTES, offset + length - at);
                var isHole = !pages.containsKey(at / PAGE_BYTES);
                sink.extent(count, isHole, isHole);
                at += count;
            }
        }
        sink.done();
    }

    @Override
    public void close(Reply reply) {
        closes.incrementAndGet();
        reply.done();
    }

    /** How often a client asked for durability. */
    public int flushes() {
        return flushes.get();
    }

    /** How many connections have ended. */
    public int closes() {
        return closes.get();
    }

    private void zero(long offset, long length, boolean noHole) {
        synchronized (pages) {
            for (var at = offset; at < offset + length; ) {
                var from = (int) (at % PAGE_BYTES);
                var count = (int) Math.min(PAGE_BYTES - from, offset + length - at);
                if (noHole) {
                    var page = pages.computeIfAbsent(at / PAGE_BYTES, i -> new byte[PAGE_BYTES]);
                    Arrays.fill(page, from, from + count, (byte) 0);
                } else if (count == PAGE_BYTES) {
                    pages.remove(at / PAGE_BYTES);
                } else if (pages.containsKey(at / PAGE_BYTES)) {
                    Arrays.fill(pages.get(at / PAGE_BYTES), from, from + count, (byte) 0);
                }
                at += count;
            }
        }
    }
}
