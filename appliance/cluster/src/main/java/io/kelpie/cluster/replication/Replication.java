package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.TreeMap;

/** The placement groups of this node. Core loop only. */
public final class Replication {
    private final LocalStore store;
    private final TreeMap<PgId, PgEngine> groups = new TreeMap<>();

    /**
     * Starts without groups.
     *
     * @param store the local disk
     */
    public Replication(LocalStore store) {
        this.store = store;
    }

    /**
     * Obeys a map.
     *
     * @param map the map
     * @param self the member that this process is in it, or null
     */
    public void install(ClusterMap map, @Nullable Member self) {
        if (self == null || map.status() != ClusterStatus.RUNNING) {
            groups.values().forEach(PgEngine::deactivate);
            return;
        }
        for (int partition = 0; partition < map.groups().size(); partition++) {
            PgId pg = new PgId(partition);
            groups.computeIfAbsent(pg, id -> new PgEngine(id, store))
                    .install(map.group(pg), self.index());
        }
    }

    /**
     * Whether this node is the primary of a group.
     *
     * @param pg the group
     * @return true if reads and writes of the group are answered here
     */
    public boolean isPrimary(PgId pg) {
        PgEngine group = groups.get(pg);
        return group != null && group.isPrimary();
    }

    /**
     * Orders and applies a change at the primary.
     *
     * @param pg the object's group
     * @param change the change; its payloads are borrowed until the completion runs
     * @param completion gets DONE when committed; NO_PRIMARY without effect, or the store's error
     */
    public void write(PgId pg, ObjectChange change, Completion<Outcome> completion) {
        PgEngine group = groups.get(pg);
        if (group == null) {
            completion.failed(ErrorCode.NO_PRIMARY);
        } else {
            group.write(change, completion);
        }
    }

    /**
     * Reads at the primary.
     *
     * @param pg the object's group
     * @param object the object
     * @param offset first byte
     * @param length bytes
     * @param completion gets the committed bytes, which it then owns; NO_PRIMARY or the store's
     *     error
     */
    public void read(
            PgId pg, ObjectId object, long offset, int length, Completion<Payload> completion) {
        PgEngine group = groups.get(pg);
        if (group == null) {
            completion.failed(ErrorCode.NO_PRIMARY);
        } else {
            group.read(object, offset, length, completion);
        }
    }

    /**
     * Tells which parts of a range hold stored bytes.
     *
     * @param pg the object's group
     * @param object the object
     * @param offset first byte
     * @param length bytes
     * @param completion gets the ranges; NO_PRIMARY or the store's error
     */
    public void allocated(
            PgId pg,
            ObjectId object,
            long offset,
            int length,
            Completion<List<DataRange>> completion) {
        PgEngine group = groups.get(pg);
        if (group == null) {
            completion.failed(ErrorCode.NO_PRIMARY);
        } else {
            group.allocated(object, offset, length, completion);
        }
    }

    /**
     * Lists the ids of a group's objects.
     *
     * @param pg the group
     * @param from first id wanted, inclusive
     * @param max at most this many, 1 to 65536
     * @param completion gets the ids in ascending order; NO_PRIMARY or the store's error
     */
    public void list(PgId pg, ObjectId from, int max, Completion<List<ObjectId>> completion) {
        PgEngine group = groups.get(pg);
        if (group == null) {
            completion.failed(ErrorCode.NO_PRIMARY);
        } else {
            group.list(from, max, completion);
        }
    }

    /**
     * Makes every committed write durable on every in-sync copy.
     *
     * @param completion gets DONE after the sync
     */
    public void flush(Completion<Outcome> completion) {
        store.sync(completion);
    }
}
