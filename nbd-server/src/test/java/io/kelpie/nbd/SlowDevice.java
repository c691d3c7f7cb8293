// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.netty.buffer.ByteBuf;

import java.util.Random;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Lets every call wait a random moment on another thread before it reaches the next device, so that
 * requests end out of order and off the I/O thread. Any thread; the executor is the caller's.
 */
public final class SlowDevice implements BlockDevice {

    private final BlockDevice next;
    private final ScheduledExecutorService executor;
    private final int maxDelayMicros;
    private final Random random;

    /** Delays by 0 to {@code maxDelayMicros}, chosen from the seed. */
    public SlowDevice(
            BlockDevice next, ScheduledExecutorService executor, int maxDelayMicros, long seed) {
        this.next = next;
        this.executor = executor;
        this.maxDelayMicros = maxDelayMicros;
        this.random = new Random(seed);
    }

    @Override
    public long sizeBytes() {
        return next.sizeBytes();
    }

    @Override
    public DeviceLimits limits() {
        return next.limits();
    }

    @Override
    public void read(long offset, int length, Reply reply) {
        later(() -> next.read(offset, length, reply));
    }

    @Override
    public void write(long offset, ByteBuf data, boolean fua, Reply reply) {
        later(() -> next.write(offset, data, fua, reply));
    }

    @Override
    public void flush(Reply reply) {
        later(() -> next.flush(reply));
    }

    @Override
    public void trim(long offset, long length, boolean fua, Reply reply) {
        later(() -> next.trim(offset, length, fua, reply));
    }

    @Override
    public void writeZeroes(long offset, long length, ZeroFlags flags, Reply reply) {
        later(() -> next.writeZeroes(offset, length, flags, reply));
    }

    @Override
    public void cache(long offset, long length, Reply reply) {
        later(() -> next.cache(offset, length, reply));
    }

    @Override
    public void blockStatus(long offset, long length, BlockStatusSink sink) {
        later(() -> next.blockStatus(offset, length, sink));
    }

    @Override
    public void close(Reply reply) {
        later(() -> next.close(reply));
    }

    private void later(Runnable call) {
        int delayMicros;
        synchronized (random) {
            delayMicros = random.nextInt(maxDelayMicros + 1);
        }
        // The future is dropped on purpose: the call ends through its reply.
        var unused = executor.schedule(call, delayMicros, TimeUnit.MICROSECONDS);
    }
}
