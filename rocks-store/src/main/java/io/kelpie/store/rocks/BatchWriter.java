package io.kelpie.store.rocks;

import io.kelpie.store.ObjectKey;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreChange;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreException.Kind;
import io.kelpie.store.format.HeadLayout;
import io.kelpie.store.format.KeyLayout;
import io.kelpie.store.format.PageLayout;

import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Turns one {@link StoreBatch} into one RocksDB batch: atomic over all objects, heads and records.
 * One per call, under the locks of all its objects.
 */
final class BatchWriter {
    private static final int PAGE = PageLayout.PAGE_BYTES;

    /**
     * From this many pages on a range tombstone is cheaper than single deletes (rocks-store.md 9).
     */
    private static final int MIN_RANGE_DELETE_PAGES = 64;

    /** The most pages of zeros that one change keeps over a base: 256 MiB. */
    private static final int MAX_KEPT_ZERO_PAGES = 65_536;

    private static final byte[] ZERO_PAGE = new byte[PAGE];
    private static final ByteBuffer ZEROES = ByteBuffer.wrap(ZERO_PAGE).asReadOnlyBuffer();

    private final Database database;
    private final ObjectReader reader;
    private final Scratch scratch;
    private final WriteBatch target;
    private final long nowMillis;
    private final Map<ObjectKey, List<StoreChange>> contentChanges = new HashMap<>();
    private final Map<ObjectKey, ObjectDraft> drafts = new LinkedHashMap<>();
    private boolean endsGenerations;
    private boolean frees;

    BatchWriter(Database database, ObjectReader reader, Scratch scratch, long nowMillis) {
        this.database = database;
        this.reader = reader;
        this.scratch = scratch;
        this.target = scratch.batch();
        this.nowMillis = nowMillis;
    }

    /** Whether readers may find pages gone that belong to a head they have read. */
    boolean endsGenerations() {
        return endsGenerations;
    }

    /** Whether space may come back after compaction. */
    boolean frees() {
        return frees;
    }

    /** The RocksDB batch; belongs to the scratch. */
    WriteBatch encode(StoreBatch batch) throws RocksDBException {
        for (StoreChange change : batch.changes()) {
            if (change instanceof StoreChange.OfObject ofObject && touchesContent(change)) {
                contentChanges
                        .computeIfAbsent(ofObject.key(), key -> new ArrayList<>(2))
                        .add(change);
            }
        }
        for (StoreChange change : batch.changes()) {
            if (change instanceof StoreChange.OfObject ofObject) {
                applyToObject(draft(ofObject.key()), ofObject);
            } else {
                applyToRecords(change);
            }
        }
        for (ObjectDraft draft : drafts.values()) {
            finish(draft);
        }
        return target;
    }

    private static boolean touchesContent(StoreChange change) {
        return change instanceof StoreChange.Write
                || change instanceof StoreChange.WriteZeroes
                || change instanceof StoreChange.Resize;
    }

    /**
     * Whether a change may look at a page that an earlier one of this batch left. Writes to pages
     * of their own, as a caller brings who joins the batches of many, cannot; keeping their pages
     * would cost a copy of each.
     */
    private static boolean mayMeet(List<StoreChange> changes) {
        if (changes.size() < 2) {
            return false;
        }
        List<StoreChange.Write> writes = new ArrayList<>(changes.size());
        for (StoreChange change : changes) {
            if (!(change instanceof StoreChange.Write write)) {
                return true;
            }
            writes.add(write);
        }
        writes.sort(Comparator.comparingLong(StoreChange.Write::offset));
        long nextFreePage = 0;
        for (StoreChange.Write write : writes) {
            if (write.offset() / PAGE < nextFreePage) {
                return true;
            }
            nextFreePage = (write.offset() + write.payload().remaining() + PAGE - 1) / PAGE;
        }
        return false;
    }

    private ObjectDraft draft(ObjectKey key) {
        ObjectDraft draft = drafts.get(key);
        if (draft == null) {
            boolean overlaid = mayMeet(contentChanges.getOrDefault(key, List.of()));
            draft = new ObjectDraft(key, reader.anyHead(scratch, key), overlaid);
            drafts.put(key, draft);
        }
        return draft;
    }

    private void applyToRecords(StoreChange change) throws RocksDBException {
        if (change instanceof StoreChange.PutRecord put) {
            target.put(database.records(put.family()), put.key(), put.value());
        } else if (change instanceof StoreChange.DeleteRecord delete) {
            target.delete(database.records(delete.family()), delete.key());
        } else if (change instanceof StoreChange.DeleteRecords delete) {
            target.deleteRange(database.records(delete.family()), delete.from(), delete.to());
            frees = true;
        } else {
            throw new IllegalStateException("unknown change " + change);
        }
    }

    private void applyToObject(ObjectDraft draft, StoreChange.OfObject change)
            throws RocksDBException {
        if (change instanceof StoreChange.Create create) {
            create(draft, create);
        } else if (change instanceof StoreChange.Replace replace) {
            replace(draft, replace);
        } else if (change instanceof StoreChange.Delete) {
            delete(draft);
        } else if (change instanceof StoreChange.Bury bury) {
            bury(draft, bury);
        } else {
            draft.requireExists();
            applyToExisting(draft, change);
            draft.changed |= touchesContent(change);
        }
    }

    private void applyToExisting(ObjectDraft draft, StoreChange.OfObject change)
            throws RocksDBException {
        if (change instanceof StoreChange.Write write) {
            write(draft, write.offset(), write.payload().duplicate());
        } else if (change instanceof StoreChange.WriteZeroes zeroes) {
            writeZeroes(draft, zeroes.offset(), zeroes.length());
        } else if (change instanceof StoreChange.SetVersion set) {
            draft.version = set.version();
        } else if (change instanceof StoreChange.SetFlags set) {
            draft.flags = set.flags();
        } else if (change instanceof StoreChange.SetBase set) {
            setBase(draft, set.baseObjectId());
        } else if (change instanceof StoreChange.Resize resize) {
            resize(draft, resize.sizeBytes());
        } else {
            throw new IllegalStateException("unknown change " + change);
        }
    }

    private void create(ObjectDraft draft, StoreChange.Create create) throws RocksDBException {
        draft.requireKind();
        if (draft.exists) {
            throw new StoreException(Kind.EXISTS, "object " + draft.key + " exists already");
        }
        begin(draft, create.sizeBytes(), create.version());
    }

    private void replace(ObjectDraft draft, StoreChange.Replace replace) throws RocksDBException {
        draft.requireKind();
        dropPages(draft);
        begin(draft, replace.sizeBytes(), replace.version());
    }

    private void begin(ObjectDraft draft, long sizeBytes, io.kelpie.store.ObjectVersion version) {
        draft.exists = true;
        draft.flags = 0;
        draft.version = version;
        draft.sizeBytes = sizeBytes;
        draft.createdMillis = nowMillis;
        draft.writeCount = 0;
    }

    private void bury(ObjectDraft draft, StoreChange.Bury bury) throws RocksDBException {
        draft.requireKind();
        dropPages(draft);
        if (!draft.exists) {
            begin(draft, 0, bury.version());
        }
        draft.sizeBytes = 0;
        draft.version = bury.version();
        draft.flags = bury.flags();
    }

    private void delete(ObjectDraft draft) throws RocksDBException {
        if (draft.exists) {
            dropPages(draft);
            draft.exists = false;
        }
    }

    private void dropPages(ObjectDraft draft) throws RocksDBException {
        if (draft.exists) {
            if (draft.hasPages()) {
                deletePageRange(draft, 0, KeyLayout.MAX_PAGE);
            }
            endsGenerations = true;
            draft.startGeneration();
        }
    }

    private void setBase(ObjectDraft draft, long baseObjectId) {
        if (draft.changed) {
            throw new IllegalArgumentException(
                    "the base of " + draft.key + " is set behind a change of its content");
        }
        draft.baseObjectId = baseObjectId;
        draft.baseLimitBytes = baseObjectId == 0 ? 0 : (draft.sizeBytes + PAGE - 1) / PAGE * PAGE;
    }

    private void write(ObjectDraft draft, long offset, ByteBuffer payload) throws RocksDBException {
        draft.requireRange(offset, payload.remaining());
        int payloadEnd = payload.limit();
        long at = offset;
        while (payload.position() < payloadEnd) {
            int page = (int) (at / PAGE);
            int from = (int) (at % PAGE);
            int length = Math.min(PAGE - from, payloadEnd - payload.position());
            payload.limit(payload.position() + length);
            storePart(draft, page, from, payload);
            payload.limit(payloadEnd);
            at += length;
        }
    }

    private void writeZeroes(ObjectDraft draft, long offset, long length) throws RocksDBException {
        draft.requireRange(offset, length);
        long end = offset + length;
        long firstWhole = (offset + PAGE - 1) / PAGE;
        // The end of the object ends a page too: what lies behind it is zeros already.
        long endWhole = end == draft.sizeBytes ? (end + PAGE - 1) / PAGE : end / PAGE;
        if (firstWhole > endWhole) {
            zeroPart(draft, (int) (offset / PAGE), (int) (offset % PAGE), (int) length);
            return;
        }
        int head = (int) Math.min(firstWhole * PAGE - offset, length);
        if (head > 0) {
            zeroPart(draft, (int) (offset / PAGE), (int) (offset % PAGE), head);
        }
        zeroPages(draft, (int) firstWhole, (int) endWhole);
        if (endWhole * PAGE < end) {
            zeroPart(draft, (int) endWhole, 0, (int) (end - endWhole * PAGE));
        }
    }

    private void zeroPart(ObjectDraft draft, int page, int from, int length)
            throws RocksDBException {
        if (length > 0 && loadPage(draft, page)) {
            scratch.page.buffer(PAGE).put(from, ZEROES, 0, length);
            storePage(draft, page);
        }
    }

    /** Makes whole pages read as zeros, end exclusive. */
    private void zeroPages(ObjectDraft draft, int from, int end) throws RocksDBException {
        int based = Math.max(from, Math.min(end, draft.baseObjectId == 0 ? 0 : draft.basePages()));
        if (based - from > MAX_KEPT_ZERO_PAGES) {
            throw new IllegalArgumentException("zeros over " + (based - from) + " pages of "
                    + draft.key + " that has a base; at most " + MAX_KEPT_ZERO_PAGES + " at once");
        }
        for (int page = from; page < based; page++) {
            storeZeroes(draft, page);
        }
        clearPages(draft, based, end);
    }

    /** Deletes pages that no base shows through, end exclusive. */
    private void clearPages(ObjectDraft draft, int from, int end) throws RocksDBException {
        if (end - from >= MIN_RANGE_DELETE_PAGES) {
            if (draft.hasPages()) {
                deletePageRange(draft, from, end - 1);
            }
            if (draft.overlaid) {
                draft.overlay.keySet().removeIf(page -> page >= from && page < end);
                draft.cleared.set(from, end);
            }
            return;
        }
        for (int page = from; page < end; page++) {
            storeZeroes(draft, page);
        }
    }

    private void resize(ObjectDraft draft, long sizeBytes) throws RocksDBException {
        long old = draft.sizeBytes;
        if (sizeBytes < old) {
            int tail = (int) (sizeBytes % PAGE);
            int keep = (int) ((sizeBytes + PAGE - 1) / PAGE);
            if (tail != 0) {
                zeroPart(draft, keep - 1, tail, PAGE - tail);
            }
            draft.baseLimitBytes = Math.min(draft.baseLimitBytes, (long) keep * PAGE);
            clearPages(draft, keep, (int) ((old + PAGE - 1) / PAGE));
            endsGenerations = true;
        }
        draft.sizeBytes = sizeBytes;
    }

    /** Lays the payload's remaining bytes, of one page at most, over a page. */
    private void storePart(ObjectDraft draft, int page, int from, ByteBuffer payload)
            throws RocksDBException {
        boolean whole = payload.remaining() == PAGE;
        if (!whole && !loadPage(draft, page)) {
            scratch.page.buffer(PAGE).put(0, ZEROES, 0, PAGE);
        }
        scratch.page.buffer(PAGE).position(from).put(payload);
        storePage(draft, page);
    }

    /** Brings a page as it is now into the scratch page; false when it is a hole. */
    private boolean loadPage(ObjectDraft draft, int page) {
        byte[] kept = draft.overlay.get(page);
        if (kept != null) {
            scratch.page.buffer(PAGE).put(0, kept);
            return true;
        }
        if (draft.cleared.get(page) || (draft.fresh && !draft.isBased(page))) {
            return false;
        }
        return reader.loadPage(
                scratch,
                draft.key,
                draft.head(),
                page,
                scratch.page.buffer(PageLayout.VALUE_BYTES));
    }

    /** Stores the scratch page. */
    private void storePage(ObjectDraft draft, int page) throws RocksDBException {
        ByteBuffer content = scratch.page.buffer(PAGE);
        if (content.mismatch(ZEROES) < 0) {
            storeZeroes(draft, page);
        } else if (draft.overlaid) {
            draft.overlay.put(page, scratch.page.toArray(PAGE));
        } else {
            emit(draft, page);
        }
    }

    private void storeZeroes(ObjectDraft draft, int page) throws RocksDBException {
        if (draft.overlaid) {
            draft.overlay.put(page, ZERO_PAGE);
        } else {
            emitZeroes(draft, page);
        }
    }

    private void emit(ObjectDraft draft, int page) throws RocksDBException {
        ByteBuffer value = PageLayout.seal(scratch.page, scratch.checksums);
        target.put(family(draft), pageKey(draft, page), value);
        draft.emitted = true;
    }

    private void emitZeroes(ObjectDraft draft, int page) throws RocksDBException {
        if (draft.isBased(page)) {
            target.put(family(draft), pageKey(draft, page), PageLayout.sealZeroes(scratch.page));
            draft.emitted = true;
        } else if (draft.hasPages() && mayHold(draft, page)) {
            target.delete(family(draft), pageKey(draft, page));
            frees = true;
        }
    }

    /** Spares the tombstone where the filters know that there is nothing to delete. */
    private boolean mayHold(ObjectDraft draft, int page) {
        return database.rocks().keyMayExist(family(draft), scratch.point(), pageKey(draft, page));
    }

    private void deletePageRange(ObjectDraft draft, int first, int last) throws RocksDBException {
        KeyLayout.pageKey(scratch.key, draft.key, draft.generation, first);
        KeyLayout.pageEnd(scratch.end, draft.key, draft.generation, last);
        target.deleteRange(
                family(draft),
                scratch.key.toArray(KeyLayout.PAGE_KEY_BYTES),
                scratch.end.toArray(KeyLayout.PAGE_END_BYTES));
        frees = true;
    }

    private ColumnFamilyHandle family(ObjectDraft draft) {
        return database.pages(draft.key.kind());
    }

    private ByteBuffer pageKey(ObjectDraft draft, int page) {
        return KeyLayout.pageKey(scratch.key, draft.key, draft.generation, page);
    }

    /** Emits what was held back, and the head. */
    private void finish(ObjectDraft draft) throws RocksDBException {
        for (Map.Entry<Integer, byte[]> kept : draft.overlay.entrySet()) {
            if (kept.getValue() == ZERO_PAGE) {
                emitZeroes(draft, kept.getKey());
            } else {
                scratch.page.buffer(PAGE).put(0, kept.getValue());
                emit(draft, kept.getKey());
            }
        }
        if (draft.exists) {
            draft.writeCount++;
            ByteBuffer key = KeyLayout.headKey(scratch.key, draft.key);
            target.put(
                    database.heads(),
                    key,
                    HeadLayout.encode(draft.head(), scratch.head, scratch.checksums));
        } else if (draft.stored != null && draft.stored.kind() == draft.key.kind()) {
            target.delete(database.heads(), KeyLayout.headKey(scratch.key, draft.key));
        }
    }
}
