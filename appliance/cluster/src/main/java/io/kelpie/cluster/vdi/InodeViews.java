package io.kelpie.cluster.vdi;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Payload;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * The VDIs that this node's doors have open; openings of one VDI share its view. Core loop only.
 */
public final class InodeViews {
    /** Views that nobody uses are dropped when there are more. */
    private static final int MAX_UNUSED = 64;

    private final VdiTable table;
    private final EventLog events;
    private final InodeHomes homes;
    private final Gateway gateway;
    private final TreeMap<VdiId, InodeView> open = new TreeMap<>();

    /**
     * Starts with none.
     *
     * @param table the VDI table
     * @param events tells sizes
     * @param homes the inodes whose home is this node
     * @param gateway reaches the inode objects
     */
    public InodeViews(VdiTable table, EventLog events, InodeHomes homes, Gateway gateway) {
        this.table = table;
        this.events = events;
        this.homes = homes;
        this.gateway = gateway;
    }

    /**
     * Opens a view of a VDI.
     *
     * @param row the VDI
     * @param completion gets the view, perhaps before this returns, not retained yet; NO_SUCH_VDI,
     *     or why the inode cannot be read
     */
    public void open(VdiEntry row, Completion<InodeView> completion) {
        InodeView present = open.get(row.id());
        if (present != null && present.isUsed()) {
            completion.done(present);
        } else if (gateway.isAlone()) {
            homes.get(row.id(), new Completion<>() {
                @Override
                public void done(Inode inode) {
                    completion.done(view(row, null));
                }

                @Override
                public void failed(ErrorCode error) {
                    completion.failed(error);
                }
            });
        } else {
            readEntries(row, completion);
        }
    }

    private void readEntries(VdiEntry row, Completion<InodeView> completion) {
        int count = InodeLayout.objectCount(row.sizeBytes(), row.blockSizeShift());
        ObjectId object = ObjectId.inode(row.id());
        gateway.read(object, InodeLayout.INDEX, count * Integer.BYTES, new Completion<>() {
            @Override
            public void done(Payload bytes) {
                int[] entries = new int[count];
                bytes.view().asIntBuffer().get(entries);
                bytes.release();
                completion.done(view(row, entries));
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /** The view of a VDI; another opening may have made it meanwhile. */
    private InodeView view(VdiEntry row, int @Nullable [] entries) {
        InodeView present = open.get(row.id());
        if (present != null && present.isUsed()) {
            return present;
        }
        if (open.size() >= MAX_UNUSED) {
            List<InodeView> unused = new ArrayList<>(open.values());
            unused.removeIf(InodeView::isUsed);
            unused.forEach(view -> open.remove(view.id()));
        }
        InodeView view = new InodeView(row, table, events, homes, gateway, entries);
        open.put(row.id(), view);
        return view;
    }

    /** Forgets everything, for a format. */
    public void clear() {
        open.clear();
    }
}
