package io.kelpie.cluster.vdi;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.replication.WriteGuard;
import io.kelpie.cluster.vdi.VdiEntry.VdiState;

import org.jspecify.annotations.Nullable;

import java.util.function.BooleanSupplier;

/**
 * Refuses, at the primary, writes to objects of VDIs that are deleted, being deleted or unknown, so
 * that nothing comes back behind a deletion. What a deletion does itself passes: removals and the
 * clearing of the inode. Core loop only.
 */
public final class TableGuard implements WriteGuard {
    private final VdiTable table;
    private final BooleanSupplier alone;

    /**
     * Composes the guard.
     *
     * @param table the VDI table
     * @param alone whether the cluster is this node: then the gates of the inode do the same
     */
    public TableGuard(VdiTable table, BooleanSupplier alone) {
        this.table = table;
        this.alone = alone;
    }

    @Override
    public @Nullable ErrorCode refusalOf(ObjectChange change) {
        if (alone.getAsBoolean()) {
            return null;
        }
        boolean passes = switch (change.action()) {
            case REMOVE, REMOVE_IF_EMPTY -> true;
            case WRITE, ENSURE, CREATE ->
                switch (change.object().kind()) {
                    // An attribute bears the hash of a name, not the id of a VDI.
                    case ATTRIBUTE, BTREE, LEDGER -> true;
                    case DATA, VMSTATE -> isIn(change.object(), VdiState.READY);
                    case INODE -> passes(change);
                };
        };
        return passes ? null : ErrorCode.NO_SUCH_VDI;
    }

    private boolean passes(ObjectChange change) {
        ObjectId inode = change.object();
        return switch (change.action()) {
            // Entries and sizes, of a VDI in use.
            case WRITE, REMOVE, REMOVE_IF_EMPTY -> isIn(inode, VdiState.READY);
            // Whoever finishes a creation that somebody else has finished comes too late.
            case ENSURE -> isIn(inode, VdiState.CREATING);
            case CREATE -> isIn(inode, VdiState.DELETING);
        };
    }

    private boolean isIn(ObjectId object, VdiState state) {
        VdiEntry row = table.find(object.vdiNumber());
        return row != null && row.state() == state;
    }
}
