package io.kelpie.cluster.vdi;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Extent;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * A VDI as a node's doors see it. On a node that is the whole cluster that is the inode itself.
 * Elsewhere it is a copy of the data index that may be old: it says where to try first, the data
 * object's primary and the home say what is. Size and state come with the events. Core loop only.
 */
public final class InodeView {
    /** Nothing is known of an extent's entry. */
    public static final int UNKNOWN = -1;

    private final VdiEntry opened;
    private final VdiTable table;
    private final EventLog events;
    private final InodeHomes homes;
    private final Gateway gateway;
    /** What was last seen of the entries; null until there was need of it. */
    private int @Nullable [] entries;

    private @Nullable Inode inode;
    private int users;

    InodeView(
            VdiEntry opened,
            VdiTable table,
            EventLog events,
            InodeHomes homes,
            Gateway gateway,
            int @Nullable [] entries) {
        this.opened = opened;
        this.table = table;
        this.events = events;
        this.homes = homes;
        this.gateway = gateway;
        this.entries = entries;
    }

    /**
     * The VDI.
     *
     * @return its id
     */
    public VdiId id() {
        return opened.id();
    }

    /**
     * The inode, if this node is all of the cluster and has it in memory: nobody else changes it.
     *
     * @return the inode, or null: the entries seen here may be old
     */
    public @Nullable Inode certain() {
        return gateway.isAlone() ? attached() : null;
    }

    /** The inode at this node, held as long as somebody looks at the VDI, or null. */
    private @Nullable Inode attached() {
        Inode held = inode;
        if (held != null && !held.isDropped()) {
            return held;
        }
        Inode current = homes.current(opened.id());
        if (current != held) {
            if (held != null) {
                held.release();
            }
            if (current != null) {
                current.retain();
            }
            inode = current;
        }
        return current != null && !current.isDropped() ? current : null;
    }

    /**
     * The disk's size.
     *
     * @return bytes
     */
    public long sizeBytes() {
        Inode here = certain();
        return here == null ? row().sizeBytes() : here.sizeBytes();
    }

    /**
     * Object size.
     *
     * @return bytes
     */
    public long objectBytes() {
        return 1L << opened.blockSizeShift();
    }

    /**
     * True for a snapshot.
     *
     * @return whether data objects cannot be written
     */
    public boolean isReadOnly() {
        return row().snapshot();
    }

    /**
     * True once the VDI is being deleted.
     *
     * @return whether every operation is refused
     */
    public boolean isDeleted() {
        VdiEntry row = table.find(opened.id().value());
        // After a format another VDI may have the same id.
        if (row == null
                || row.createdNanos() != opened.createdNanos()
                || row.state() != VdiEntry.VdiState.READY) {
            return true;
        }
        Inode here = certain();
        return here != null && here.isDeleted();
    }

    private VdiEntry row() {
        VdiEntry row = table.find(opened.id().value());
        // Of a deleted VDI only the id remains.
        return row == null || row.state() == VdiEntry.VdiState.DELETED ? opened : row;
    }

    /**
     * How many data objects the VDI owns, as far as this node has seen.
     *
     * @return 0 to the number of extents
     */
    public int ownedObjects() {
        Inode here = attached();
        if (here != null) {
            return here.ownedObjects();
        }
        int count = 0;
        int[] seen = entries;
        if (seen != null) {
            for (int entry : seen) {
                count += entry == opened.id().value() ? 1 : 0;
            }
        }
        return count;
    }

    /**
     * Which VDI's object backs an extent, as last seen.
     *
     * @param extent its position
     * @return a VDI number, 0 for a hole, {@link #UNKNOWN}
     */
    public int owner(int extent) {
        Inode here = attached();
        if (here != null) {
            return here.owner(extent);
        }
        int[] seen = entries;
        if (seen == null) {
            return UNKNOWN;
        }
        return extent < seen.length ? seen[extent] : 0;
    }

    /**
     * Whether the VDI's own object backed an extent when last seen.
     *
     * @param extent its position
     * @return true if it was owned
     */
    public boolean owns(int extent) {
        return owner(extent) == opened.id().value();
    }

    /**
     * Notes what the home said, or that the primary has no object. An object that is there is not
     * noted: who writes it has the home see to its entry first.
     *
     * @param extent its position
     * @param owns whether the VDI's own object backs it
     */
    public void note(int extent, boolean owns) {
        note(extent, owns ? opened.id().value() : 0);
    }

    private void note(int extent, int owner) {
        int[] seen = entries;
        if (seen == null || extent >= seen.length) {
            int known = seen == null ? 0 : seen.length;
            int count = InodeLayout.objectCount(sizeBytes(), opened.blockSizeShift());
            int[] longer =
                    Arrays.copyOf(seen == null ? new int[0] : seen, Math.max(count, extent + 1));
            if (seen == null) {
                Arrays.fill(longer, known, longer.length, UNKNOWN);
            }
            seen = longer;
            entries = seen;
        }
        seen[extent] = owner;
    }

    /**
     * Whether a range has all of an extent that lies inside the disk.
     *
     * @param extent the range
     * @return true if nothing else of the extent can be read
     */
    public boolean isWhole(Extent extent) {
        return extent.offset() == 0
                && (extent.length() == objectBytes()
                        || extent.length() >= bytesBehind(extent.index(), 0));
    }

    /**
     * How much of the disk lies behind a position.
     *
     * @param extent position of an extent
     * @param offset first byte inside it
     * @return bytes to the end of the disk, negative behind it
     */
    public long bytesBehind(int extent, long offset) {
        return sizeBytes() - ((long) extent << opened.blockSizeShift()) - offset;
    }

    /**
     * Has the home look again for the object of an extent, which was not found, and notes what its
     * entry says then.
     *
     * @param extent its position
     * @param completion gets the owner, 0 for a hole; NO_SUCH_VDI
     */
    public void check(int extent, Completion<Integer> completion) {
        PrimaryCall call = new PrimaryCall.CheckEntry(opened.id(), extent);
        gateway.askHome(opened.id(), call, new Completion<>() {
            @Override
            public void done(Answer answer) {
                if (answer instanceof Answer.Number number) {
                    int owner = (int) number.value();
                    note(extent, owner);
                    completion.done(owner);
                } else {
                    completion.failed(ErrorCode.IO_ERROR);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /**
     * Has the home do something that changes the inode.
     *
     * @param call what to do; its payloads are borrowed until the completion runs
     * @param completion gets DONE
     */
    public void askHome(PrimaryCall call, Completion<Outcome> completion) {
        gateway.askHome(opened.id(), call, new Completion<>() {
            @Override
            public void done(Answer answer) {
                completion.done(Outcome.DONE);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /**
     * Changes the disk's size.
     *
     * @param newSizeBytes the new size
     * @param completion gets DONE once it is durable and seen here; OUT_OF_RANGE if it is too
     *     large, or smaller than now and would cut off objects
     */
    public void resize(long newSizeBytes, Completion<Outcome> completion) {
        askHome(new PrimaryCall.Resize(opened.id(), newSizeBytes), new Completion<>() {
            @Override
            public void done(Outcome result) {
                if (gateway.isAlone()) {
                    completion.done(result);
                } else {
                    events.catchUp(completion);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /** Adds a user: the inode stays in memory. */
    public void retain() {
        users++;
        attached();
    }

    /** Drops a user. */
    public void release() {
        Invariant.check(users > 0, "a view is released as often as retained", opened.id());
        users--;
        Inode held = inode;
        if (users == 0 && held != null) {
            held.release();
            inode = null;
        }
    }

    boolean isUsed() {
        return users > 0;
    }
}
