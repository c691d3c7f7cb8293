package io.kelpie.fuse;

/**
 * What goes into a {@code struct stat}.
 *
 * @param isDirectory true for the mount's root
 * @param mode permission bits
 * @param sizeBytes file size
 * @param blockCount allocated blocks of 512 bytes
 * @param modifiedMillis wall clock
 * @param changedMillis wall clock
 */
record FileAttributes(
        boolean isDirectory,
        int mode,
        long sizeBytes,
        long blockCount,
        long modifiedMillis,
        long changedMillis) {}
