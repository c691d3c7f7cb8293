package io.kelpie.store.memory;

import io.kelpie.store.ObjectHead;
import io.kelpie.store.ObjectKind;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.ObjectVersion;

import java.util.Arrays;
import java.util.TreeMap;

/** One object: a head and the pages it holds. A page of zeros over a base is {@link #ZEROES}. */
final class MemoryObject {
    static final int PAGE = ObjectStore.PAGE_BYTES;

    /** Compared by identity. */
    static final byte[] ZEROES = new byte[PAGE];

    final ObjectKind kind;
    final TreeMap<Integer, byte[]> pages = new TreeMap<>();
    int flags;
    int generation;
    ObjectVersion version = ObjectVersion.ZERO;
    long sizeBytes;
    long createdMillis;
    long writeCount;
    long baseObjectId;
    long baseLimitBytes;

    MemoryObject(ObjectKind kind) {
        this.kind = kind;
    }

    /** A copy that shares pages, which are never changed in place. */
    MemoryObject copy() {
        MemoryObject copy = new MemoryObject(kind);
        copy.pages.putAll(pages);
        copy.flags = flags;
        copy.generation = generation;
        copy.version = version;
        copy.sizeBytes = sizeBytes;
        copy.createdMillis = createdMillis;
        copy.writeCount = writeCount;
        copy.baseObjectId = baseObjectId;
        copy.baseLimitBytes = baseLimitBytes;
        return copy;
    }

    ObjectHead head() {
        return new ObjectHead(
                kind,
                flags,
                generation,
                version,
                sizeBytes,
                createdMillis,
                writeCount,
                baseObjectId,
                baseLimitBytes);
    }

    boolean isBased(int page) {
        return baseObjectId != 0 && (long) page * PAGE < baseLimitBytes;
    }

    void put(int page, byte[] content) {
        if (!Arrays.equals(content, ZEROES)) {
            pages.put(page, content);
        } else if (isBased(page)) {
            pages.put(page, ZEROES);
        } else {
            pages.remove(page);
        }
    }

    void dropContent() {
        pages.clear();
        generation = generation + 1 & 0xffff;
        baseObjectId = 0;
        baseLimitBytes = 0;
    }
}
