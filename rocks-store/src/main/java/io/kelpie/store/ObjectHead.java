package io.kelpie.store;

/**
 * What is known of an object without reading its pages. Immutable.
 *
 * @param kind what the object holds
 * @param flags 32 bits that mean something to the caller only (tombstone, incoming, ...)
 * @param generation which generation of pages is current, 0 to 65535; the store's own counter
 * @param version the version the caller gave last
 * @param sizeBytes length of the object, 0 to {@link ObjectStore#MAX_OBJECT_BYTES}
 * @param createdMillis wall-clock time of creation or replacement, in milliseconds since 1970
 * @param writeCount batches that changed this object, from the one that created or replaced it on
 * @param baseObjectId the object (same partition, kind and erasure index) in which absent pages are
 *     looked up, or 0 for none
 * @param baseLimitBytes pages that start here or later are not looked up in the base: the size when
 *     the base was set, rounded up to pages, lowered by each cut; 0 without a base
 */
public record ObjectHead(
        ObjectKind kind,
        int flags,
        int generation,
        ObjectVersion version,
        long sizeBytes,
        long createdMillis,
        long writeCount,
        long baseObjectId,
        long baseLimitBytes) {}
