package io.kelpie.fuse;

/**
 * The errors that a mount answers to the kernel, with the numbers of Linux (the same on x86-64 and
 * aarch64). Immutable; any thread.
 */
public enum FuseError {
    /** The operation is not permitted: shrinking a disk, changing its owner. */
    EPERM(1),
    /** There is no image of that name. */
    ENOENT(2),
    /** The data could not be read or written; also every failure without a better name. */
    EIO(5),
    /** The handle is not open, or not open for this. */
    EBADF(9),
    /** The image cannot be served now; trying again may work. */
    EAGAIN(11),
    /** No memory or buffer for this request. */
    ENOMEM(12),
    /** The caller lacks the right to do this. */
    EACCES(13),
    /** The image is in use or locked elsewhere, or the mount point is in use. */
    EBUSY(16),
    /** The name is taken. */
    EEXIST(17),
    /** The two names are not in the same file system. */
    EXDEV(18),
    /** There is no such device: {@code /dev/fuse} is missing. */
    ENODEV(19),
    /** The mount point is not a directory. */
    ENOTDIR(20),
    /** The name is a directory. */
    EISDIR(21),
    /** An argument is out of range. */
    EINVAL(22),
    /** Too many files are open in this mount. */
    ENFILE(23),
    /** The size is larger than an image can be. */
    EFBIG(27),
    /** No space: behind the end of a disk, or in the store. */
    ENOSPC(28),
    /** The image is read-only. */
    EROFS(30),
    /** The name is longer than 255 bytes or than the directory allows. */
    ENAMETOOLONG(36),
    /** The function does not exist here: libfuse or fusermount is not installed. */
    ENOSYS(38),
    /** The mount point is not empty. */
    ENOTEMPTY(39),
    /** The request makes no sense for an image. */
    EOPNOTSUPP(95),
    /** The mount is closing. */
    ESHUTDOWN(108),
    /** The request reached its deadline. */
    ETIMEDOUT(110);

    private final int number;

    FuseError(int number) {
        this.number = number;
    }

    /**
     * The number of Linux.
     *
     * @return 1 to 133, never negative
     */
    public int number() {
        return number;
    }
}
