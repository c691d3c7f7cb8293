// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.netty.buffer.ByteBuf;

/**
 * A linear device that an export serves. Implemented by the user of the library, called by the
 * server.
 *
 * <p>Arguments are valid when they arrive: the server has checked range, flags, length and block
 * sizes against {@link #sizeBytes} and {@link #limits}, lengths are at least 1 and {@code offset +
 * length <= sizeBytes()}. Requests that the limits exclude never come.
 *
 * <p>Every call but the two questions is asynchronous: it must not block (it runs on the
 * connection's I/O thread) and ends exactly once through its {@link Reply}, from any thread, also
 * before it returns. Calls of one connection come from one thread; a device opened once is used by
 * one connection only, so a provider that hands out the same object twice must make it safe itself.
 * Many calls are in flight at once and may end in any order; the client does not expect overlapping
 * requests to be ordered. A call that throws is answered with {@link NbdError#EIO}.
 *
 * <p>Life: opened by {@link ExportProvider#open}; after the client left, {@link #close} is called
 * once, after every other call has ended.
 */
public interface BlockDevice {

    /**
     * Returns the size of the device in bytes, 0 to {@link Long#MAX_VALUE}; constant while it is
     * open.
     */
    long sizeBytes();

    /** Returns what the device can do; constant while it is open. */
    DeviceLimits limits();

    /**
     * Reads bytes.
     *
     * @param offset first byte, from 0
     * @param length 1 to {@link DeviceLimits#maxRequestBytes}
     * @param reply ended by {@link Reply#data} with exactly {@code length} bytes, by
     *     {@link Reply#pieces} if some of them are holes, or by {@link Reply#failed}
     */
    void read(long offset, int length, Reply reply);

    /**
     * Writes bytes.
     *
     * @param offset first byte, from 0
     * @param data the bytes, 1 to {@link DeviceLimits#maxRequestBytes} readable; a pooled direct
     *     buffer. Ownership passes to the device with this call, whatever comes of it: it releases
     *     the buffer exactly once, also when it fails; only when this method throws has ownership
     *     stayed with the server
     * @param fua whether the bytes must be durable before {@link Reply#done}
     * @param reply ended by {@link Reply#done} when later reads on any connection see the bytes
     */
    void write(long offset, ByteBuf data, boolean fua, Reply reply);

    /**
     * Makes durable every write, trim and write-zeroes that ended before this call (on this
     * connection; on all of them if {@link DeviceLimits#canMultiConn}).
     *
     * @param reply ended by {@link Reply#done} when that is so
     */
    void flush(Reply reply);

    /**
     * Gives up the content of a range, a hint: later reads may see the old bytes or zeroes.
     *
     * @param offset first byte, from 0
     * @param length at least 1; not bounded by {@code maxRequestBytes}
     * @param fua whether the effect must be durable before {@link Reply#done}
     * @param reply ended by {@link Reply#done}; the default fails with {@link NbdError#EINVAL}
     */
    default void trim(long offset, long length, boolean fua, Reply reply) {
        reply.failed(NbdError.EINVAL, "this device cannot trim");
    }

    /**
     * Makes a range read as zeroes.
     *
     * @param offset first byte, from 0
     * @param length at least 1; not bounded by {@code maxRequestBytes}
     * @param flags durability, holes, speed
     * @param reply ended by {@link Reply#done}; the default fails with {@link NbdError#EINVAL}
     */
    default void writeZeroes(long offset, long length, ZeroFlags flags, Reply reply) {
        reply.failed(NbdError.EINVAL, "this device cannot write zeroes");
    }

    /**
     * Brings a range nearer, a hint.
     *
     * @param offset first byte, from 0
     * @param length at least 1; not bounded by {@code maxRequestBytes}
     * @param reply ended by {@link Reply#done}; the default fails with {@link NbdError#EINVAL}
     */
    default void cache(long offset, long length, Reply reply) {
        reply.failed(NbdError.EINVAL, "this device cannot cache");
    }

    /**
     * Describes which parts of a range are allocated and which read as zeroes. The default says
     * "all data", which is always true.
     *
     * @param offset first byte, from 0
     * @param length at least 1; not bounded by {@code maxRequestBytes}. A hint: describing only a
     *     beginning is allowed, describing more is cut
     * @param sink takes the extents and the end of the call
     */
    default void blockStatus(long offset, long length, BlockStatusSink sink) {
        sink.extent(length, false, false);
        sink.done();
    }

    /**
     * Ends the use of the device by its connection. Called exactly once, after every other call has
     * ended; nothing is called after it. Unflushed writes may stay unflushed.
     *
     * @param reply ended by {@link Reply#done} when the device has let go of what it held (locks,
     *     handles); {@link Reply#failed} is logged. {@link NbdServer#close} waits for it, with a
     *     bound. The default is done at once
     */
    default void close(Reply reply) {
        reply.done();
    }
}
