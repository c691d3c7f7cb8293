package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.port.StoreRead;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * One placement group at this node. As primary it gives every write the next version of its
 * partition epoch, applies it, and answers reads; a read waits for every overlapping write that is
 * not committed yet, so no value is seen that a crash could still take back from its writer. Core
 * loop only.
 */
final class PgEngine {
    private final PgId pg;
    private final LocalStore store;
    private final TreeMap<ObjectId, ObjectTraffic> traffic = new TreeMap<>();
    private @Nullable PgEntry entry;
    private boolean primary;
    private long sequence;

    PgEngine(PgId pg, LocalStore store) {
        this.pg = pg;
        this.store = store;
    }

    /** Obeys a map's entry for this group. */
    void install(PgEntry next, int selfIndex) {
        PgEntry current = entry;
        if (current != null && current.epoch() == next.epoch()) {
            return;
        }
        Invariant.check(
                current == null || next.epoch() > current.epoch(),
                "partition epochs only rise",
                next);
        entry = next;
        primary = next.primary() == selfIndex;
        // The in-sync set is this node alone, so there is nothing to level: the group is active at
        // once.
        Invariant.check(
                !primary || next.sync().size() == 1,
                "one in-sync copy until replication is built",
                next);
        sequence = 0;
    }

    /** Forgets the entry: the cluster was stopped or is being formatted. */
    void deactivate() {
        primary = false;
    }

    boolean isPrimary() {
        return primary;
    }

    /** Orders and applies a change; its payloads are borrowed until the completion runs. */
    void write(ObjectChange change, Completion<Outcome> completion) {
        PgEntry current = entry;
        if (!primary || current == null) {
            completion.failed(ErrorCode.NO_PRIMARY);
            return;
        }
        ObjectVersion version = new ObjectVersion(current.epoch(), ++sequence);
        ObjectTraffic object = traffic.computeIfAbsent(change.object(), id -> new ObjectTraffic());
        object.uncommitted.add(change);
        store.write(
                new StoreBatch(operations(change, version), change.durable()), new Completion<>() {
                    @Override
                    public void done(Outcome result) {
                        settle(change);
                        completion.done(result);
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        settle(change);
                        completion.failed(error);
                    }
                });
    }

    /** Reads a range once no overlapping write is open. */
    void read(ObjectId object, long offset, int length, Completion<Payload> completion) {
        afterOverlapping(object, offset, length, () -> {
            if (primary) {
                store.read(new StoreRead(pg, object, offset, length), completion);
            } else {
                completion.failed(ErrorCode.NO_PRIMARY);
            }
        });
    }

    /** Tells which parts of a range hold stored bytes, once no overlapping write is open. */
    void allocated(
            ObjectId object, long offset, int length, Completion<List<DataRange>> completion) {
        afterOverlapping(object, offset, length, () -> {
            if (primary) {
                store.allocated(new StoreRead(pg, object, offset, length), completion);
            } else {
                completion.failed(ErrorCode.NO_PRIMARY);
            }
        });
    }

    /** Lists the ids of the group's objects, ascending from one on. */
    void list(ObjectId from, int max, Completion<List<ObjectId>> completion) {
        if (primary) {
            store.list(pg, from, max, completion);
        } else {
            completion.failed(ErrorCode.NO_PRIMARY);
        }
    }

    private void afterOverlapping(ObjectId object, long offset, int length, Runnable action) {
        ObjectTraffic open = traffic.get(object);
        if (open == null || !open.overlaps(offset, length)) {
            action.run();
        } else {
            open.waiting.add(new WaitingRead(offset, length, action));
        }
    }

    /** A write ended: reads that waited for nothing else go on, in their order. */
    private void settle(ObjectChange change) {
        ObjectTraffic open =
                Invariant.present(traffic.get(change.object()), "an object with writes is known");
        Invariant.check(open.remove(change), "a settled write was open", change.object());
        if (open.uncommitted.isEmpty()) {
            traffic.remove(change.object());
        }
        List<WaitingRead> waiting = open.waiting;
        if (!waiting.isEmpty()) {
            open.waiting = new ArrayList<>();
            for (WaitingRead read : waiting) {
                afterOverlapping(change.object(), read.offset(), read.length(), read.action());
            }
        }
    }

    private List<StoreOperation> operations(ObjectChange change, ObjectVersion version) {
        List<StoreOperation> operations = new ArrayList<>(change.pieces().size() + 1);
        ObjectId object = change.object();
        switch (change.action()) {
            case CREATE ->
                operations.add(new StoreOperation.Create(pg, object, change.sizeBytes(), version));
            case REMOVE -> operations.add(new StoreOperation.Remove(pg, object));
            case WRITE -> {}
        }
        for (ObjectChange.Piece piece : change.pieces()) {
            Payload payload = piece.payload();
            operations.add(
                    payload == null
                            ? new StoreOperation.Zero(
                                    pg, object, version, piece.offset(), piece.length())
                            : new StoreOperation.Write(
                                    pg, object, version, piece.offset(), payload));
        }
        return operations;
    }

    private record WaitingRead(long offset, int length, Runnable action) {}

    /** The open writes of an object and the reads that wait for them. */
    private static final class ObjectTraffic {
        private final List<ObjectChange> uncommitted = new ArrayList<>();
        private List<WaitingRead> waiting = new ArrayList<>();

        boolean overlaps(long offset, long length) {
            for (ObjectChange change : uncommitted) {
                if (change.overlaps(offset, length)) {
                    return true;
                }
            }
            return false;
        }

        /**
         * By identity: two equal writes may be open at once, and equality would compare payloads.
         */
        boolean remove(ObjectChange change) {
            for (int i = 0; i < uncommitted.size(); i++) {
                if (uncommitted.get(i) == change) {
                    uncommitted.remove(i);
                    return true;
                }
            }
            return false;
        }
    }
}
