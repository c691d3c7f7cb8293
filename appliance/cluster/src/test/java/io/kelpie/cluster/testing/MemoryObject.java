package io.kelpie.cluster.testing;

import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.ObjectDigest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/** The pages of an object that were written. */
final class MemoryObject {
    private static final int PAGE = 4096;

    private final long sizeBytes;
    private final TreeMap<Long, byte[]> pages = new TreeMap<>();
    private ObjectVersion version;

    MemoryObject(long sizeBytes, ObjectVersion version) {
        this.sizeBytes = sizeBytes;
        this.version = version;
    }

    /** The same content, which later writes to this one do not touch. */
    MemoryObject copy() {
        MemoryObject copy = new MemoryObject(sizeBytes, version);
        pages.forEach((number, page) -> copy.pages.put(number, page.clone()));
        return copy;
    }

    long sizeBytes() {
        return sizeBytes;
    }

    ObjectVersion version() {
        return version;
    }

    /** Unlike a write this may lead back: a copy is being brought to what others agreed on. */
    void setVersion(ObjectVersion next) {
        version = next;
    }

    void write(ObjectVersion next, long offset, byte[] bytes) {
        raise(next);
        if (offset < 0 || offset + bytes.length > sizeBytes) {
            throw new IllegalArgumentException(
                    "a write ends at " + (offset + bytes.length) + " of " + sizeBytes);
        }
        for (int i = 0; i < bytes.length; ) {
            long at = offset + i;
            int inPage = (int) (at % PAGE);
            int length = Math.min(PAGE - inPage, bytes.length - i);
            byte[] page = pages.computeIfAbsent(at / PAGE, number -> new byte[PAGE]);
            System.arraycopy(bytes, i, page, inPage, length);
            i += length;
        }
    }

    void zero(ObjectVersion next, long offset, long length) {
        if (offset % PAGE == 0 && length % PAGE == 0) {
            raise(next);
            pages.subMap(offset / PAGE, (offset + length) / PAGE).clear();
        } else {
            write(next, offset, new byte[(int) length]);
        }
    }

    private void raise(ObjectVersion next) {
        if (next.compareTo(version) < 0) {
            throw new IllegalStateException(next + " comes after " + version);
        }
        version = next;
    }

    byte[] read(long offset, int length) {
        byte[] bytes = new byte[length];
        for (Map.Entry<Long, byte[]> page : pages.subMap(
                        offset / PAGE, true, (offset + length) / PAGE, true)
                .entrySet()) {
            long from = Math.max(offset, page.getKey() * PAGE);
            long to = Math.min(offset + length, (page.getKey() + 1) * PAGE);
            if (to > from) {
                System.arraycopy(
                        page.getValue(), (int) (from % PAGE), bytes, (int) (from - offset), (int)
                                (to - from));
            }
        }
        return bytes;
    }

    /** Checksums as {@link ObjectDigest} wants them. */
    int[] sums() {
        int chunk = ObjectDigest.CHUNK_BYTES;
        int[] sums = new int[Math.toIntExact((sizeBytes + chunk - 1) / chunk)];
        for (int i = 0; i < sums.length; i++) {
            long from = (long) i * chunk;
            int length = (int) Math.min(chunk, sizeBytes - from);
            if (!allocated(from, length).isEmpty()) {
                CRC32C sum = new CRC32C();
                sum.update(read(from, length));
                sums[i] = (int) sum.getValue();
            }
        }
        return sums;
    }

    List<DataRange> allocated(long offset, long length) {
        List<DataRange> ranges = new ArrayList<>();
        long end = Math.min(offset + length, sizeBytes);
        for (long page : pages.keySet()) {
            long from = Math.max(offset, page * PAGE);
            long to = Math.min(end, (page + 1) * PAGE);
            DataRange last = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
            if (last != null && last.offset() + last.length() == from && to > from) {
                ranges.set(ranges.size() - 1, new DataRange(last.offset(), to - last.offset()));
            } else if (to > from) {
                ranges.add(new DataRange(from, to - from));
            }
        }
        return ranges;
    }
}
