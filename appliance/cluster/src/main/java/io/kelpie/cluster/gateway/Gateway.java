package io.kelpie.cluster.gateway;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.placement.Placement;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.replication.Replication;

import java.util.List;

/**
 * Routes object requests to the primary of the object's placement group. Core loop only. A group
 * that has no primary here fails with PG_INACTIVE, without effect.
 */
public final class Gateway {
    private final Replication replication;
    private final Families families;
    private int partBits;

    /**
     * Composes the gateway.
     *
     * @param replication the groups of this node
     * @param families from the VDI table
     */
    public Gateway(Replication replication, Families families) {
        this.replication = replication;
        this.families = families;
    }

    /**
     * Learns how many placement groups there are.
     *
     * @param newPartBits the map's number of hash bits
     */
    public void onPartBits(int newPartBits) {
        partBits = newPartBits;
    }

    /**
     * Changes an object.
     *
     * @param change the change; its payloads are borrowed until the completion runs
     * @param completion gets DONE, or the error without effect
     */
    public void write(ObjectChange change, Completion<Outcome> completion) {
        PgId pg = groupOf(change.object());
        if (replication.isPrimary(pg)) {
            replication.write(pg, change, completion);
        } else {
            completion.failed(ErrorCode.PG_INACTIVE);
        }
    }

    /**
     * Reads a range of an object.
     *
     * @param object the object
     * @param offset first byte
     * @param length bytes
     * @param completion gets the bytes, which it then owns
     */
    public void read(ObjectId object, long offset, int length, Completion<Payload> completion) {
        PgId pg = groupOf(object);
        if (replication.isPrimary(pg)) {
            replication.read(pg, object, offset, length, completion);
        } else {
            completion.failed(ErrorCode.PG_INACTIVE);
        }
    }

    /**
     * Tells which parts of a range hold stored bytes.
     *
     * @param object the object
     * @param offset first byte
     * @param length bytes
     * @param completion gets the ranges
     */
    public void allocated(
            ObjectId object, long offset, int length, Completion<List<DataRange>> completion) {
        PgId pg = groupOf(object);
        if (replication.isPrimary(pg)) {
            replication.allocated(pg, object, offset, length, completion);
        } else {
            completion.failed(ErrorCode.PG_INACTIVE);
        }
    }

    /**
     * How many placement groups there are.
     *
     * @return a power of two
     */
    public int groupCount() {
        return 1 << partBits;
    }

    /**
     * Lists the ids of a placement group's objects.
     *
     * @param group 0 to {@link #groupCount()} - 1
     * @param from first id wanted, inclusive
     * @param max at most this many, 1 to 65536
     * @param completion gets the ids in ascending order; fewer than {@code max} are the last
     */
    public void list(int group, ObjectId from, int max, Completion<List<ObjectId>> completion) {
        replication.list(new PgId(group), from, max, completion);
    }

    /**
     * Makes every write completed before durable.
     *
     * @param completion gets DONE
     */
    public void flush(Completion<Outcome> completion) {
        replication.flush(completion);
    }

    private PgId groupOf(ObjectId object) {
        return Placement.groupOf(families.rootOf(object.vdiNumber()), object, partBits);
    }
}
