package io.kelpie.store;

import java.nio.file.Path;
import java.util.Set;

/**
 * How to open a store. Immutable; {@link #at} gives defaults, the {@code with} methods change one
 * thing each.
 *
 * @param directory created where it does not exist (its parent must)
 * @param createIfMissing whether an empty or missing directory becomes a new store
 * @param cacheBytes bound of the one cache that holds blocks, indexes and memtables
 * @param writeBufferBytes bound of all memtables together, at most half of {@code cacheBytes}
 * @param backgroundJobs threads for flushes and compactions, 1 or more
 * @param directIo how files are accessed
 * @param reserveBytes below this much free space writes that need space are refused; 0 for 1 % of
 *     the file system, at least 64 MiB, at most 1 GiB
 * @param toleratedNames names in the directory that are not the store's and no reason to refuse it
 * @param acceptLoss open even though synced writes are missing: the operator's word that they are
 *     given up
 * @param listener told when the store breaks or runs out of space
 */
public record StoreConfig(
        Path directory,
        boolean createIfMissing,
        long cacheBytes,
        long writeBufferBytes,
        int backgroundJobs,
        DirectIo directIo,
        long reserveBytes,
        Set<String> toleratedNames,
        boolean acceptLoss,
        StoreListener listener) {
    /** The smallest cache a store runs with. */
    public static final long MIN_CACHE_BYTES = 8L << 20;

    /** The smallest bound of the memtables. */
    public static final long MIN_WRITE_BUFFER_BYTES = 1L << 20;

    private static final long DEFAULT_MIN_CACHE_BYTES = 64L << 20;
    private static final long DEFAULT_MAX_CACHE_BYTES = 64L << 30;
    private static final long DEFAULT_WRITE_BUFFER_BYTES = 512L << 20;

    /** How table files are accessed. */
    public enum DirectIo {
        /** Past the page cache where the file system can, else through it. */
        PROBE,
        /** Always through the page cache. */
        OFF
    }

    /** Checks the ranges. */
    public StoreConfig {
        toleratedNames = Set.copyOf(toleratedNames);
        require(
                cacheBytes >= MIN_CACHE_BYTES,
                "cacheBytes",
                cacheBytes,
                "at least " + MIN_CACHE_BYTES);
        require(
                writeBufferBytes >= MIN_WRITE_BUFFER_BYTES && writeBufferBytes <= cacheBytes / 2,
                "writeBufferBytes",
                writeBufferBytes,
                "within " + MIN_WRITE_BUFFER_BYTES + " and half of cacheBytes (" + cacheBytes / 2
                        + ")");
        require(
                backgroundJobs >= 1 && backgroundJobs <= 64,
                "backgroundJobs",
                backgroundJobs,
                "within 1 to 64");
        require(reserveBytes >= 0, "reserveBytes", reserveBytes, "0 or more");
    }

    /**
     * Defaults for a directory: 25 % of the host's memory as cache (64 MiB to 64 GiB), of it up to
     * 512 MiB of memtables, half of the cores (at least 2) in the background, direct I/O where it
     * works.
     */
    public static StoreConfig at(Path directory) {
        long cacheBytes = Math.max(
                DEFAULT_MIN_CACHE_BYTES,
                Math.min(HostMemory.totalBytes() / 4, DEFAULT_MAX_CACHE_BYTES));
        return new StoreConfig(
                directory,
                true,
                cacheBytes,
                Math.min(DEFAULT_WRITE_BUFFER_BYTES, cacheBytes / 4),
                Math.max(2, Runtime.getRuntime().availableProcessors() / 2),
                DirectIo.PROBE,
                0,
                Set.of(),
                false,
                StoreListener.NONE);
    }

    /**
     * A few MiB of everything, for tests and tools: 32 MiB of cache, 8 MiB of memtables, reserve 16
     * MiB.
     */
    public static StoreConfig small(Path directory) {
        return at(directory).withMemory(32L << 20, 8L << 20).withReserveBytes(16L << 20);
    }

    /** With {@link #createIfMissing}. */
    public StoreConfig withCreateIfMissing(boolean value) {
        return new StoreConfig(
                directory,
                value,
                cacheBytes,
                writeBufferBytes,
                backgroundJobs,
                directIo,
                reserveBytes,
                toleratedNames,
                acceptLoss,
                listener);
    }

    /** With {@link #cacheBytes} and {@link #writeBufferBytes}. */
    public StoreConfig withMemory(long cache, long writeBuffer) {
        return new StoreConfig(
                directory,
                createIfMissing,
                cache,
                writeBuffer,
                backgroundJobs,
                directIo,
                reserveBytes,
                toleratedNames,
                acceptLoss,
                listener);
    }

    /** With {@link #backgroundJobs}. */
    public StoreConfig withBackgroundJobs(int value) {
        return new StoreConfig(
                directory,
                createIfMissing,
                cacheBytes,
                writeBufferBytes,
                value,
                directIo,
                reserveBytes,
                toleratedNames,
                acceptLoss,
                listener);
    }

    /** With {@link #directIo}. */
    public StoreConfig withDirectIo(DirectIo value) {
        return new StoreConfig(
                directory,
                createIfMissing,
                cacheBytes,
                writeBufferBytes,
                backgroundJobs,
                value,
                reserveBytes,
                toleratedNames,
                acceptLoss,
                listener);
    }

    /** With {@link #reserveBytes}. */
    public StoreConfig withReserveBytes(long value) {
        return new StoreConfig(
                directory,
                createIfMissing,
                cacheBytes,
                writeBufferBytes,
                backgroundJobs,
                directIo,
                value,
                toleratedNames,
                acceptLoss,
                listener);
    }

    /** With {@link #toleratedNames}. */
    public StoreConfig withToleratedNames(Set<String> value) {
        return new StoreConfig(
                directory,
                createIfMissing,
                cacheBytes,
                writeBufferBytes,
                backgroundJobs,
                directIo,
                reserveBytes,
                value,
                acceptLoss,
                listener);
    }

    /** With {@link #acceptLoss}. */
    public StoreConfig withAcceptLoss(boolean value) {
        return new StoreConfig(
                directory,
                createIfMissing,
                cacheBytes,
                writeBufferBytes,
                backgroundJobs,
                directIo,
                reserveBytes,
                toleratedNames,
                value,
                listener);
    }

    /** With {@link #listener}. */
    public StoreConfig withListener(StoreListener value) {
        return new StoreConfig(
                directory,
                createIfMissing,
                cacheBytes,
                writeBufferBytes,
                backgroundJobs,
                directIo,
                reserveBytes,
                toleratedNames,
                acceptLoss,
                value);
    }

    private static void require(boolean holds, String name, long value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(name + " is " + value + ", must be " + expected);
        }
    }
}
