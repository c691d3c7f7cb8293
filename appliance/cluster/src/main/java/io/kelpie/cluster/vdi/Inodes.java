package io.kelpie.cluster.vdi;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PayloadAllocator;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/** The inodes in memory: loads them on first use and forgets idle ones. Core loop only. */
public final class Inodes {
    /** Idle inodes kept; one takes 4 bytes an extent, 1 MiB for a disk of 1 TiB. */
    private static final int MAX_IDLE = 64;

    private final VdiTable table;
    private final EventLog events;
    private final Gateway gateway;
    private final PayloadAllocator payloads;
    private final TreeMap<VdiId, Inode> loaded = new TreeMap<>();
    private final TreeMap<VdiId, List<Completion<Inode>>> loading = new TreeMap<>();
    private long uses;

    /**
     * Starts with none.
     *
     * @param table the VDI table
     * @param events where size changes are announced
     * @param gateway reaches the inode objects
     * @param payloads makes payloads for changes
     */
    public Inodes(VdiTable table, EventLog events, Gateway gateway, PayloadAllocator payloads) {
        this.table = table;
        this.events = events;
        this.gateway = gateway;
        this.payloads = payloads;
    }

    /**
     * Gets a VDI's inode.
     *
     * @param id the VDI
     * @param completion gets the inode, perhaps before this returns; NO_SUCH_VDI, or why it cannot
     *     be read
     */
    public void get(VdiId id, Completion<Inode> completion) {
        Inode inode = loaded.get(id);
        if (inode != null) {
            inode.touch(++uses);
            completion.done(inode);
            return;
        }
        List<Completion<Inode>> waiting = loading.get(id);
        if (waiting != null) {
            waiting.add(completion);
            return;
        }
        VdiEntry row = table.find(id.value());
        if (row == null || row.state() == VdiEntry.VdiState.DELETED) {
            completion.failed(ErrorCode.NO_SUCH_VDI);
            return;
        }
        waiting = new ArrayList<>();
        waiting.add(completion);
        loading.put(id, waiting);
        readHeader(row);
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
        return new Inode(row, table, events, gateway, payloads, row.sizeBytes(), index);
    }

    /** Forgets everything, for a format. */
    public void clear() {
        loaded.values().forEach(Inode::onDeleting);
        loaded.clear();
    }

    private void readHeader(VdiEntry row) {
        gateway.read(ObjectId.inode(row.id()), 0, InodeLayout.HEADER_BYTES, new Completion<>() {
            @Override
            public void done(Payload header) {
                long size = header.view().getLong(InodeLayout.SIZE);
                header.release();
                readIndex(row, size);
            }

            @Override
            public void failed(ErrorCode error) {
                fail(row.id(), error);
            }
        });
    }

    private void readIndex(VdiEntry row, long size) {
        int count = InodeLayout.objectCount(size, row.blockSizeShift());
        if (count == 0) {
            onLoaded(row, size, new int[0]);
            return;
        }
        gateway.read(
                ObjectId.inode(row.id()),
                InodeLayout.INDEX,
                count * Integer.BYTES,
                new Completion<>() {
                    @Override
                    public void done(Payload entries) {
                        int[] index = new int[count];
                        ByteBuffer view = entries.view();
                        view.asIntBuffer().get(index);
                        entries.release();
                        onLoaded(row, size, index);
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        fail(row.id(), error);
                    }
                });
    }

    private void onLoaded(VdiEntry row, long size, int[] index) {
        Inode inode = new Inode(row, table, events, gateway, payloads, size, index);
        evict();
        loaded.put(row.id(), inode);
        inode.touch(++uses);
        VdiEntry current = table.find(row.id().value());
        if (current == null || current.state() == VdiEntry.VdiState.DELETING) {
            inode.onDeleting();
        } else if (current.sizeBytes() != size) {
            announceSize(current, size);
        }
        List<Completion<Inode>> waiting = loading.remove(row.id());
        if (waiting != null) {
            waiting.forEach(each -> each.done(inode));
        }
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

    private void fail(VdiId id, ErrorCode error) {
        List<Completion<Inode>> waiting = loading.remove(id);
        if (waiting != null) {
            waiting.forEach(each -> each.failed(error));
        }
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
}
