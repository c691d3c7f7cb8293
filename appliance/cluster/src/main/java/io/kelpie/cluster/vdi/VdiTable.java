package io.kelpie.cluster.vdi;

import io.kelpie.cluster.event.EventApplier;
import io.kelpie.cluster.event.EventOutcome;
import io.kelpie.cluster.gateway.Families;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.vdi.VdiEntry.VdiState;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/**
 * All VDIs of the cluster: a deterministic machine over events. Names are unique among working
 * VDIs; ids follow from the name by hashing and probing, as clients expect (Sheepdog protocol,
 * section 10). Names hold one character a byte (ISO 8859-1), whatever encoding clients use.
 *
 * <p>Event bodies, little endian, after the action byte: CREATE: size u64, created u64, copies u8,
 * shift u8, name. READY, DELETE, PURGED: id u32. UPDATE: id u32, size u64, tag.
 */
public final class VdiTable implements EventApplier, Families {
    static final byte KIND = 2;
    private static final byte CREATE = 1;
    private static final byte READY = 2;
    private static final byte DELETE = 3;
    private static final byte PURGED = 4;
    private static final byte UPDATE = 5;
    private static final int ROW_FIXED_BYTES = 42;

    private final TreeMap<Integer, VdiEntry> rows = new TreeMap<>();

    /**
     * A VDI by its id.
     *
     * @param number any number
     * @return its row, or null
     */
    public @Nullable VdiEntry find(int number) {
        return rows.get(number);
    }

    /**
     * All rows, deleted ones too.
     *
     * @return a view in ascending id order
     */
    public Collection<VdiEntry> rows() {
        return rows.values();
    }

    @Override
    public int rootOf(int vdiNumber) {
        int root = vdiNumber;
        VdiEntry row = rows.get(root);
        while (row != null && row.parent() != 0) {
            root = row.parent();
            row = rows.get(root);
        }
        return root;
    }

    /**
     * Finds a VDI as section 10.5 of the protocol says: down from the end of the run of ids in use
     * that starts at the name's hash, so that the newest VDI of the name wins.
     *
     * @param name the name
     * @param tag snapshot tag, or empty
     * @param snapshotId snapshot id, or 0; if both are given either may match
     * @return what was found
     */
    public Lookup lookup(String name, String tag, int snapshotId) {
        int start = VdiHash.firstId(ByteBuffer.wrap(bytes(name))).value();
        int end = firstFree(start);
        boolean wantsSnapshot = !tag.isEmpty() || snapshotId != 0;
        boolean nameExists = false;
        if (end == start) {
            return new Lookup(null, ErrorCode.NO_SUCH_VDI, 1);
        }
        for (int number = before(end == 0 ? start : end);
                rows.containsKey(number);
                number = before(number)) {
            VdiEntry row = rows.get(number);
            if (row != null && row.name().equals(name) && isVisible(row)) {
                if (!wantsSnapshot) {
                    return row.snapshot()
                            ? new Lookup(null, ErrorCode.NO_SUCH_VDI, row.snapshotId() + 1)
                            : new Lookup(row, null, row.snapshotId() + 1);
                }
                nameExists = true;
                boolean matches = (!row.tag().isEmpty() && row.tag().equals(tag))
                        || row.snapshotId() == snapshotId;
                if (row.snapshot() && matches) {
                    return new Lookup(row, null, row.snapshotId() + 1);
                }
            }
            if (number == start) {
                break;
            }
        }
        return new Lookup(null, nameExists ? ErrorCode.NO_SUCH_TAG : ErrorCode.NO_SUCH_VDI, 1);
    }

    private static boolean isVisible(VdiEntry row) {
        return row.state() == VdiState.READY || row.state() == VdiState.CREATING;
    }

    /** First id from {@code start} on that is not in use, wrapping; 0 if there is none. */
    private int firstFree(int start) {
        int number = start;
        while (rows.containsKey(number)) {
            number = number == VdiId.MAX ? 1 : number + 1;
            if (number == start) {
                return 0;
            }
        }
        return number;
    }

    private static int before(int number) {
        return number == 1 ? VdiId.MAX : number - 1;
    }

    static ByteBuffer create(CreateRequest request, long createdNanos) {
        byte[] name = bytes(request.name());
        ByteBuffer out = ByteBuffer.allocate(19 + name.length).order(ByteOrder.LITTLE_ENDIAN);
        out.put(CREATE).putLong(request.sizeBytes()).putLong(createdNanos);
        out.put((byte) request.copies()).put((byte) request.blockSizeShift());
        return out.put(name).flip();
    }

    static ByteBuffer ready(VdiId id) {
        return idEvent(READY, id);
    }

    static ByteBuffer delete(VdiId id) {
        return idEvent(DELETE, id);
    }

    static ByteBuffer purged(VdiId id) {
        return idEvent(PURGED, id);
    }

    static ByteBuffer update(VdiId id, long sizeBytes, String tag) {
        byte[] text = bytes(tag);
        ByteBuffer out = ByteBuffer.allocate(13 + text.length).order(ByteOrder.LITTLE_ENDIAN);
        return out.put(UPDATE).putInt(id.value()).putLong(sizeBytes).put(text).flip();
    }

    private static ByteBuffer idEvent(byte action, VdiId id) {
        return ByteBuffer.allocate(5)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(action)
                .putInt(id.value())
                .flip();
    }

    @Override
    public byte kind() {
        return KIND;
    }

    @Override
    public EventOutcome apply(ByteBuffer body) {
        byte action = body.get();
        return switch (action) {
            case CREATE -> applyCreate(body);
            case READY -> move(body.getInt(), VdiState.CREATING, VdiState.READY);
            case DELETE -> move(body.getInt(), VdiState.READY, VdiState.DELETING);
            case PURGED -> applyPurged(body.getInt());
            case UPDATE -> applyUpdate(body);
            default ->
                throw new IllegalStateException(
                        "unknown VDI event " + action + ": newer software wrote it");
        };
    }

    private EventOutcome applyCreate(ByteBuffer body) {
        long size = body.getLong();
        long created = body.getLong();
        int copies = body.get();
        int shift = body.get();
        String name = text(body);
        Lookup present = lookup(name, "", 0);
        if (present.row() != null) {
            return EventOutcome.refused(ErrorCode.VDI_EXISTS);
        }
        int free = firstFree(VdiHash.firstId(ByteBuffer.wrap(bytes(name))).value());
        if (free == 0) {
            return EventOutcome.refused(ErrorCode.VDI_SPACE_FULL);
        }
        rows.put(
                free,
                new VdiEntry(
                        new VdiId(free),
                        name,
                        "",
                        present.nextSnapshotId(),
                        false,
                        VdiState.CREATING,
                        size,
                        copies,
                        shift,
                        created,
                        0));
        return EventOutcome.applied(free);
    }

    private EventOutcome move(int number, VdiState from, VdiState to) {
        VdiEntry row = rows.get(number);
        if (row == null || row.state() != from) {
            return EventOutcome.refused(ErrorCode.NO_SUCH_VDI);
        }
        rows.put(number, row.in(to));
        return EventOutcome.applied(number);
    }

    /** Also from CREATING: the inode could not be written, and the id is spent. */
    private EventOutcome applyPurged(int number) {
        VdiEntry row = rows.get(number);
        if (row == null || row.state() == VdiState.READY || row.state() == VdiState.DELETED) {
            return EventOutcome.refused(ErrorCode.NO_SUCH_VDI);
        }
        rows.put(number, row.purged());
        return EventOutcome.applied(number);
    }

    private EventOutcome applyUpdate(ByteBuffer body) {
        int number = body.getInt();
        long size = body.getLong();
        VdiEntry row = rows.get(number);
        if (row == null || !isVisible(row)) {
            return EventOutcome.refused(ErrorCode.NO_SUCH_VDI);
        }
        rows.put(number, row.with(text(body), size));
        return EventOutcome.applied(number);
    }

    /** Empties the table, for a format. */
    public void clear() {
        rows.clear();
    }

    @Override
    public ByteBuffer save() {
        int length = 0;
        for (VdiEntry row : rows.values()) {
            length += ROW_FIXED_BYTES + row.name().length() + row.tag().length();
        }
        ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        for (VdiEntry row : rows.values()) {
            out.putInt(row.id().value()).putInt(row.snapshotId()).putInt(row.parent());
            out.put((byte) (row.snapshot() ? 1 : 0)).put((byte) row.state().ordinal());
            out.put((byte) row.copies()).put((byte) row.blockSizeShift());
            out.putLong(row.sizeBytes()).putLong(row.createdNanos()).putLong(0);
            out.put((byte) row.name().length()).put((byte) row.tag().length());
            out.put(bytes(row.name())).put(bytes(row.tag()));
        }
        return out.flip();
    }

    @Override
    public void restore(ByteBuffer in) {
        rows.clear();
        while (in.hasRemaining()) {
            VdiId id = new VdiId(in.getInt());
            int snapshotId = in.getInt();
            int parent = in.getInt();
            boolean snapshot = in.get() != 0;
            VdiState state = VdiState.values()[in.get()];
            int copies = in.get();
            int shift = in.get();
            long size = in.getLong();
            long created = in.getLong();
            Invariant.check(in.getLong() == 0, "reserved bytes of a VDI row are zero");
            int nameBytes = in.get() & 0xFF;
            int tagBytes = in.get() & 0xFF;
            String name = text(in, nameBytes);
            String tag = text(in, tagBytes);
            rows.put(
                    id.value(),
                    new VdiEntry(
                            id,
                            name,
                            tag,
                            snapshotId,
                            snapshot,
                            state,
                            size,
                            copies,
                            shift,
                            created,
                            parent));
        }
    }

    /** Rows that an earlier life of a node left half made or half deleted. */
    List<VdiEntry> unfinished() {
        List<VdiEntry> found = new ArrayList<>();
        for (VdiEntry row : rows.values()) {
            if (row.state() == VdiState.CREATING || row.state() == VdiState.DELETING) {
                found.add(row);
            }
        }
        return found;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String text(ByteBuffer in) {
        return text(in, in.remaining());
    }

    private static String text(ByteBuffer in, int length) {
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /**
     * What a lookup found.
     *
     * @param row the VDI, or null
     * @param error why there is none, or null
     * @param nextSnapshotId the snapshot id that a new working VDI of the name would get
     */
    public record Lookup(@Nullable VdiEntry row, @Nullable ErrorCode error, int nextSnapshotId) {}
}
