package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Action;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreOperation;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/** Turns ordered changes into operations of the local store. */
final class Changes {
    private Changes() {}

    /** The operations of an ordered change: a WRITE, CREATE or REMOVE. */
    static List<StoreOperation> operations(
            PgId pg, ObjectChange change, ObjectVersion version, @Nullable LogEntry line) {
        List<StoreOperation> operations =
                new ArrayList<>(change.pieces().size() + (line == null ? 1 : 2));
        ObjectId object = change.object();
        if (change.action() == Action.CREATE) {
            operations.add(new StoreOperation.Create(pg, object, change.sizeBytes(), version));
        } else if (change.action() == Action.REMOVE) {
            operations.add(new StoreOperation.Remove(pg, object));
        } else if (change.pieces().isEmpty()) {
            operations.add(new StoreOperation.SetVersion(pg, object, version));
        }
        addPieces(operations, pg, object, version, change.pieces());
        if (line != null) {
            operations.add(new StoreOperation.AppendLog(pg, line));
        }
        return operations;
    }

    static void addPieces(
            List<StoreOperation> operations,
            PgId pg,
            ObjectId object,
            ObjectVersion version,
            List<Piece> pieces) {
        for (Piece piece : pieces) {
            Payload payload = piece.payload();
            operations.add(
                    payload == null
                            ? new StoreOperation.Zero(
                                    pg, object, version, piece.offset(), piece.length())
                            : new StoreOperation.Write(
                                    pg, object, version, piece.offset(), payload));
        }
    }

    /** What a node holds of the object after an ordered change. */
    static HeldObject after(HeldObject before, ObjectChange change, ObjectVersion version) {
        return switch (change.action()) {
            case REMOVE -> new HeldObject(before.object(), ObjectVersion.NONE, 0);
            case CREATE -> new HeldObject(before.object(), version, change.sizeBytes());
            default -> new HeldObject(before.object(), version, before.sizeBytes());
        };
    }

    /** The change with another action; the pieces are shared. */
    static ObjectChange as(ObjectChange change, Action action) {
        return new ObjectChange(
                change.object(), action, change.sizeBytes(), change.pieces(), change.durable());
    }
}
