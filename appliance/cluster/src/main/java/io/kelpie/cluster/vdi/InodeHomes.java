package io.kelpie.cluster.vdi;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PayloadAllocator;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The inodes of the VDIs whose home is this node: loads them on first use, forgets idle ones, drops
 * those whose home moves. The home of a VDI is the primary of its inode's group. Core loop only.
 *
 * <p>Why several nodes may write, discard, grow and delete one VDI at once. Whether an extent is
 * backed is decided at one place, the data object's primary: who finds the object writes it there,
 * ordered with every other write; who does not, asks the home. Only the home makes objects and
 * takes them away, one change of an extent at a time, behind the extent's gate. An extent is
 * entered in the index before its object is made. A discard zeroes the object and takes it away
 * only if it still holds nothing, which its primary decides; only when it has gone its entry is
 * cleared, and a write that came in between keeps both. So an acknowledged write is never lost, and
 * wherever an object is, its entry is there: a client that goes by the index never finds a hole in
 * place of what others read. A copy of the index may be old, which is why others read a hole at the
 * primary all the same.
 *
 * <p>What a home that dies in between leaves is an entry whose object is not there. That reads as
 * zeros, as it would have without the entry; who meets it has the home look again, which takes the
 * entry away ({@link EntryCheck}).
 *
 * <p>A home is bound to one partition epoch of the inode's group. It writes the inode only at this
 * node and in that epoch, so nothing that a former home had in mind can reach the inode after its
 * successor has read it. What was in work is given up and asked again under the same identity: the
 * change of the data object, which bears it, is recognised by its primary, and the rest may be
 * repeated. A deletion forbids writes by an event that every primary obeys before the first object
 * is removed.
 */
public final class InodeHomes {
    /** Idle inodes kept; one takes 4 bytes an extent, 1 MiB for a disk of 1 TiB. */
    private static final int MAX_IDLE = 64;

    private final VdiTable table;
    private final EventLog events;
    private final Gateway gateway;
    private final PayloadAllocator payloads;
    private final TreeMap<VdiId, Inode> loaded = new TreeMap<>();
    private final TreeMap<VdiId, Loading> loading = new TreeMap<>();
    private long uses;

    /**
     * Starts with none.
     *
     * @param table the VDI table
     * @param events where size changes are announced
     * @param gateway reaches the inode objects
     * @param payloads makes payloads for changes
     */
    public InodeHomes(VdiTable table, EventLog events, Gateway gateway, PayloadAllocator payloads) {
        this.table = table;
        this.events = events;
        this.gateway = gateway;
        this.payloads = payloads;
    }

    /**
     * Gets the inode of a VDI whose home is this node.
     *
     * @param id the VDI
     * @param completion gets the inode, perhaps before this returns; NO_PRIMARY if the home is
     *     elsewhere; NO_SUCH_VDI, or why it cannot be read
     */
    public void get(VdiId id, Completion<Inode> completion) {
        Inode inode = current(id);
        if (inode != null) {
            inode.touch(++uses);
            completion.done(inode);
            return;
        }
        long epoch = gateway.homeEpoch(id);
        if (epoch == Gateway.NOT_HOME) {
            completion.failed(ErrorCode.NO_PRIMARY);
            return;
        }
        Loading present = loading.get(id);
        if (present != null && present.epoch == epoch) {
            present.waiting.add(completion);
            return;
        }
        VdiEntry row = table.find(id.value());
        if (row == null || row.state() == VdiEntry.VdiState.DELETED) {
            completion.failed(ErrorCode.NO_SUCH_VDI);
            return;
        }
        Loading begun = new Loading(row, epoch);
        begun.waiting.add(completion);
        loading.put(id, begun);
        begun.readHeader();
        if (present != null) {
            present.fail(ErrorCode.NO_PRIMARY);
        }
    }

    /**
     * The inode of a VDI if this node is its home and has it in memory.
     *
     * @param id the VDI
     * @return the inode, or null
     */
    public @Nullable Inode current(VdiId id) {
        Inode inode = loaded.get(id);
        return inode != null && !inode.isDropped() ? inode : null;
    }

    /** Drops the inodes whose home has moved, or is in a newer epoch, by the gateway's map. */
    public void onMap() {
        drop(inode -> gateway.homeEpoch(inode.id()) != inode.homeEpoch());
    }

    /**
     * Drops the inodes of a group that this node does not serve any more.
     *
     * @param pg the group
     */
    public void onInactive(PgId pg) {
        drop(inode -> gateway.groupOf(ObjectId.inode(inode.id())).equals(pg));
    }

    private void drop(Predicate<Inode> lost) {
        List<Inode> dropped = new ArrayList<>();
        loaded.values().removeIf(inode -> {
            boolean goes = lost.test(inode);
            if (goes) {
                dropped.add(inode);
            }
            return goes;
        });
        dropped.forEach(Inode::drop);
    }

    /**
     * Forgets an inode that somebody replaced as a whole.
     *
     * @param id the VDI
     */
    public void forget(VdiId id) {
        loaded.remove(id);
    }

    /**
     * An inode that counts every extent of the disk as owned, to delete a VDI whose own one is lost
     * or damaged: only objects that bear the VDI's id are ever removed for it.
     */
    Inode withLostIndex(VdiEntry row) {
        int[] index = new int[InodeLayout.objectCount(row.sizeBytes(), row.blockSizeShift())];
        Arrays.fill(index, row.id().value());
        return inode(row, gateway.homeEpoch(row.id()), row.sizeBytes(), index);
    }

    /** Forgets everything: the VDI table was emptied or replaced. */
    public void clear() {
        drop(inode -> true);
    }

    private Inode inode(VdiEntry row, long epoch, long size, int[] index) {
        return new Inode(row, epoch, table, events, gateway, payloads, size, index);
    }

    /** A crash came between the inode's new size and the table's. */
    private void announceSize(VdiEntry row, long size) {
        events.submit(
                VdiTable.KIND, VdiTable.update(row.id(), size, row.tag()), new Completion<>() {
                    @Override
                    public void done(Integer value) {}

                    @Override
                    public void failed(ErrorCode error) {}
                });
    }

    private void evict() {
        if (loaded.size() < MAX_IDLE) {
            return;
        }
        Inode oldest = null;
        for (Inode inode : loaded.values()) {
            if (inode.isIdle() && (oldest == null || inode.lastUse() < oldest.lastUse())) {
                oldest = inode;
            }
        }
        if (oldest != null) {
            loaded.remove(oldest.id());
        }
    }

    /** An inode being read, and who waits for it. */
    private final class Loading {
        private final VdiEntry row;
        private final long epoch;
        private final List<Completion<Inode>> waiting = new ArrayList<>();

        Loading(VdiEntry row, long epoch) {
            this.row = row;
            this.epoch = epoch;
        }

        void readHeader() {
            gateway.readAsHome(
                    ObjectId.inode(row.id()),
                    0,
                    InodeLayout.HEADER_BYTES,
                    epoch,
                    new Completion<>() {
                        @Override
                        public void done(Payload header) {
                            long size = header.view().getLong(InodeLayout.SIZE);
                            header.release();
                            readIndex(size);
                        }

                        @Override
                        public void failed(ErrorCode error) {
                            fail(error);
                        }
                    });
        }

        private void readIndex(long size) {
            int count = InodeLayout.objectCount(size, row.blockSizeShift());
            if (count == 0) {
                onLoaded(size, new int[0]);
                return;
            }
            gateway.readAsHome(
                    ObjectId.inode(row.id()),
                    InodeLayout.INDEX,
                    count * Integer.BYTES,
                    epoch,
                    new Completion<>() {
                        @Override
                        public void done(Payload entries) {
                            int[] index = new int[count];
                            ByteBuffer view = entries.view();
                            view.asIntBuffer().get(index);
                            entries.release();
                            onLoaded(size, index);
                        }

                        @Override
                        public void failed(ErrorCode error) {
                            fail(error);
                        }
                    });
        }

        private void onLoaded(long size, int[] index) {
            if (gateway.homeEpoch(row.id()) != epoch) {
                fail(ErrorCode.NO_PRIMARY);
                return;
            }
            Inode inode = inode(row, epoch, size, index);
            evict();
            loaded.put(row.id(), inode);
            inode.touch(++uses);
            VdiEntry current = table.find(row.id().value());
            if (current == null || current.state() == VdiEntry.VdiState.DELETING) {
                inode.onDeleting();
            } else if (current.sizeBytes() != size) {
                announceSize(current, size);
            }
            for (Completion<Inode> each : end()) {
                each.done(inode);
            }
        }

        void fail(ErrorCode error) {
            for (Completion<Inode> each : end()) {
                each.failed(error);
            }
        }

        private List<Completion<Inode>> end() {
            loading.remove(row.id(), this);
            List<Completion<Inode>> ended = List.copyOf(waiting);
            waiting.clear();
            return ended;
        }
    }
}
