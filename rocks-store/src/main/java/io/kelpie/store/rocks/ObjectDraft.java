package io.kelpie.store.rocks;

import io.kelpie.store.ObjectHead;
import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectVersion;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreException.Kind;
import io.kelpie.store.format.KeyLayout;
import io.kelpie.store.format.PageLayout;

import org.jspecify.annotations.Nullable;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * One object while a batch is applied to it: its head as it will be, and pages that later changes
 * may look at.
 */
final class ObjectDraft {
    final ObjectKey key;

    /** The head in the store; null when there is none. */
    final @Nullable ObjectHead stored;

    /**
     * Whether several changes of the batch touch content, so that pages must be kept for the later
     * ones.
     */
    final boolean overlaid;

    /**
     * Pages as earlier changes of this batch left them. Bounded by the batch's payload and zero
     * limits.
     */
    final Map<Integer, byte[]> overlay = new HashMap<>();

    /** Pages that earlier changes of this batch cleared with a range delete. */
    final BitSet cleared = new BitSet();

    boolean exists;
    int flags;
    int generation;
    ObjectVersion version = ObjectVersion.ZERO;
    long sizeBytes;
    long createdMillis;
    long writeCount;
    long baseObjectId;
    long baseLimitBytes;

    /** Whether an earlier change of this batch touched content of the current generation. */
    boolean changed;

    /** Whether the store holds no page of the current generation. */
    boolean fresh;

    /** Whether the batch holds pages of the current generation. */
    boolean emitted;

    ObjectDraft(ObjectKey key, @Nullable ObjectHead stored, boolean overlaid) {
        this.key = key;
        this.stored = stored;
        this.overlaid = overlaid;
        this.fresh = true;
        if (stored != null && stored.kind() == key.kind()) {
            load(stored);
        }
    }

    private void load(ObjectHead head) {
        exists = true;
        fresh = false;
        flags = head.flags();
        generation = head.generation();
        version = head.version();
        sizeBytes = head.sizeBytes();
        createdMillis = head.createdMillis();
        writeCount = head.writeCount();
        baseObjectId = head.baseObjectId();
        baseLimitBytes = head.baseLimitBytes();
    }

    void requireExists() {
        if (!exists) {
            throw ObjectReader.notFound(key);
        }
    }

    /** The id may not belong to an object of another kind: both would share a head. */
    void requireKind() {
        if (stored != null && stored.kind() != key.kind()) {
            throw new StoreException(
                    Kind.EXISTS,
                    "object " + key + " cannot be created: its id belongs to an object of kind "
                            + stored.kind().familyName());
        }
    }

    void requireRange(long offset, long length) {
        if (length > sizeBytes - offset) {
            throw new IllegalArgumentException("range of " + length + " bytes at " + offset
                    + " lies outside of " + key + ", which has " + sizeBytes + " bytes");
        }
    }

    /** Goes on with a generation that has no pages. */
    void startGeneration() {
        generation = generation == KeyLayout.MAX_GENERATION ? 0 : generation + 1;
        fresh = true;
        emitted = false;
        changed = false;
        overlay.clear();
        cleared.clear();
        baseObjectId = 0;
        baseLimitBytes = 0;
    }

    boolean hasPages() {
        return emitted || !fresh;
    }

    /** Whether an absent page would be looked up in a base. */
    boolean isBased(int page) {
        return baseObjectId != 0 && page < basePages();
    }

    int basePages() {
        return (int) (baseLimitBytes / PageLayout.PAGE_BYTES);
    }

    ObjectHead head() {
        return new ObjectHead(
                key.kind(),
                flags,
                generation,
                version,
                sizeBytes,
                createdMillis,
                writeCount,
                baseObjectId,
                baseLimitBytes);
    }
}
