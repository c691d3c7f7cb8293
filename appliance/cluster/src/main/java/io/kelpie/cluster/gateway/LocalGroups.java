package io.kelpie.cluster.gateway;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.replication.Replication;

import java.util.List;

/**
 * What gateway and service ask of this node's placement groups: {@link Replication}, whose calls
 * have the same names and meaning. An interface so that the races of gateways and homes can be
 * tested against groups that do what a test says.
 */
public interface LocalGroups {
    /**
     * Orders a change at the primary; {@link Replication#write}.
     *
     * @param pg the group
     * @param epoch its partition epoch in the sender's map
     * @param operation the client's operation
     * @param change the change, borrowed until the completion runs
     * @param completion gets DONE
     */
    void write(
            PgId pg,
            long epoch,
            OperationId operation,
            ObjectChange change,
            Completion<Outcome> completion);

    /**
     * Reads at the primary; {@link Replication#read}.
     *
     * @param pg the group
     * @param epoch its partition epoch in the sender's map
     * @param object the object
     * @param offset first byte
     * @param length bytes
     * @param completion gets the bytes
     */
    void read(
            PgId pg,
            long epoch,
            ObjectId object,
            long offset,
            int length,
            Completion<Payload> completion);

    /**
     * Tells where data is; {@link Replication#allocated}.
     *
     * @param pg the group
     * @param epoch its partition epoch in the sender's map
     * @param object the object
     * @param offset first byte
     * @param length bytes
     * @param completion gets the ranges
     */
    void allocated(
            PgId pg,
            long epoch,
            ObjectId object,
            long offset,
            int length,
            Completion<List<DataRange>> completion);

    /**
     * Lists objects; {@link Replication#list}.
     *
     * @param pg the group
     * @param epoch its partition epoch in the sender's map
     * @param from first id wanted
     * @param max at most this many
     * @param completion gets the ids
     */
    void list(PgId pg, long epoch, ObjectId from, int max, Completion<List<ObjectId>> completion);

    /**
     * Syncs a group; {@link Replication#flush}.
     *
     * @param pg the group
     * @param epoch its partition epoch in the sender's map
     * @param completion gets DONE
     */
    void flush(PgId pg, long epoch, Completion<Outcome> completion);

    /**
     * Syncs everything of a node that is alone; {@link Replication#flush}.
     *
     * @param completion gets DONE
     */
    void flush(Completion<Outcome> completion);
}
