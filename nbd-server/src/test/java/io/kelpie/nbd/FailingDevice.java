// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.netty.buffer.ByteBuf;

import java.util.function.LongPredicate;

/**
 * Fails reads and writes whose offset is chosen, and every flush if wanted; hands the rest to
 * another device. Any thread.
 */
public final class FailingDevice implements BlockDevice {

    private final BlockDevice next;
    private final NbdError error;
    private final LongPredicate fails;

    /** Fails with {@code error} where {@code fails} says so about the offset. */
    public FailingDevice(BlockDevice next, NbdError error, LongPredicate fails) {
        this.next = next;
        this.error = error;
        this.fails = fails;
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
        if (fails.test(offset)) {
            reply.failed(error, "told to fail the read at " + offset);
        } else {
            next.read(offset, length, reply);
        }
    }

    @Override
    public void write(long offset, ByteBuf data, boolean fua, Reply reply) {
        if (fails.test(offset)) {
            data.release();
            reply.failed(error, "told to fail the write at " + offset);
        } else {
            next.write(offset, data, fua, reply);
        }
    }

    @Override
    public void flush(Reply reply) {
        next.flush(reply);
    }

    @Override
    public void trim(long offset, long length, boolean fua, Reply reply) {
        if (fails.test(offset)) {
            reply.failed(error, "told to fail the trim at " + offset);
        } else {
            next.trim(offset, length, fua, reply);
        }
    }

    @Override
    public void writeZeroes(long offset, long length, ZeroFlags flags, Reply reply) {
        if (fails.test(offset)) {
            reply.failed(error, "told to fail the zeroes at " + offset);
        } else {
            next.writeZeroes(offset, length, flags, reply);
        }
    }

    @Override
    public void cache(long offset, long length, Reply reply) {
        next.cache(offset, length, reply);
    }

    @Override
    public void blockStatus(long offset, long length, BlockStatusSink sink) {
        if (fails.test(offset)) {
            sink.failed(error, "told to fail the block status at " + offset);
        } else {
            next.blockStatus(offset, length, sink);
        }
    }

    @Override
    public void close(Reply reply) {
        next.close(reply);
    }
}
