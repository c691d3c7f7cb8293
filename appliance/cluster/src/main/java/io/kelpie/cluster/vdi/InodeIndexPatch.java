package io.kelpie.cluster.vdi;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the entries that a client's write of a stretch of the data index would clear although it
 * owns them. QEMU writes the stretch from its first to its last new entry out of its own copy of
 * the index; what another door allocated in between is zero there. A write that clears without
 * setting anything is a discard and stays as it is.
 */
final class InodeIndexPatch {
    private final List<Integer> positions = new ArrayList<>();
    private final int owner;
    private boolean setsEntries;

    private InodeIndexPatch(int owner) {
        this.owner = owner;
    }

    static InodeIndexPatch of(Inode inode, long offset, ByteBuffer bytes) {
        InodeIndexPatch patch = new InodeIndexPatch(inode.id().value());
        int last = InodeChange.lastEntry(offset + bytes.remaining());
        for (int i = InodeChange.firstEntry(offset);
                i <= Math.min(last, inode.extentCount() - 1);
                i++) {
            int at = (int) (InodeLayout.entryOffset(i) - offset);
            int value = bytes.getInt(at);
            patch.setsEntries |= value != 0;
            if (value == 0 && inode.owns(i)) {
                patch.positions.add(at);
            }
        }
        return patch;
    }

    boolean isNeeded() {
        return setsEntries && !positions.isEmpty();
    }

    void applyTo(ByteBuffer bytes) {
        for (int position : positions) {
            bytes.putInt(position, owner);
        }
    }
}
