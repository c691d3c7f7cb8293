package io.kelpie.store.rocks;

import io.kelpie.store.ObjectExtent;
import io.kelpie.store.ObjectHead;
import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreException.Kind;
import io.kelpie.store.format.DamagedRecordException;
import io.kelpie.store.format.HeadLayout;
import io.kelpie.store.format.KeyLayout;
import io.kelpie.store.format.PageLayout;

import org.jspecify.annotations.Nullable;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * Reads heads and pages, following base objects and checking every page. All methods see what the
 * scratch reads from: the present or a snapshot. Any thread, with a scratch of its own.
 */
final class ObjectReader {
    /** Up to this many pages are got one by one; an iterator pays off above. */
    private static final int MAX_SINGLE_GETS = 4;

    private static final int PAGE = PageLayout.PAGE_BYTES;
    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(PAGE).asReadOnlyBuffer();

    private final Database database;
    private final LongAdder corruptPages = new LongAdder();

    ObjectReader(Database database) {
        this.database = database;
    }

    long corruptPages() {
        return corruptPages.sum();
    }

    /** The head under a key, of whatever kind. */
    @Nullable
    ObjectHead anyHead(Scratch scratch, ObjectKey key) {
        try {
            ByteBuffer value = scratch.head.buffer(HeadLayout.BYTES);
            int length = database.rocks()
                    .get(
                            database.heads(),
                            scratch.point(),
                            KeyLayout.headKey(scratch.key, key),
                            value);
            return length == RocksDB.NOT_FOUND
                    ? null
                    : HeadLayout.decode(scratch.head, length, scratch.checksums);
        } catch (DamagedRecordException e) {
            throw damaged(key, e);
        } catch (RocksDBException e) {
            throw Errors.of("cannot read the head of " + key, e);
        }
    }

    /** The head of an object; null when there is none, or one of another kind. */
    @Nullable
    ObjectHead head(Scratch scratch, ObjectKey key) {
        ObjectHead head = anyHead(scratch, key);
        return head == null || head.kind() != key.kind() ? null : head;
    }

    static StoreException damaged(ObjectKey key, DamagedRecordException e) {
        return new StoreException(Kind.CORRUPTION, key + ": " + e.getMessage(), e);
    }

    static StoreException notFound(ObjectKey key) {
        return new StoreException(Kind.NOT_FOUND, "object " + key + " does not exist");
    }

    /** As {@link ObjectStore#read}, with the head read before. */
    int read(Scratch scratch, ObjectKey key, ObjectHead head, long offset, ByteBuffer destination) {
        if (offset < 0) {
            throw new IllegalArgumentException("offset " + offset + " is negative");
        }
        int length =
                (int) Math.min(destination.remaining(), Math.max(0, head.sizeBytes() - offset));
        if (length == 0) {
            return 0;
        }
        int start = destination.position();
        int limit = destination.limit();
        try {
            int firstPage = (int) (offset / PAGE);
            int lastPage = (int) ((offset + length - 1) / PAGE);
            Run run = new Run(destination, start, offset, length);
            readRun(scratch, key, head, run, firstPage, lastPage, 0);
        } catch (RocksDBException e) {
            throw readFailed(key, e);
        } finally {
            destination.limit(limit).position(start);
        }
        destination.position(start + length);
        return length;
    }

    private StoreException readFailed(ObjectKey key, RocksDBException e) {
        StoreException failure = Errors.of("cannot read " + key, e);
        if (failure.kind() == Kind.CORRUPTION) {
            corruptPages.increment();
        }
        return failure;
    }

    /** Where the bytes of a request go: byte {@code offset} of the object lies at {@code start}. */
    private record Run(ByteBuffer destination, int start, long offset, int length) {
        /** Where a page's byte would lie; may be before start for the first page. */
        long at(int page) {
            return start + (long) page * PAGE - offset;
        }

        /** Whether a buffer is the destination itself, so that what it holds is in place. */
        @SuppressWarnings("ReferenceEquality") // Which buffer it is matters, not what is in it.
        boolean isPlaced(ByteBuffer buffer) {
            return buffer == destination;
        }

        /** Offset in the page of the first byte wanted. */
        int from(int page) {
            return (int) Math.max(0, offset - (long) page * PAGE);
        }

        /** Offset in the page behind the last byte wanted. */
        int to(int page) {
            return (int) Math.min(PAGE, offset + length - (long) page * PAGE);
        }
    }

    private void readRun(
            Scratch scratch,
            ObjectKey key,
            ObjectHead head,
            Run run,
            int first,
            int last,
            int depth)
            throws RocksDBException {
        boolean hasBase = head.baseObjectId() != 0;
        BitSet missing = hasBase ? new BitSet(last - first + 1) : null;
        if (last - first < MAX_SINGLE_GETS) {
            for (int page = first; page <= last; page++) {
                if (!getPage(scratch, key, head, run, page, page < last)) {
                    hole(run, page, first, missing);
                }
            }
        } else {
            scan(scratch, key, head, run, first, last, missing);
        }
        if (missing != null && !missing.isEmpty()) {
            readBase(scratch, key, head, run, first, missing, depth);
        }
    }

    private static void hole(Run run, int page, int first, @Nullable BitSet missing) {
        zero(run, page);
        if (missing != null) {
            missing.set(page - first);
        }
    }

    /** The pages an object lacks, from the object under it. */
    private void readBase(
            Scratch scratch,
            ObjectKey key,
            ObjectHead head,
            Run run,
            int first,
            BitSet missing,
            int depth)
            throws RocksDBException {
        requireDepth(key, depth);
        ObjectKey baseKey = baseOf(key, head);
        ObjectHead base = head(scratch, baseKey);
        if (base == null) {
            return;
        }
        int limit = pagesShown(head, base);
        int from = missing.nextSetBit(0);
        while (from >= 0 && first + from < limit) {
            int to = Math.min(missing.nextClearBit(from), limit - first);
            readRun(scratch, baseKey, base, run, first + from, first + to - 1, depth + 1);
            from = missing.nextSetBit(to);
        }
    }

    private static void requireDepth(ObjectKey key, int depth) {
        if (depth >= ObjectStore.MAX_BASE_DEPTH) {
            throw new StoreException(
                    Kind.CORRUPTION,
                    "base objects below " + key + " form a chain longer than "
                            + ObjectStore.MAX_BASE_DEPTH
                            + " or a ring; copy the object's content and set its base to 0");
        }
    }

    private static ObjectKey baseOf(ObjectKey key, ObjectHead head) {
        return new ObjectKey(key.partition(), key.kind(), head.baseObjectId(), key.erasureIndex());
    }

    /** Pages from this number on are not taken from the base. */
    private static int pagesShown(ObjectHead head, ObjectHead base) {
        return (int) (Math.min(head.baseLimitBytes(), roundUp(base.sizeBytes())) / PAGE);
    }

    private static long roundUp(long bytes) {
        return (bytes + PAGE - 1) / PAGE * PAGE;
    }

    /**
     * Gets one page into place; false when the object does not hold it.
     *
     * @param maySpill whether the 4 bytes behind the page are filled later, so that the trailer may
     *     go there
     */
    private boolean getPage(
            Scratch scratch, ObjectKey key, ObjectHead head, Run run, int page, boolean maySpill)
            throws RocksDBException {
        ByteBuffer pageKey = KeyLayout.pageKey(scratch.key, key, head.generation(), page);
        ColumnFamilyHandle family = database.pages(head.kind());
        ByteBuffer target = target(scratch, run, page, maySpill);
        int at = target.position();
        int length = database.rocks().get(family, scratch.point(), pageKey, target);
        if (length == RocksDB.NOT_FOUND) {
            return false;
        }
        place(scratch, key, run, page, target, at, length);
        return true;
    }

    private void scan(
            Scratch scratch,
            ObjectKey key,
            ObjectHead head,
            Run run,
            int first,
            int last,
            @Nullable BitSet missing)
            throws RocksDBException {
        KeyLayout.pageEnd(scratch.end, key, head.generation(), last);
        long expected = (long) (last - first + 1) * PageLayout.VALUE_BYTES;
        int next = first;
        try (RocksIterator iterator = database.rocks()
                .newIterator(database.pages(head.kind()), scratch.bounded(expected))) {
            iterator.seek(KeyLayout.pageKey(scratch.key, key, head.generation(), first));
            while (iterator.isValid()) {
                iterator.key(scratch.key.buffer(KeyLayout.PAGE_KEY_BYTES));
                int page = KeyLayout.page(scratch.key);
                while (next < page) {
                    hole(run, next++, first, missing);
                }
                ByteBuffer target = target(scratch, run, page, page < last);
                int at = target.position();
                place(scratch, key, run, page, target, at, iterator.value(target));
                next = page + 1;
                iterator.next();
            }
            iterator.status();
        }
        while (next <= last) {
            hole(run, next++, first, missing);
        }
    }

    /**
     * Where to have a page's value written: its final place where page and trailer fit, else the
     * scratch page.
     */
    private static ByteBuffer target(Scratch scratch, Run run, int page, boolean maySpill) {
        ByteBuffer destination = run.destination();
        long at = run.at(page);
        if (maySpill && destination.isDirect() && at >= run.start()) {
            // A page that may spill is not the last one, so the bytes behind it are the caller's to
            // fill.
            int end = (int) at + PageLayout.VALUE_BYTES;
            if (end <= run.start() + run.length()) {
                return destination.limit(end).position((int) at);
            }
        }
        return scratch.page.buffer(PageLayout.VALUE_BYTES);
    }

    /** Checks the value that lies at {@code at} and brings the bytes wanted to their place. */
    private void place(
            Scratch scratch,
            ObjectKey key,
            Run run,
            int page,
            ByteBuffer target,
            int at,
            int length) {
        if (length == PageLayout.ZERO_VALUE_BYTES) {
            target.limit(target.capacity());
            requireHolds(key, page, PageLayout.holdsZeroes(target, at));
            zero(run, page);
            return;
        }
        requireHolds(key, page, length == PageLayout.VALUE_BYTES);
        target.limit(at + PageLayout.VALUE_BYTES);
        requireHolds(key, page, PageLayout.holds(target, at, scratch.checksums));
        if (!run.isPlaced(target)) {
            int from = run.from(page);
            copy(run, page, target, from);
        }
    }

    private void requireHolds(ObjectKey key, int page, boolean holds) {
        if (!holds) {
            corruptPages.increment();
            throw new StoreException(
                    Kind.CORRUPTION,
                    "page " + page + " of " + key + " is damaged: its checksum does not hold");
        }
    }

    private static void copy(Run run, int page, ByteBuffer source, int from) {
        int length = run.to(page) - from;
        ByteBuffer destination = run.destination();
        destination.limit(run.start() + run.length());
        destination.put((int) (run.at(page) + from), source, from, length);
    }

    private static void zero(Run run, int page) {
        copy(run, page, ZEROES, run.from(page));
    }

    /**
     * Loads one whole page for a partial overwrite, following bases, to offset 0 of the destination
     * (of at least a page, direct or not).
     *
     * @return false when nobody holds it; the destination is then undefined
     */
    boolean loadPage(
            Scratch scratch, ObjectKey key, ObjectHead head, int page, ByteBuffer destination) {
        ObjectKey at = key;
        ObjectHead level = head;
        Run run = new Run(destination.clear(), 0, (long) page * PAGE, PAGE);
        try {
            for (int depth = 0; ; depth++) {
                if (getPage(scratch, at, level, run, page, false)) {
                    return true;
                }
                if (level.baseObjectId() == 0) {
                    return false;
                }
                requireDepth(key, depth);
                at = baseOf(at, level);
                ObjectHead base = head(scratch, at);
                if (base == null || page >= pagesShown(level, base)) {
                    return false;
                }
                level = base;
            }
        } catch (RocksDBException e) {
            throw readFailed(at, e);
        }
    }

    /** As {@link ObjectStore#extents}, with the head read before. */
    List<ObjectExtent> extents(
            Scratch scratch, ObjectKey key, ObjectHead head, long offset, long length) {
        if (offset < 0 || length < 0) {
            throw new IllegalArgumentException(
                    "range of " + length + " bytes at " + offset + " is negative");
        }
        long end =
                Math.min(head.sizeBytes(), offset + Math.min(length, ObjectStore.MAX_OBJECT_BYTES));
        List<ObjectExtent> extents = new ArrayList<>();
        if (offset >= end) {
            return extents;
        }
        int first = (int) (offset / PAGE);
        int last = (int) ((end - 1) / PAGE);
        BitSet held = held(scratch, key, head, first, last, true);
        int from = 0;
        int count = last - first + 1;
        while (from < count) {
            boolean allocated = held.get(from);
            int next = allocated ? held.nextClearBit(from) : held.nextSetBit(from);
            int to = next < 0 || next > count ? count : next;
            long start = Math.max(offset, (long) (first + from) * PAGE);
            long stop = Math.min(end, (long) (first + to) * PAGE);
            extents.add(new ObjectExtent(start, stop - start, allocated));
            from = to;
        }
        return extents;
    }

    /** Bytes of pages that the object itself holds. */
    long allocatedBytes(Scratch scratch, ObjectKey key, ObjectHead head) {
        int last = (int) Math.max(0, (head.sizeBytes() - 1) / PAGE);
        return (long) PAGE * held(scratch, key, head, 0, last, false).cardinality();
    }

    /** The pages with content, bit 0 for the first. */
    private BitSet held(
            Scratch scratch,
            ObjectKey key,
            ObjectHead head,
            int first,
            int last,
            boolean withBases) {
        BitSet held = new BitSet();
        BitSet zeroed = new BitSet();
        ObjectKey at = key;
        ObjectHead level = head;
        int end = last;
        try {
            for (int depth = 0; ; depth++) {
                listPages(scratch, at, level, first, end, held, zeroed);
                if (!withBases || level.baseObjectId() == 0) {
                    return held;
                }
                requireDepth(key, depth);
                at = baseOf(at, level);
                ObjectHead base = head(scratch, at);
                end = base == null ? -1 : Math.min(end, pagesShown(level, base) - 1);
                if (base == null || end < first) {
                    return held;
                }
                level = base;
            }
        } catch (RocksDBException e) {
            throw readFailed(at, e);
        }
    }

    private void listPages(
            Scratch scratch,
            ObjectKey key,
            ObjectHead head,
            int first,
            int last,
            BitSet held,
            BitSet zeroed)
            throws RocksDBException {
        KeyLayout.pageEnd(scratch.end, key, head.generation(), last);
        long expected = (long) (last - first + 1) * PageLayout.VALUE_BYTES;
        try (RocksIterator iterator = database.rocks()
                .newIterator(database.pages(head.kind()), scratch.bounded(expected))) {
            iterator.seek(KeyLayout.pageKey(scratch.key, key, head.generation(), first));
            while (iterator.isValid()) {
                iterator.key(scratch.key.buffer(KeyLayout.PAGE_KEY_BYTES));
                int index = KeyLayout.page(scratch.key) - first;
                boolean zeroes = iterator.value(scratch.page.buffer(PageLayout.TRAILER_BYTES))
                        == PageLayout.ZERO_VALUE_BYTES;
                if (zeroes && !held.get(index)) {
                    zeroed.set(index);
                } else if (!zeroed.get(index)) {
                    held.set(index);
                }
                iterator.next();
            }
            iterator.status();
        }
    }
}
