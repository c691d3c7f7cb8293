package io.kelpie.fuse;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** Open files by the number that the kernel hands back with every request. Any thread. */
final class HandleTable {
    /** Most files open at once; each costs the directory a handle, and a host has few disks. */
    static final int MAX_OPEN_FILES = 4096;

    private final AtomicReferenceArray<OpenFile> slots = new AtomicReferenceArray<>(MAX_OPEN_FILES);
    // Guards itself: which slots are taken. Only open and release come here.
    private final BitSet taken = new BitSet(MAX_OPEN_FILES);

    /**
     * Keeps a file.
     *
     * @return its handle, 1 to {@value #MAX_OPEN_FILES}; {@link FuseException} with ENFILE when the
     *     table is full
     */
    long add(OpenFile file) {
        int slot;
        synchronized (taken) {
            slot = taken.nextClearBit(0);
            if (slot >= MAX_OPEN_FILES) {
                throw new FuseException(
                        FuseError.ENFILE, MAX_OPEN_FILES + " files are open, no more are allowed");
            }
            taken.set(slot);
        }
        slots.set(slot, file);
        return slot + 1L;
    }

    /** The file of a handle; {@link FuseException} with EBADF when there is none. */
    OpenFile find(long handle) {
        OpenFile file = isSlot(handle) ? slots.get((int) (handle - 1)) : null;
        if (file == null) {
            throw new FuseException(FuseError.EBADF, "no open file has handle " + handle);
        }
        return file;
    }

    /** Takes a file out; EBADF when there is none. */
    OpenFile remove(long handle) {
        OpenFile file = isSlot(handle) ? slots.getAndSet((int) (handle - 1), null) : null;
        if (file == null) {
            throw new FuseException(FuseError.EBADF, "no open file has handle " + handle);
        }
        synchronized (taken) {
            taken.clear((int) (handle - 1));
        }
        return file;
    }

    /** Takes all files out, for the end of the mount. */
    List<OpenFile> removeAll() {
        List<OpenFile> files = new ArrayList<>();
        for (int i = 0; i < MAX_OPEN_FILES; i++) {
            if (slots.get(i) != null) {
                files.add(remove(i + 1L));
            }
        }
        return files;
    }

    private static boolean isSlot(long handle) {
        return handle >= 1 && handle <= MAX_OPEN_FILES;
    }
}
