package io.kelpie.cluster.replication;

import io.kelpie.cluster.membership.ControllerLine;
import io.kelpie.cluster.membership.Leases;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.Ports;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The placement groups of this node: orders and replicates writes, answers reads, keeps the copies
 * level. Core loop only.
 */
public final class Replication {
    /** For callers on this node: the epoch of the map in force here. */
    public static final long ANY_EPOCH = 0;

    private final Surroundings around;
    private final TreeMap<PgId, PgEngine> groups = new TreeMap<>();

    /**
     * Starts without groups.
     *
     * @param ports store, peers, clock, timers and tracer are used
     * @param self this process
     * @param leases both sides of the leases between nodes
     * @param controller the way to the controller
     * @param guard asked before a write is ordered
     * @param config what replication has to know of the node
     */
    public Replication(
            Ports ports,
            PeerId self,
            Leases leases,
            ControllerLine controller,
            WriteGuard guard,
            ReplicationConfig config) {
        this.around = new Surroundings(ports, self, leases, controller, guard, config);
    }

    /**
     * Replication of a node that is the whole cluster.
     *
     * @param ports the world
     * @param self this process
     * @return replication without neighbours
     */
    public static Replication alone(Ports ports, PeerId self) {
        Solitude solitude = new Solitude();
        return new Replication(
                ports, self, solitude, solitude, WriteGuard.NONE, ReplicationConfig.CLEAN);
    }

    /**
     * Registers who learns of active groups; called before the first map is installed.
     *
     * @param listener the receiver
     */
    public void listen(ReplicationListener listener) {
        around.listener = listener;
    }

    /**
     * Registers who brings learners up to date; called before the first map is installed.
     *
     * @param listener the receiver
     */
    public void teach(RecoveryListener listener) {
        around.recovery = listener;
    }

    /**
     * Obeys a map. The groups of a map with another time of creation are new: the store was emptied
     * in between.
     *
     * @param map the map
     * @param self the member that this process is in it, or null
     */
    public void install(ClusterMap map, @Nullable Member self) {
        long created = around.map.settings().createdNanos();
        if (created != map.settings().createdNanos()) {
            groups.values().forEach(PgEngine::clear);
            groups.clear();
            around.versions.clear();
        }
        around.map = map;
        if (self == null || map.status() != ClusterStatus.RUNNING) {
            groups.values().forEach(PgEngine::deactivate);
            return;
        }
        for (int partition = 0; partition < map.groups().size(); partition++) {
            PgId pg = new PgId(partition);
            groups.computeIfAbsent(pg, id -> new PgEngine(id, around, map.group(id)))
                    .install(map, self.index());
        }
    }

    /**
     * Takes a message of another member.
     *
     * @param from the process that sent it
     * @param message the message; ownership of payloads inside passes here
     */
    public void onMessage(PeerId from, GroupMessage message) {
        PgEngine group = groups.get(message.pg());
        if (group == null) {
            // Before its first map a process knows no groups; what matters is sent again.
            message.release();
            around.listener.onNewerEpochSeen(from);
        } else {
            group.onMessage(from, message);
        }
    }

    /**
     * A connection to a node broke: messages may be lost.
     *
     * @param node the node
     */
    public void onLost(NodeId node) {
        Member member = around.map.memberOf(node);
        if (member != null) {
            groups.values().forEach(group -> group.onLost(member.index()));
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
     * Whether this node answers requests of a group now.
     *
     * @param pg the group
     * @return true if it is the primary and all copies are level
     */
    public boolean isActive(PgId pg) {
        PgEngine group = groups.get(pg);
        return group != null && group.isActive();
    }

    /**
     * What this node does for its groups, for people.
     *
     * @return one line for each group of the map, in order
     */
    public List<GroupState> states() {
        return groups.values().stream().map(PgEngine::state).toList();
    }

    /**
     * Orders a change and applies it on every in-sync copy, at the primary, for a gateway here or
     * elsewhere. While the group is not active the change waits.
     *
     * @param pg the object's group
     * @param epoch the group's partition epoch in the sender's map
     * @param operation the client's operation, the same in all attempts; null only in a cluster of
     *     one node, or for a change that may take effect twice
     * @param change the change; its payloads are borrowed until the completion runs
     * @param completion gets DONE when committed. NO_PRIMARY: look at the map, then try the same
     *     operation again. Everything else is final and without effect: NO_SUCH_OBJECT, NO_SPACE,
     *     CORRUPT_OBJECT, IO_ERROR, what the guard says
     */
    public void write(
            PgId pg,
            long epoch,
            @Nullable OperationId operation,
            ObjectChange change,
            Completion<Outcome> completion) {
        request(pg, epoch, completion, group -> group.write(operation, change, completion));
    }

    /**
     * Reads at the primary, under a lease.
     *
     * @param pg the object's group
     * @param epoch the group's partition epoch in the sender's map
     * @param object the object
     * @param offset first byte
     * @param length bytes
     * @param completion gets the committed bytes, which it then owns; NO_PRIMARY as for a write;
     *     NO_SUCH_OBJECT, CORRUPT_OBJECT if no copy is whole, IO_ERROR
     */
    public void read(
            PgId pg,
            long epoch,
            ObjectId object,
            long offset,
            int length,
            Completion<Payload> completion) {
        request(pg, epoch, completion, group -> group.read(object, offset, length, completion));
    }

    /**
     * Tells which parts of a range hold stored bytes, under a lease.
     *
     * @param pg the object's group
     * @param epoch the group's partition epoch in the sender's map
     * @param object the object
     * @param offset first byte
     * @param length bytes
     * @param completion gets the ranges; errors as of a read
     */
    public void allocated(
            PgId pg,
            long epoch,
            ObjectId object,
            long offset,
            int length,
            Completion<List<DataRange>> completion) {
        request(
                pg,
                epoch,
                completion,
                group -> group.allocated(object, offset, length, completion));
    }

    /**
     * Lists the ids of a group's objects, under a lease. An object whose creation or removal is
     * under way may be listed or not.
     *
     * @param pg the group
     * @param epoch the group's partition epoch in the sender's map
     * @param from first id wanted, inclusive
     * @param max at most this many, 1 to 65536
     * @param completion gets the ids in ascending order; NO_PRIMARY as for a write, IO_ERROR
     */
    public void list(
            PgId pg, long epoch, ObjectId from, int max, Completion<List<ObjectId>> completion) {
        request(pg, epoch, completion, group -> group.list(from, max, completion));
    }

    /**
     * Makes every write of a group committed before durable on every in-sync copy.
     *
     * @param pg the group
     * @param epoch the group's partition epoch in the sender's map
     * @param completion gets DONE; NO_PRIMARY as for a write, IO_ERROR
     */
    public void flush(PgId pg, long epoch, Completion<Outcome> completion) {
        request(pg, epoch, completion, group -> group.flush(completion));
    }

    private void request(PgId pg, long epoch, Completion<?> completion, Consumer<Serving> request) {
        PgEngine group = groups.get(pg);
        if (group == null) {
            completion.failed(ErrorCode.NO_PRIMARY);
        } else {
            group.request(epoch, completion, request);
        }
    }

    // What the gateway of one node calls until it knows epochs.

    /**
     * Orders and applies a change at the primary.
     *
     * @param pg the object's group
     * @param change the change; its payloads are borrowed until the completion runs
     * @param completion gets DONE when committed; NO_PRIMARY without effect, or the store's error
     */
    public void write(PgId pg, ObjectChange change, Completion<Outcome> completion) {
        write(pg, ANY_EPOCH, null, change, completion);
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
        read(pg, ANY_EPOCH, object, offset, length, completion);
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
        allocated(pg, ANY_EPOCH, object, offset, length, completion);
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
        list(pg, ANY_EPOCH, from, max, completion);
    }

    /**
     * Makes every committed write durable on every in-sync copy.
     *
     * @param completion gets DONE after the sync
     */
    public void flush(Completion<Outcome> completion) {
        around.ports.store().sync(completion);
    }
}
