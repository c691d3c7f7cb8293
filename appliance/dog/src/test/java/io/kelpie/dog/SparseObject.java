package io.kelpie.dog;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * An object's content in pages; pages of zeros are not kept, so equal content means equal pages.
 */
final class SparseObject {
    private static final int PAGE_BYTES = 4096;

    private final Map<Long, byte[]> pages = new TreeMap<>();

    SparseObject copy() {
        SparseObject copy = new SparseObject();
        pages.forEach((number, page) -> copy.pages.put(number, page.clone()));
        return copy;
    }

    void put(long offset, byte[] bytes) {
        for (int done = 0; done < bytes.length; ) {
            long number = (offset + done) / PAGE_BYTES;
            int inPage = (int) ((offset + done) % PAGE_BYTES);
            int length = Math.min(PAGE_BYTES - inPage, bytes.length - done);
            byte[] page = pages.getOrDefault(number, new byte[PAGE_BYTES]);
            System.arraycopy(bytes, done, page, inPage, length);
            if (Arrays.equals(page, new byte[PAGE_BYTES])) {
                pages.remove(number);
            } else {
                pages.put(number, page);
            }
            done += length;
        }
    }

    byte[] read(long offset, int length) {
        byte[] bytes = new byte[length];
        for (int done = 0; done < length; ) {
            int inPage = (int) ((offset + done) % PAGE_BYTES);
            int part = Math.min(PAGE_BYTES - inPage, length - done);
            byte[] page = pages.get((offset + done) / PAGE_BYTES);
            if (page != null) {
                System.arraycopy(page, inPage, bytes, done, part);
            }
            done += part;
        }
        return bytes;
    }

    boolean sameAs(SparseObject other) {
        boolean same = pages.keySet().equals(other.pages.keySet());
        for (Map.Entry<Long, byte[]> page : pages.entrySet()) {
            same = same && Arrays.equals(page.getValue(), other.pages.get(page.getKey()));
        }
        return same;
    }
}
