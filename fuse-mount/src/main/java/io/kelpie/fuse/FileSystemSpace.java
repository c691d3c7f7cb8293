package io.kelpie.fuse;

/**
 * What {@code df} shows of the mount. Immutable; any thread.
 *
 * @param totalBytes space of the store in bytes, at least 0
 * @param freeBytes what of it is free, 0 to {@code totalBytes}
 * @param fileCount number of images there are, at least 0
 * @param freeFileCount number of images that could still be created, at least 0
 */
public record FileSystemSpace(long totalBytes, long freeBytes, long fileCount, long freeFileCount) {
    /** Checks the ranges; otherwise {@link IllegalArgumentException}. */
    public FileSystemSpace {
        if (totalBytes < 0 || freeBytes < 0 || freeBytes > totalBytes) {
            throw new IllegalArgumentException("free bytes must lie in 0 to the total: free "
                    + freeBytes + ", total " + totalBytes);
        }
        if (fileCount < 0 || freeFileCount < 0) {
            throw new IllegalArgumentException(
                    "counts must not be negative: files " + fileCount + ", free " + freeFileCount);
        }
    }
}
