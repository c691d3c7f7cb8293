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
 * This node's groups in production.
 *
 * @param replication the groups
 */
record ReplicatedGroups(Replication replication) implements LocalGroups {
    @Override
    public void write(
            PgId pg,
            long epoch,
            OperationId operation,
            ObjectChange change,
            Completion<Outcome> completion) {
        replication.write(pg, epoch, operation, change, completion);
    }

    @Override
    public void read(
            PgId pg,
            long epoch,
            ObjectId object,
            long offset,
            int length,
            Completion<Payload> completion) {
        replication.read(pg, epoch, object, offset, length, completion);
    }

    @Override
    public void allocated(
            PgId pg,
            long epoch,
            ObjectId object,
            long offset,
            int length,
            Completion<List<DataRange>> completion) {
        replication.allocated(pg, epoch, object, offset, length, completion);
    }

    @Override
    public void list(
            PgId pg, long epoch, ObjectId from, int max, Completion<List<ObjectId>> completion) {
        replication.list(pg, epoch, from, max, completion);
    }

    @Override
    public void flush(PgId pg, long epoch, Completion<Outcome> completion) {
        replication.flush(pg, epoch, completion);
    }

    @Override
    public void flush(Completion<Outcome> completion) {
        replication.flush(completion);
    }
}
