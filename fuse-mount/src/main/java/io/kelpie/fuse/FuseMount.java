package io.kelpie.fuse;

import java.nio.file.Path;

/**
 * A directory of images, mounted. Any thread may call it.
 *
 * <pre>{@code
 * try (FuseMount mount = FuseMount.mount(FuseConfig.at(Path.of("/mnt/vdis")), images)) {
 *     ended.await(); // requests are served by daemon threads kelpie-fuse-0, -1, ...
 * }
 * }</pre>
 */
public final class FuseMount implements AutoCloseable {
    private FuseMount() {}

    /**
     * Mounts and starts to serve; on return the mount is there. A dead mount that a killed process
     * left on the mount point is removed first; a live one is left alone and refused.
     *
     * @param config where and how
     * @param images what is shown; called from the loop threads until {@link #close} has returned
     * @return the mount; the caller closes it
     * @throws FuseException when it cannot be mounted; the message says what to do: mount point
     *     missing (ENOENT), no directory (ENOTDIR), not empty (ENOTEMPTY), in use (EBUSY), no
     *     {@code /dev/fuse} (ENODEV), no libfuse or fusermount (ENOSYS), no permission (EACCES),
     *     refused by libfuse for another reason (EIO)
     */
    public static FuseMount mount(FuseConfig config, ImageDirectory images) {
        throw new UnsupportedOperationException("in work");
    }

    /**
     * Where the images are.
     *
     * @return the mount point, absolute
     */
    public Path mountPoint() {
        throw new UnsupportedOperationException("in work");
    }

    /**
     * Whether requests are being served. False after {@link #close} and also after somebody else
     * unmounted ({@code umount /mnt/vdis}).
     *
     * @return true while the mount is there
     */
    public boolean isServing() {
        throw new UnsupportedOperationException("in work");
    }

    /**
     * Unmounts lazily (open files get ENOTCONN), waits for requests in progress, closes the handles
     * that are still open, and frees libfuse's memory. After return no thread of this mount calls
     * the directory any more, with one exception: when a request does not end within
     * {@link FuseConfig#closeTimeout}, the method gives up on its thread, logs its name, and
     * returns. Idempotent; never throws; interruptible (then as if the time were over).
     */
    @Override
    public void close() {
        throw new UnsupportedOperationException("in work");
    }
}
