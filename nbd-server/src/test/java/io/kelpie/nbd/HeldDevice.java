// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/** Keeps every call until the test ends it. Thread-safe. */
final class HeldDevice implements BlockDevice {

    /** A call that waits for its end. */
    record Call(
            String name,
            long offset,
            long length,
            @Nullable ByteBuf data,
            boolean fua,
            Reply reply) {
        /** Ends the call well; a read with bytes that are its offset's lowest byte. */
        void succeed() {
            if (data != null) {
                data.release();
            }
            if (name.equals("read")) {
                var bytes = Unpooled.buffer((int) length);
                for (var i = 0; i < length; i++) {
                    bytes.writeByte((int) offset);
                }
                reply.data(bytes);
            } else {
                reply.done();
            }
        }
    }

    final List<Call> calls = new ArrayList<>();
    final List<BlockStatusSink> sinks = new ArrayList<>();
    private final long sizeBytes;
    private final DeviceLimits limits;
    private int closes;

    HeldDevice(long sizeBytes, DeviceLimits limits) {
        this.sizeBytes = sizeBytes;
        this.limits = limits;
    }

    synchronized int closes() {
        return closes;
    }

    synchronized int callCount() {
        return calls.size();
    }

    /** Takes out a call by its position. */
    synchronized Call take(int index) {
        return calls.remove(index);
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
    public synchronized void read(long offset, int length, Reply reply) {
        calls.add(new Call("read", offset, length, null, false, reply));
    }

    @Override
    public synchronized void write(long offset, ByteBuf data, boolean fua, Reply reply) {
        calls.add(new Call("write", offset, data.readableBytes(), data, fua, reply));
    }

    @Override
    public synchronized void flush(Reply reply) {
        calls.add(new Call("flush", 0, 0, null, false, reply));
    }

    @Override
    public synchronized void trim(long offset, long length, boolean fua, Reply reply) {
        calls.add(new Call("trim", offset, length, null, fua, reply));
    }

    @Override
    public synchronized void writeZeroes(long offset, long length, ZeroFlags flags, Reply reply) {
        calls.add(new Call("zero " + flags, offset, length, null, flags.fua(), reply));
    }

    @Override
    public synchronized void cache(long offset, long length, Reply reply) {
        calls.add(new Call("cache", offset, length, null, false, reply));
    }

    @Override
    public synchronized void blockStatus(long offset, long length, BlockStatusSink sink) {
        sinks.add(sink);
    }

    @Override
    public synchronized void close(Reply reply) {
        closes++;
        reply.done();
    }
}
