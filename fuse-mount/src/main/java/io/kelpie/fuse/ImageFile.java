package io.kelpie.fuse;

import java.nio.ByteBuffer;

/**
 * One image, opened. {@link ImageDirectory#open} makes it; the mount calls it and closes it once.
 *
 * <p>Threads: calls come from any {@code kelpie-fuse-N} thread, several at once, in no order other
 * than that the kernel waits for an answer before it reports it; {@link #close} comes after all
 * others have returned. Every call may block; while it does, it holds one of the mount's threads,
 * so it must end by its own deadline (with {@link FuseError#ETIMEDOUT}). No call may touch a file
 * of the same mount: that deadlocks.
 *
 * <p>Ranges: the mount has checked {@code 0 <= offset} and {@code offset + length <=}
 * {@link #sizeBytes()} as of just before the call. Flags of {@code open} are checked too: a file
 * that was not opened writable gets no write.
 *
 * <p>Errors: a {@link FuseException} becomes its errno; any other {@link Throwable} becomes EIO and
 * is logged.
 */
public interface ImageFile extends AutoCloseable {
    /**
     * Fills the buffer from the image. Holes read as zeroes.
     *
     * @param offset first byte, 0 to {@link #sizeBytes()}
     * @param destination direct buffer over libfuse's memory, 1 byte to 128 KiB remaining, to be
     *     filled from its position to its limit; borrowed: valid until this method returns, no byte
     *     of it may be touched later
     */
    void read(long offset, ByteBuffer destination);

    /**
     * Writes the whole buffer. Durable on return or after {@link #sync}, as the image chooses.
     *
     * @param offset first byte, 0 to {@link #sizeBytes()}
     * @param source direct read-only buffer over libfuse's memory, 1 byte to 128 KiB remaining, to
     *     be taken from its position to its limit; borrowed: valid until this method returns
     */
    void write(long offset, ByteBuffer source);

    /** Returns when all writes that were answered before the call are durable. */
    void sync();

    /**
     * Sets the size. New bytes read as zeroes. The mount asks for a smaller size in one case only:
     * to give back the tail of an image that grew by writing in steps
     * ({@link FuseConfig#growthStepBytes}); nothing was ever written there through this mount. An
     * image may refuse that with {@link FuseError#EPERM}; then set the step to 0.
     *
     * @param sizeBytes the new size, at least 0
     */
    void truncate(long sizeBytes);

    /**
     * Makes a range read as zeroes and gives its space back as far as possible (fstrim,
     * {@code fallocate --punch-hole}).
     *
     * @param offset first byte, at least 0
     * @param length bytes, at least 1, up to the whole image in one call
     */
    void punchHole(long offset, long length);

    /**
     * Makes a range read as zeroes; space may stay allocated or not ({@code fallocate
     * --zero-range}, mkfs).
     *
     * @param offset first byte, at least 0
     * @param length bytes, at least 1, up to the whole image in one call
     */
    void writeZeroes(long offset, long length);

    /**
     * The size now, as changed by {@link #truncate}, other handles and other doors. Called before
     * every read and write, so it must be cheap and must not block for long.
     *
     * @return bytes, at least 0
     */
    long sizeBytes();

    /**
     * Ends the use of this handle. The kernel does not hear its errors: what must reach the user
     * belongs in {@link #sync}.
     */
    @Override
    void close();
}
