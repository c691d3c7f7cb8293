package io.kelpie.cluster.vdi;

import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PayloadAllocator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;

/**
 * What one write to an inode changes. Owns the payloads of its pieces; {@link #finish} releases
 * them.
 */
final class InodeChange {
    private final List<Piece> pieces = new ArrayList<>();
    private final TreeMap<Integer, Integer> entries = new TreeMap<>();
    private final List<Completion<Outcome>> completions = new ArrayList<>();
    private boolean durable;
    private boolean indexOnly = true;
    /** A client's header write, whose size comes from a copy of the inode that may be old. */
    private boolean keepsSize;

    private long newSizeBytes = -1;

    /** Sets one entry of the data index. */
    static InodeChange ofEntry(
            int index, int owner, boolean durable, Completion<Outcome> completion) {
        InodeChange change = new InodeChange();
        change.entries.put(index, owner);
        change.durable = durable;
        change.completions.add(completion);
        return change;
    }

    /** Sets the disk's size; synced. */
    static InodeChange ofSize(
            long sizeBytes, PayloadAllocator payloads, Completion<Outcome> completion) {
        InodeChange change = new InodeChange();
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(0, sizeBytes);
        change.pieces.add(Piece.of(InodeLayout.SIZE, payloads.copyOf(bytes)));
        change.newSizeBytes = sizeBytes;
        change.indexOnly = false;
        change.durable = true;
        change.completions.add(completion);
        return change;
    }

    /**
     * A client's own write: the payload, whose ownership passes here, and the entries it changes.
     * QEMU writes the stretch from its first to its last new entry out of its own copy of the
     * index, and what another door allocated in between is zero there. So in a write that sets
     * entries, a zero does not clear what this VDI owns; a write of zeros only is a discard.
     */
    static InodeChange ofBytes(
            VdiId self,
            IntUnaryOperator owners,
            long offset,
            Payload payload,
            boolean durable,
            Completion<Outcome> completion) {
        InodeChange change = new InodeChange();
        ByteBuffer bytes = payload.view();
        long end = offset + bytes.remaining();
        boolean sets = false;
        for (int i = firstEntry(offset); i <= lastEntry(end) && !sets; i++) {
            sets = bytes.getInt((int) (InodeLayout.entryOffset(i) - offset)) != 0;
        }
        for (int i = firstEntry(offset); i <= lastEntry(end); i++) {
            int next = bytes.getInt((int) (InodeLayout.entryOffset(i) - offset));
            int owner = owners.applyAsInt(i);
            boolean stale = sets && next == 0 && owner == self.value();
            if (next != owner && !stale) {
                change.entries.put(i, next);
            }
        }
        if (offset <= InodeLayout.SIZE && end >= InodeLayout.SIZE + Long.BYTES) {
            long size = bytes.getLong((int) (InodeLayout.SIZE - offset));
            // The number is unsigned on the wire.
            change.newSizeBytes = size < 0 ? Long.MAX_VALUE : size;
        }
        if (bytes.remaining() > 0) {
            change.pieces.add(Piece.of(offset, payload));
        } else {
            payload.release();
        }
        change.indexOnly = false;
        change.keepsSize = true;
        change.durable = durable;
        change.completions.add(completion);
        return change;
    }

    /**
     * Brings a client's bytes up to date right before they are written: entries that the client did
     * not mean to change get their present owner, and the disk does not shrink, whatever was
     * changed while the write waited.
     */
    void refresh(long sizeBytes, IntUnaryOperator owners, PayloadAllocator payloads) {
        if (!keepsSize || pieces.isEmpty()) {
            return;
        }
        Piece piece = pieces.get(0);
        Payload payload = Invariant.present(piece.payload(), "a client's write has bytes");
        ByteBuffer bytes = payload.view();
        ByteBuffer patched = null;
        if (newSizeBytes >= 0 && newSizeBytes < sizeBytes) {
            newSizeBytes = sizeBytes;
            patched = copy(bytes);
            patched.putLong((int) (InodeLayout.SIZE - piece.offset()), sizeBytes);
        }
        for (int i = firstEntry(piece.offset());
                i <= lastEntry(piece.offset() + piece.length());
                i++) {
            int at = (int) (InodeLayout.entryOffset(i) - piece.offset());
            int owner = owners.applyAsInt(i);
            if (bytes.getInt(at) != owner && !entries.containsKey(i)) {
                patched = patched == null ? copy(bytes) : patched;
                patched.putInt(at, owner);
            }
        }
        if (patched != null) {
            payload.release();
            pieces.set(0, Piece.of(piece.offset(), payloads.copyOf(patched)));
        }
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        ByteBuffer copy = ByteBuffer.allocate(bytes.remaining()).order(ByteOrder.LITTLE_ENDIAN);
        return copy.put(bytes.duplicate()).flip();
    }

    /** First entry that begins at or after an offset of the inode. */
    static int firstEntry(long offset) {
        long inIndex = Math.max(0, offset - InodeLayout.INDEX);
        return (int)
                Math.min(InodeLayout.INDEX_ENTRIES, (inIndex + Integer.BYTES - 1) / Integer.BYTES);
    }

    /** Last entry that ends at or before an offset of the inode, -1 if none does. */
    static int lastEntry(long end) {
        long inIndex = Math.max(0, end - InodeLayout.INDEX);
        return (int) Math.min(InodeLayout.INDEX_ENTRIES, inIndex / Integer.BYTES) - 1;
    }

    /** Leaves an entry that a client's write would change as it is. */
    void keepEntry(int extent) {
        entries.remove(extent);
    }

    /** Takes in a later change of entries so that both need one write. */
    void merge(InodeChange later) {
        Invariant.check(indexOnly && later.indexOnly, "only changes of entries merge");
        entries.putAll(later.entries);
        completions.addAll(later.completions);
        durable |= later.durable;
    }

    boolean isIndexOnly() {
        return indexOnly;
    }

    boolean isDurable() {
        return durable;
    }

    int entryCount() {
        return entries.size();
    }

    Map<Integer, Integer> entries() {
        return entries;
    }

    /** Whether the change makes the disk smaller on purpose. */
    boolean cuts(long sizeBytes) {
        return !keepsSize && newSizeBytes >= 0 && newSizeBytes < sizeBytes;
    }

    /** The new size, or -1 if the change leaves it. */
    long newSizeBytes() {
        return newSizeBytes;
    }

    /** What to write: the client's bytes, or the entries as runs. */
    List<Piece> pieces(PayloadAllocator payloads) {
        if (indexOnly && pieces.isEmpty()) {
            addRuns(payloads);
        }
        return pieces;
    }

    private void addRuns(PayloadAllocator payloads) {
        int next = entries.firstKey();
        while (true) {
            int first = next;
            while (entries.containsKey(next)) {
                next++;
            }
            ByteBuffer run = ByteBuffer.allocate((next - first) * Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN);
            entries.subMap(first, next).values().forEach(run::putInt);
            pieces.add(Piece.of(InodeLayout.entryOffset(first), payloads.copyOf(run.flip())));
            Integer following = entries.ceilingKey(next);
            if (following == null) {
                return;
            }
            next = following;
        }
    }

    /** Releases the payloads; returns those who wait for the outcome. */
    List<Completion<Outcome>> finish() {
        for (Piece piece : pieces) {
            Payload payload = piece.payload();
            if (payload != null) {
                payload.release();
            }
        }
        pieces.clear();
        return completions;
    }
}
