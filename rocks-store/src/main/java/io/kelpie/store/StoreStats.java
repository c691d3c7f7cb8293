package io.kelpie.store;

/**
 * Counters and sizes of a store at one moment. Bytes and counts; counters start at 0 with each
 * open.
 *
 * @param totalBytes size of the file system
 * @param freeBytes space on the file system that this process may still use
 * @param usedBytes space taken by the store's own files
 * @param reserveBytes below this much free space, writes that need space are refused
 * @param spaceExhausted whether such writes are refused now
 * @param cacheCapacityBytes bound of the one cache, memtables included
 * @param cacheUsedBytes of it in use
 * @param memtableBytes of that, writes not yet in tables
 * @param batches batches applied
 * @param payloadBytes bytes of content in them
 * @param reads reads done
 * @param readBytes bytes of content read
 * @param syncs syncs of the log done; batches divided by syncs is the group commit's factor
 * @param corruptPages reads that found a page damaged
 * @param replacementReads reads repeated from a snapshot because an object was replaced meanwhile
 */
public record StoreStats(
        long totalBytes,
        long freeBytes,
        long usedBytes,
        long reserveBytes,
        boolean spaceExhausted,
        long cacheCapacityBytes,
        long cacheUsedBytes,
        long memtableBytes,
        long batches,
        long payloadBytes,
        long reads,
        long readBytes,
        long syncs,
        long corruptPages,
        long replacementReads) {}
