package io.kelpie.cluster.vdi;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Extent;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PayloadAllocator;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.TreeSet;

/**
 * A VDI at its home: its size and data index in memory, and the one queue through which every
 * change of the inode goes, whichever door of whichever node asks for it. That makes what one door
 * allocates visible to the others at once. It lives in one partition epoch of the inode's group,
 * {@link InodeHomes} says why. Core loop only.
 */
public final class Inode {
    /** Entries that one write sets at most; bounds the batch. */
    private static final int MAX_MERGED_ENTRIES = 4096;

    private final VdiId id;
    private final long homeEpoch;
    private final int blockSizeShift;
    private final boolean readOnly;
    private final VdiTable table;
    private final EventLog events;
    private final Gateway gateway;
    private final PayloadAllocator payloads;
    private final ExtentGates gates = new ExtentGates();
    /**
     * Objects that a client created and has not entered in the index yet: it writes the index
     * itself.
     */
    private final TreeSet<Integer> unindexed = new TreeSet<>();

    private final ArrayDeque<InodeChange> queue = new ArrayDeque<>();
    private final LinkedHashSet<HomeCall<?>> calls = new LinkedHashSet<>();
    private boolean writing;
    private boolean starting;
    private long sizeBytes;
    private int[] index;
    private int owned;
    private boolean deleted;
    private boolean dropped;
    private int users;
    private long lastUse;

    Inode(
            VdiEntry row,
            long homeEpoch,
            VdiTable table,
            EventLog events,
            Gateway gateway,
            PayloadAllocator payloads,
            long sizeBytes,
            int[] index) {
        this.id = row.id();
        this.homeEpoch = homeEpoch;
        this.blockSizeShift = row.blockSizeShift();
        this.readOnly = row.snapshot();
        this.table = table;
        this.events = events;
        this.gateway = gateway;
        this.payloads = payloads;
        this.sizeBytes = sizeBytes;
        this.index = index;
        for (int owner : index) {
            owned += owner == id.value() ? 1 : 0;
        }
    }

    /**
     * The VDI.
     *
     * @return its id
     */
    public VdiId id() {
        return id;
    }

    /**
     * The disk's size.
     *
     * @return bytes
     */
    public long sizeBytes() {
        return sizeBytes;
    }

    /**
     * Object size.
     *
     * @return bytes
     */
    public long objectBytes() {
        return 1L << blockSizeShift;
    }

    /**
     * True for a snapshot.
     *
     * @return whether data objects cannot be written
     */
    public boolean isReadOnly() {
        return readOnly;
    }

    /**
     * True once the VDI is being deleted.
     *
     * @return whether every operation is refused
     */
    public boolean isDeleted() {
        return deleted;
    }

    /**
     * True once this node is the VDI's home no longer, or in another epoch.
     *
     * @return whether every change is refused with NO_PRIMARY
     */
    public boolean isDropped() {
        return dropped;
    }

    /**
     * Why changes are refused.
     *
     * @return NO_PRIMARY or NO_SUCH_VDI, or null while they are let in
     */
    public @Nullable ErrorCode refusal() {
        if (dropped) {
            return ErrorCode.NO_PRIMARY;
        }
        return deleted || (isShared() && !isReady()) ? ErrorCode.NO_SUCH_VDI : null;
    }

    /** Another node may delete the VDI, or have deleted it. */
    private boolean isReady() {
        VdiEntry row = table.find(id.value());
        return row != null && row.state() == VdiEntry.VdiState.READY;
    }

    long homeEpoch() {
        return homeEpoch;
    }

    /** Whether other nodes may write the data objects at the same time. */
    boolean isShared() {
        return !gateway.isAlone();
    }

    /**
     * How many data objects the VDI owns.
     *
     * @return 0 to the number of extents
     */
    public int ownedObjects() {
        return owned;
    }

    /**
     * Which VDI's object backs an extent.
     *
     * @param extent its position
     * @return a VDI number, or 0 for a hole
     */
    public int owner(int extent) {
        return extent < index.length ? index[extent] : 0;
    }

    /**
     * Whether the VDI's own object backs an extent.
     *
     * @param extent its position
     * @return true if it is owned
     */
    public boolean owns(int extent) {
        return owner(extent) == id.value();
    }

    /**
     * Whether a client created the extent's object without having entered it in the index yet.
     *
     * @param extent its position
     * @return true if the object may hold acknowledged data
     */
    public boolean isUnindexed(int extent) {
        return unindexed.contains(extent);
    }

    /**
     * Notes that a client created the extent's object and will enter it in the index itself.
     *
     * @param extent its position
     */
    public void onCreatedByClient(int extent) {
        if (!owns(extent)) {
            unindexed.add(extent);
        }
    }

    /**
     * Passes the gate of an extent: shared to write an allocated extent, exclusive to allocate or
     * free it. Take gates before changing the inode, several in ascending order.
     *
     * @param extent its position
     * @param exclusive whether to pass alone
     * @param action runs at once or later, inside the gate; must lead to {@link #leave}
     */
    public void enter(int extent, boolean exclusive, Runnable action) {
        gates.enter(extent, exclusive, action);
    }

    /**
     * Leaves the gate.
     *
     * @param extent its position
     * @param exclusive as entered
     */
    public void leave(int extent, boolean exclusive) {
        gates.leave(extent, exclusive);
    }

    /**
     * Enters an owned object in the data index, or takes it out. The extent's gate is held
     * exclusively.
     *
     * @param extent its position
     * @param own true: this VDI's object backs the extent; false: it becomes a hole
     * @param durable whether to sync
     * @param completion gets DONE once the inode says so
     */
    public void setEntry(int extent, boolean own, boolean durable, Completion<Outcome> completion) {
        enqueue(InodeChange.ofEntry(extent, own ? id.value() : 0, durable, completion));
    }

    /**
     * Grows the disk, or gives back a tail in which no object lies.
     *
     * @param newSizeBytes the new size
     * @param completion gets DONE once it is durable and the VDI table knows; OUT_OF_RANGE if it is
     *     too large, or smaller than now and would cut off objects
     */
    public void resize(long newSizeBytes, Completion<Outcome> completion) {
        if (newSizeBytes < 0 || newSizeBytes > InodeLayout.maxSizeBytes(blockSizeShift)) {
            completion.failed(ErrorCode.OUT_OF_RANGE);
        } else {
            enqueue(InodeChange.ofSize(newSizeBytes, payloads, completion));
        }
    }

    /**
     * Whether no object lies behind a size, and nobody is about to make one there.
     *
     * @param bytes a size
     * @return true if the disk could have that size without losing an object
     */
    public boolean canCutTo(long bytes) {
        return nextInUse(InodeLayout.objectCount(bytes, blockSizeShift)) < 0;
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
        return sizeBytes - ((long) extent << blockSizeShift) - offset;
    }

    /**
     * Writes bytes of the inode as a Sheepdog client does. Objects whose entries the write clears
     * are removed before it completes. Two things that a client could only ask for because its copy
     * of the inode is old are not done: making the disk smaller, and clearing entries of other
     * extents in a write that also sets some.
     *
     * @param offset first byte
     * @param payload the bytes; ownership passes here
     * @param durable whether to sync
     * @param operation the client's operation, the same in all attempts
     * @param completion gets DONE; OUT_OF_RANGE for a size that cannot be, INVALID_ARGUMENT for an
     *     entry that is no VDI id
     */
    public void write(
            long offset,
            Payload payload,
            boolean durable,
            OperationId operation,
            Completion<Outcome> completion) {
        new ClientInodeWrite(this, gateway, offset, payload, durable, operation, completion)
                .start();
    }

    /**
     * Reads bytes of the inode as a Sheepdog client does: what allocations and discards under way
     * in the range will change is waited for, so that the client finds entry and object together.
     *
     * @param offset first byte
     * @param length bytes
     * @param completion gets the bytes, which it then owns; NO_PRIMARY if the home moved
     */
    public void read(long offset, int length, Completion<Payload> completion) {
        new ClientInodeRead(this, gateway, offset, length, completion).start();
    }

    @Nullable
    ErrorCode refusalOf(InodeChange change) {
        if (change.newSizeBytes() > InodeLayout.maxSizeBytes(blockSizeShift)) {
            return ErrorCode.OUT_OF_RANGE;
        }
        for (int owner : change.entries().values()) {
            if (owner != 0 && !InodeLayout.isVdiNumber(owner)) {
                return ErrorCode.INVALID_ARGUMENT;
            }
        }
        return null;
    }

    void enqueue(InodeChange change) {
        queue.add(change);
        writeNext();
    }

    void removeObject(int extent, Completion<Outcome> completion) {
        gateway.write(ObjectChange.remove(ObjectId.data(id, extent)), completion);
    }

    void zeroObject(int extent, OperationId operation, Completion<Outcome> completion) {
        Piece zeros = Piece.zeros(0, objectBytes());
        writeObject(
                ObjectChange.write(ObjectId.data(id, extent), List.of(zeros), true),
                operation,
                completion);
    }

    /** Takes a zeroed object away unless it was written since; tells whether it is there still. */
    void removeEmptyObject(int extent, Completion<Boolean> completion) {
        // Not tried again once the home has moved: the next one may count on the object by then.
        writeObject(
                ObjectChange.removeIfEmpty(ObjectId.data(id, extent)),
                gateway.newOperation(),
                new Completion<>() {
                    @Override
                    public void done(Outcome result) {
                        lookForObject(extent, completion);
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        completion.failed(error);
                    }
                });
    }

    /** Asks the primary whether an extent's object is there. */
    void lookForObject(int extent, Completion<Boolean> completion) {
        gateway.read(ObjectId.data(id, extent), 0, 0, new Completion<>() {
            @Override
            public void done(Payload nothing) {
                nothing.release();
                completion.done(true);
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.NO_SUCH_OBJECT) {
                    completion.done(false);
                } else {
                    completion.failed(error);
                }
            }
        });
    }

    /** Makes an extent whose own object is found missing a hole, as its discard would have done. */
    void forgetMissing(int extent, Completion<Outcome> completion) {
        gateway.warn("the index of VDI " + id + " names an object that is not there, extent "
                + extent + ": taken for a discard that was cut short");
        clearEntry(extent, completion);
    }

    /** Makes an extent whose object has gone a hole; nothing is to do if it is none of ours. */
    void clearEntry(int extent, Completion<Outcome> completion) {
        if (owns(extent)) {
            setEntry(extent, false, true, completion);
        } else {
            completion.done(Outcome.DONE);
        }
    }

    /** Gives a change up with NO_PRIMARY rather than trying it again once the home has moved. */
    void writeObject(ObjectChange change, OperationId operation, Completion<Outcome> completion) {
        gateway.write(change, operation, () -> !dropped, completion);
    }

    /** First extent from the given one on whose gate somebody holds or waits for, or -1. */
    int firstGated(int from) {
        return gates.firstInUse(from);
    }

    void add(HomeCall<?> call) {
        calls.add(call);
    }

    void remove(HomeCall<?> call) {
        calls.remove(call);
    }

    /** The home has moved: everything in work is given up, for its askers to ask the new home. */
    void drop() {
        if (dropped) {
            return;
        }
        dropped = true;
        writeNext();
        List.copyOf(calls).forEach(HomeCall::drop);
    }

    /** Iterative: changes that fail at once must not nest one inside the other. */
    private void writeNext() {
        if (starting) {
            return;
        }
        starting = true;
        while (!writing && !queue.isEmpty()) {
            startWrite(queue.remove());
        }
        starting = false;
    }

    private void startWrite(InodeChange change) {
        boolean cuts = change.cuts(sizeBytes);
        ErrorCode closed = refusal();
        if (closed != null || (cuts && !canCutTo(change.newSizeBytes()))) {
            ErrorCode refusal = closed != null ? closed : ErrorCode.OUT_OF_RANGE;
            change.finish().forEach(each -> each.failed(refusal));
            return;
        }
        while (change.isIndexOnly()
                && change.entryCount() < MAX_MERGED_ENTRIES
                && nextIsIndexOnly()) {
            change.merge(queue.remove());
        }
        change.refresh(sizeBytes, this::owner, payloads);
        writing = true;
        long sizeBefore = sizeBytes;
        if (cuts) {
            // From now on nobody begins to write behind the new end.
            sizeBytes = change.newSizeBytes();
        }
        List<Piece> pieces = change.pieces(payloads);
        gateway.writeAsHome(
                ObjectChange.write(ObjectId.inode(id), pieces, change.isDurable()),
                homeEpoch,
                new Completion<>() {
                    @Override
                    public void done(Outcome result) {
                        onWritten(change);
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        writing = false;
                        sizeBytes = sizeBefore;
                        if (error == ErrorCode.NO_PRIMARY) {
                            // Open whether it took effect: what is in memory may be wrong.
                            drop();
                        }
                        change.finish().forEach(each -> each.failed(error));
                        writeNext();
                    }
                });
    }

    private boolean nextIsIndexOnly() {
        InodeChange next = queue.peek();
        return next != null && next.isIndexOnly();
    }

    private void onWritten(InodeChange change) {
        change.entries().forEach(this::applyEntry);
        if (change.newSizeBytes() >= 0) {
            applySize(change.newSizeBytes());
            VdiEntry row = table.find(id.value());
            if (row != null && row.sizeBytes() != sizeBytes) {
                // The queue waits: the table must not learn of sizes in another order.
                events.submit(
                        VdiTable.KIND,
                        VdiTable.update(id, sizeBytes, row.tag()),
                        new Completion<>() {
                            @Override
                            public void done(Integer value) {
                                finish(change);
                            }

                            @Override
                            public void failed(ErrorCode error) {
                                // The disk has grown; the table is told again when the VDI is next
                                // opened.
                                finish(change);
                            }
                        });
                return;
            }
        }
        finish(change);
    }

    private void finish(InodeChange change) {
        writing = false;
        List<Completion<Outcome>> completions = new ArrayList<>(change.finish());
        completions.forEach(each -> each.done(Outcome.DONE));
        writeNext();
    }

    private void applyEntry(int extent, int owner) {
        if (extent >= index.length) {
            if (owner == 0) {
                return;
            }
            index = Arrays.copyOf(index, extent + 1);
        }
        owned += (owner == id.value() ? 1 : 0) - (index[extent] == id.value() ? 1 : 0);
        index[extent] = owner;
        unindexed.remove(extent);
    }

    private void applySize(long newSizeBytes) {
        sizeBytes = newSizeBytes;
        int count = InodeLayout.objectCount(newSizeBytes, blockSizeShift);
        if (count > index.length) {
            index = Arrays.copyOf(index, count);
        }
    }

    /**
     * First extent from the given one on that has an entry or an object of a client, or that
     * somebody works on; -1 if there is none.
     */
    int nextInUse(int from) {
        int entry = from;
        while (entry < index.length && index[entry] == 0) {
            entry++;
        }
        Integer client = unindexed.ceiling(from);
        int gate = gates.firstInUse(from);
        int first = entry < index.length ? entry : Integer.MAX_VALUE;
        first = client == null ? first : Math.min(first, client);
        first = gate < 0 ? first : Math.min(first, gate);
        return first == Integer.MAX_VALUE ? -1 : first;
    }

    /**
     * Notes that a client removed an object that it had not entered in the index.
     *
     * @param extent its position
     */
    public void onRemovedByClient(int extent) {
        unindexed.remove(extent);
    }

    void onDeleting() {
        deleted = true;
    }

    /** Adds a user: the inode stays in memory. */
    public void retain() {
        users++;
    }

    /** Drops a user. */
    public void release() {
        Invariant.check(users > 0, "an inode is released as often as retained", id);
        users--;
    }

    boolean isIdle() {
        return calls.isEmpty()
                && users == 0
                && !writing
                && queue.isEmpty()
                && unindexed.isEmpty()
                && gates.isEmpty();
    }

    long lastUse() {
        return lastUse;
    }

    void touch(long use) {
        lastUse = use;
    }
}
