package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore.RecordValue;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.port.StoreOperation.DropEverything;
import io.kelpie.cluster.port.StoreOperation.PutRecord;
import io.kelpie.cluster.port.Tracer;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * What a node's own store says of the cluster: to which one its objects belong, by time of
 * creation, and the map that was installed last. Core loop only.
 */
final class NodeRecords {
    private static final String CLUSTER_RECORD = "store-cluster";
    private static final String MAP_RECORD = "cluster-map";

    private final Ports ports;
    private long createdNanos;
    private ClusterMap map = ClusterMap.EMPTY;
    /** The newest map that waits while an older one is being written. */
    private @Nullable ClusterMap waiting;

    private boolean writing;

    NodeRecords(Ports ports) {
        this.ports = ports;
    }

    /** Time of creation of the cluster that the store's objects belong to; 0 if to none. */
    long createdNanos() {
        return createdNanos;
    }

    /** The map that was kept when the records were loaded. */
    ClusterMap map() {
        return map;
    }

    void load(Completion<Outcome> completion) {
        read(CLUSTER_RECORD, completion, created -> {
            if (created != null) {
                createdNanos = ByteBuffer.wrap(created).getLong();
            }
            read(MAP_RECORD, completion, kept -> {
                if (kept != null) {
                    map = MapRecord.decode(kept);
                }
                completion.done(Outcome.DONE);
            });
        });
    }

    /** Drops all objects; from then on the store belongs to the cluster of the given creation. */
    void empty(long newCreatedNanos, Completion<Outcome> completion) {
        write(new DropEverything(), true, new Completion<>() {
            @Override
            public void done(Outcome result) {
                byte[] value =
                        ByteBuffer.allocate(Long.BYTES).putLong(newCreatedNanos).array();
                write(new PutRecord(CLUSTER_RECORD, value), true, new Completion<>() {
                    @Override
                    public void done(Outcome put) {
                        createdNanos = newCreatedNanos;
                        completion.done(put);
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        completion.failed(error);
                    }
                });
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /** Keeps a map, lazily: an older one after a crash does no harm. */
    void keep(ClusterMap installed) {
        if (writing) {
            waiting = installed;
            return;
        }
        writing = true;
        byte[] value = MapRecord.encode(installed);
        write(new PutRecord(MAP_RECORD, value), false, new Completion<>() {
            @Override
            public void done(Outcome result) {
                next();
            }

            @Override
            public void failed(ErrorCode error) {
                ports.tracer().event(Tracer.Level.WARN, "keeping the map failed: " + error);
                next();
            }
        });
    }

    private void next() {
        writing = false;
        ClusterMap later = waiting;
        waiting = null;
        if (later != null) {
            keep(later);
        }
    }

    private void read(String name, Completion<Outcome> whole, ValueReceiver receiver) {
        ports.store().readRecord(name, new Completion<>() {
            @Override
            public void done(RecordValue record) {
                receiver.accept(record.value());
            }

            @Override
            public void failed(ErrorCode error) {
                whole.failed(error);
            }
        });
    }

    private void write(StoreOperation operation, boolean durable, Completion<Outcome> completion) {
        ports.store().write(new StoreBatch(List.of(operation), durable), completion);
    }

    private interface ValueReceiver {
        void accept(byte @Nullable [] value);
    }
}
