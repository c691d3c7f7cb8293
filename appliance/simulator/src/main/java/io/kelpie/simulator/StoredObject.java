package io.kelpie.simulator;

import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.ObjectDigest;

import org.jspecify.annotations.Nullable;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * One state of an object on a disk. Immutable but for rot, so that the durable image, the page
 * cache and the log share what they have in common. Pages never written are null.
 */
final class StoredObject {
    static final int PAGE_BYTES = 4096;

    private static final VarHandle LONGS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    /** What an object's head costs on disk, for the accounting of space. */
    private static final int HEAD_BYTES = 256;

    private final long sizeBytes;
    private final ObjectVersion version;
    private final @Nullable Page[] pages;
    private final int pageCount;
    /** Over all bytes; holes and pages of zeros are the same. Rot does not change it. */
    private final long contentHash;

    private StoredObject(
            long sizeBytes,
            ObjectVersion version,
            @Nullable Page[] pages,
            int pageCount,
            long contentHash) {
        this.sizeBytes = sizeBytes;
        this.version = version;
        this.pages = pages;
        this.pageCount = pageCount;
        this.contentHash = contentHash;
    }

    static StoredObject empty(long sizeBytes, ObjectVersion version) {
        int slots = Math.toIntExact((sizeBytes + PAGE_BYTES - 1) / PAGE_BYTES);
        return new StoredObject(sizeBytes, version, new @Nullable Page[slots], 0, 0);
    }

    long sizeBytes() {
        return sizeBytes;
    }

    ObjectVersion version() {
        return version;
    }

    /** The same content under another version. */
    StoredObject withVersion(ObjectVersion newVersion) {
        return new StoredObject(sizeBytes, newVersion, pages, pageCount, contentHash);
    }

    /** Tells whether two states have the same bytes, but for rot. */
    boolean hasBytesOf(StoredObject other) {
        return sizeBytes == other.sizeBytes && contentHash == other.contentHash;
    }

    long contentHash() {
        return contentHash;
    }

    private static long share(int slot, @Nullable Page page) {
        return page == null || page.hash == 0 ? 0 : RandomSource.mix(page.hash + slot);
    }

    /** Whether a page is damaged. */
    boolean isRotten(long offset) {
        int slot = (int) (offset / PAGE_BYTES);
        Page page = slot < pages.length ? pages[slot] : null;
        return page != null && page.rotten;
    }

    /** The number at an offset, whatever the page's state; 0 in a hole or beyond the end. */
    long longAt(long offset) {
        int slot = (int) (offset / PAGE_BYTES);
        Page page = slot < pages.length ? pages[slot] : null;
        return page == null ? 0 : (long) LONGS.get(page.bytes, (int) (offset % PAGE_BYTES));
    }

    /** Room on the disk. */
    long storedBytes() {
        return HEAD_BYTES + (long) pageCount * PAGE_BYTES;
    }

    /**
     * The object after a write, or null if a page that has to be read for it is rotten.
     *
     * @param bytes what to write, or null for zeros, which free the pages they cover
     */
    @Nullable
    StoredObject overwrite(
            ObjectVersion newVersion, long offset, long length, byte @Nullable [] bytes) {
        @Nullable Page[] changed = pages.clone();
        int count = pageCount;
        long hash = contentHash;
        long position = offset;
        while (position < offset + length) {
            int slot = (int) (position / PAGE_BYTES);
            int start = (int) (position % PAGE_BYTES);
            int run = (int) Math.min(PAGE_BYTES - start, offset + length - position);
            Page old = changed[slot];
            Page page = null;
            boolean whole = run == PAGE_BYTES;
            if (!whole && old != null && old.rotten) {
                return null;
            }
            if (bytes != null || (!whole && old != null)) {
                byte[] content = whole || old == null ? new byte[PAGE_BYTES] : old.bytes.clone();
                if (bytes == null) {
                    Arrays.fill(content, start, start + run, (byte) 0);
                } else {
                    System.arraycopy(bytes, (int) (position - offset), content, start, run);
                }
                page = new Page(content);
            }
            count += (page != null ? 1 : 0) - (old != null ? 1 : 0);
            hash += share(slot, page) - share(slot, old);
            changed[slot] = page;
            position += run;
        }
        return new StoredObject(sizeBytes, newVersion, changed, count, hash);
    }

    /**
     * The bytes of a range, zeros beyond the end, or null if a page of it is rotten.
     *
     * @param trusting true to hand out rotten pages too, as no honest store does
     */
    byte @Nullable [] read(long offset, int length, boolean trusting) {
        byte[] bytes = new byte[length];
        long end = Math.min(offset + length, sizeBytes);
        long position = offset;
        while (position < end) {
            int slot = (int) (position / PAGE_BYTES);
            int start = (int) (position % PAGE_BYTES);
            int run = (int) Math.min(PAGE_BYTES - start, end - position);
            Page page = pages[slot];
            if (page != null) {
                if (page.rotten && !trusting) {
                    return null;
                }
                System.arraycopy(page.bytes, start, bytes, (int) (position - offset), run);
            }
            position += run;
        }
        return bytes;
    }

    /** Whether any byte of a page may be stored. */
    boolean hasPage(long slot) {
        return slot < pages.length && pages[(int) slot] != null;
    }

    /**
     * The stored parts of a range, ascending.
     *
     * @param mostPages no part is of more pages: how a store cuts them is its own choice
     */
    List<DataRange> stored(long offset, long length, int mostPages) {
        List<DataRange> ranges = new ArrayList<>();
        long end = Math.min(offset + length, sizeBytes);
        long start = -1;
        for (long position = offset; position < end; ) {
            long slot = position / PAGE_BYTES;
            long next = Math.min(end, (slot + 1) * PAGE_BYTES);
            if (hasPage(slot) && start < 0) {
                start = position;
            }
            boolean cut = !hasPage(slot + 1)
                    || next == end
                    || next - start >= (long) mostPages * PAGE_BYTES;
            if (start >= 0 && cut) {
                ranges.add(new DataRange(start, next - start));
                start = -1;
            }
            position = next;
        }
        return ranges;
    }

    /**
     * Checksums as {@link ObjectDigest} wants them, or null if a page is rotten.
     *
     * @param trusting true to count rotten pages too
     */
    int @Nullable [] sums(boolean trusting) {
        int chunk = ObjectDigest.CHUNK_BYTES;
        int[] sums = new int[Math.toIntExact((sizeBytes + chunk - 1) / chunk)];
        for (int i = 0; i < sums.length; i++) {
            long from = (long) i * chunk;
            int length = (int) Math.min(chunk, sizeBytes - from);
            if (!stored(from, length, Integer.MAX_VALUE).isEmpty()) {
                byte[] bytes = read(from, length, trusting);
                if (bytes == null) {
                    return null;
                }
                CRC32C sum = new CRC32C();
                sum.update(bytes);
                sums[i] = (int) sum.getValue();
            }
        }
        return sums;
    }

    /** The pages that are also in another state of the object. */
    List<Page> pagesSharedWith(StoredObject other) {
        List<Page> shared = new ArrayList<>();
        for (int i = 0; i < Math.min(pages.length, other.pages.length); i++) {
            Page page = pages[i];
            if (page != null && page == other.pages[i]) {
                shared.add(page);
            }
        }
        return shared;
    }

    /** Content of a page, never changed after it was stored, except by rot. */
    static final class Page {
        private final byte[] bytes;
        /** Set once by a fault: the checksum does not fit any more. */
        private boolean rotten;

        private final long hash;

        private Page(byte[] bytes) {
            this.bytes = bytes;
            this.hash = hashOf(bytes);
        }

        private static long hashOf(byte[] bytes) {
            long hash = 0;
            for (int i = 0; i < PAGE_BYTES; i += Long.BYTES) {
                long value = (long) LONGS.get(bytes, i);
                if (value != 0) {
                    hash += RandomSource.mix(value ^ (long) i << 32);
                }
            }
            return hash;
        }

        void rot() {
            rotten = true;
            bytes[PAGE_BYTES / 2] ^= 0x10;
        }
    }
}
