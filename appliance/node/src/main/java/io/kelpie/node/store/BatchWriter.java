package io.kelpie.node.store;

import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.ObjectVersion;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreException;
import io.kelpie.store.SyncTicket;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Turns a batch of the core into batches of the object store and applies them. Store threads only;
 * the caller keeps other changes of the same objects away.
 *
 * <p>Nearly always it is one batch, hence atomic. Only payload beyond what one batch of the store
 * takes (16 MiB) is spread over several, applied in order: after a crash, or when the disk fills up
 * in between, a beginning of such a write may be there, as a disk tears a long write.
 */
final class BatchWriter {
    /** Less than the store's bound, so that records and other changes find room beside payload. */
    private static final long MAX_PIECE_BYTES = StoreBatch.MAX_PAYLOAD_BYTES - (2 << 20);

    private final ObjectStore store;
    private final NamedRecords records;

    BatchWriter(ObjectStore store, NamedRecords records) {
        this.store = store;
        this.records = records;
    }

    /** Applies the operations; the ticket covers all of them. */
    SyncTicket apply(List<StoreOperation> operations) {
        requireRemovedObjects(operations);
        StoreBatch batch = new StoreBatch();
        for (StoreOperation operation : operations) {
            if (operation instanceof StoreOperation.DropEverything) {
                requireAlone(operations);
                return dropEverything();
            }
            if (operation instanceof StoreOperation.DropGroup drop) {
                requireAlone(operations);
                return dropGroup(drop.pg());
            }
            add(batch, operation);
        }
        return store.write(batch);
    }

    private void add(StoreBatch batch, StoreOperation operation) {
        if (operation instanceof StoreOperation.Create create) {
            batch.replace(
                    key(create.pg(), create.object()),
                    create.sizeBytes(),
                    version(create.version()));
        } else if (operation instanceof StoreOperation.Write write) {
            addWrite(batch, write);
        } else if (operation instanceof StoreOperation.Zero zero) {
            ObjectKey key = key(zero.pg(), zero.object());
            batch.writeZeroes(key, zero.offset(), zero.length());
            batch.setVersion(key, version(zero.version()));
        } else if (operation instanceof StoreOperation.Remove remove) {
            batch.delete(key(remove.pg(), remove.object()));
        } else if (operation instanceof StoreOperation.SetVersion set) {
            batch.setVersion(key(set.pg(), set.object()), version(set.version()));
        } else if (operation instanceof StoreOperation.AppendLog append) {
            OperationLog.append(batch, append.pg(), append.entry());
        } else if (operation instanceof StoreOperation.TrimLog trim) {
            OperationLog.trim(batch, trim.pg(), trim.through());
        } else if (operation instanceof StoreOperation.PutRecord put) {
            makeRoom(batch, Math.min(put.value().length, NamedRecords.MAX_SMALL_BYTES));
            records.put(batch, put.name(), put.value());
        } else {
            throw new IllegalArgumentException("not an operation of a batch: " + operation);
        }
    }

    private void addWrite(StoreBatch batch, StoreOperation.Write write) {
        ObjectKey key = key(write.pg(), write.object());
        ByteBuffer rest = write.payload().view();
        long offset = write.offset();
        while (rest.remaining() > MAX_PIECE_BYTES) {
            ByteBuffer piece = rest.slice(rest.position(), (int) MAX_PIECE_BYTES);
            makeRoom(batch, piece.remaining());
            batch.write(key, offset, piece);
            offset += piece.remaining();
            rest.position(rest.position() + piece.remaining());
        }
        makeRoom(batch, rest.remaining());
        if (rest.hasRemaining()) {
            batch.write(key, offset, rest);
        }
        batch.setVersion(key, version(write.version()));
    }

    private void makeRoom(StoreBatch batch, long bytes) {
        if (batch.payloadBytes() + bytes > MAX_PIECE_BYTES && !batch.isEmpty()) {
            // The last batch's ticket covers this one's.
            store.write(batch);
            batch.clear();
        }
    }

    /** The store removes what is not there without a word; the port promises an error. */
    private void requireRemovedObjects(List<StoreOperation> operations) {
        Map<ObjectKey, Boolean> there = new HashMap<>();
        for (StoreOperation operation : operations) {
            if (operation instanceof StoreOperation.Create create) {
                there.put(key(create.pg(), create.object()), true);
            } else if (operation instanceof StoreOperation.Remove remove) {
                ObjectKey key = key(remove.pg(), remove.object());
                if (!there.computeIfAbsent(key, k -> store.head(k).isPresent())) {
                    throw new StoreException(
                            StoreException.Kind.NOT_FOUND, "no object " + key + " to remove");
                }
                there.put(key, false);
            }
        }
    }

    private static void requireAlone(List<StoreOperation> operations) {
        if (operations.size() != 1) {
            throw new IllegalArgumentException(
                    "a drop stands alone in its batch, not among " + operations.size());
        }
    }

    /**
     * The log first: what a crash leaves are then objects without lines, which say nothing wrong
     * and go at the next drop.
     */
    private SyncTicket dropGroup(PgId pg) {
        StoreBatch log = new StoreBatch();
        OperationLog.drop(log, pg.partition());
        store.write(log);
        return store.dropPartition(pg.partition());
    }

    /** Partition by partition: a format that a crash cut short is finished by the core's start. */
    private SyncTicket dropEverything() {
        StoreBatch logs = new StoreBatch();
        OperationLog.dropAll(logs);
        store.write(logs);
        for (int partition : store.partitions()) {
            store.dropPartition(partition);
        }
        // An empty batch takes a ticket behind all of them.
        return store.write(new StoreBatch());
    }

    private static ObjectKey key(PgId pg, ObjectId object) {
        return StoreKeys.object(pg, object);
    }

    private static ObjectVersion version(io.kelpie.cluster.model.ObjectVersion version) {
        return new ObjectVersion(version.epoch(), version.sequence());
    }
}
