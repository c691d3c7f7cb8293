package io.kelpie.node.store;

import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreRecord;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The operation logs of the placement groups as records of the object store, in the batch of the
 * writes they tell of. A version is unique in its group, so it is the key of a line, and the order
 * of keys is the order of versions. Store threads only.
 *
 * <pre>
 * key, big endian, 18 bytes:    u16 partition, u64 epoch, u64 sequence
 * value, big endian, 9 bytes:   u8 flags (1 removed, 2 operation follows), u64 object id
 *              or, 41 bytes:    the same, u128 node id, u64 incarnation, u64 counter
 * </pre>
 */
final class OperationLog {
    private static final int KEY_BYTES = Short.BYTES + 2 * Long.BYTES;
    private static final int SHORT_BYTES = 1 + Long.BYTES;
    private static final int LONG_BYTES = SHORT_BYTES + 4 * Long.BYTES;
    private static final int REMOVED = 1;
    private static final int HAS_OPERATION = 2;
    /** Lines read in one call of the store: about 5 MB of memory. */
    private static final int MAX_SCANNED = 16_384;

    private OperationLog() {}

    /** Adds a line to a batch. */
    static void append(StoreBatch batch, PgId pg, LogEntry entry) {
        batch.putRecord(RecordFamily.OPLOG, key(pg.partition(), entry.version()), encode(entry));
    }

    /** Adds the removal of the lines up to a version to a batch. */
    static void trim(StoreBatch batch, PgId pg, ObjectVersion through) {
        batch.deleteRecords(
                RecordFamily.OPLOG,
                key(pg.partition(), ObjectVersion.NONE),
                after(key(pg.partition(), through)));
    }

    /** Adds the removal of all lines of a group to a batch. */
    static void drop(StoreBatch batch, int partition) {
        batch.deleteRecords(
                RecordFamily.OPLOG,
                key(partition, ObjectVersion.NONE),
                key(partition + 1, ObjectVersion.NONE));
    }

    /** Adds the removal of all lines of all groups to a batch. */
    static void dropAll(StoreBatch batch) {
        batch.deleteRecords(
                RecordFamily.OPLOG,
                key(0, ObjectVersion.NONE),
                key(1 << PgId.MAX_BITS, ObjectVersion.NONE));
    }

    /** All lines of a group in the order of versions. */
    static List<LogEntry> read(ObjectStore store, PgId pg) {
        List<LogEntry> entries = new ArrayList<>();
        byte[] from = key(pg.partition(), ObjectVersion.NONE);
        byte[] to = key(pg.partition() + 1, ObjectVersion.NONE);
        List<StoreRecord> found;
        do {
            found = store.scanRecords(RecordFamily.OPLOG, from, to, MAX_SCANNED);
            for (StoreRecord record : found) {
                entries.add(decode(pg, record));
                from = after(record.key());
            }
        } while (found.size() == MAX_SCANNED);
        return List.copyOf(entries);
    }

    private static byte[] key(int partition, ObjectVersion version) {
        return ByteBuffer.allocate(KEY_BYTES)
                .putShort((short) partition)
                .putLong(version.epoch())
                .putLong(version.sequence())
                .array();
    }

    /** The first key behind a key. */
    private static byte[] after(byte[] key) {
        return Arrays.copyOf(key, key.length + 1);
    }

    private static byte[] encode(LogEntry entry) {
        OperationId operation = entry.operation();
        ByteBuffer value = ByteBuffer.allocate(operation == null ? SHORT_BYTES : LONG_BYTES);
        int flags = (entry.removed() ? REMOVED : 0) | (operation == null ? 0 : HAS_OPERATION);
        value.put((byte) flags).putLong(entry.object().value());
        if (operation != null) {
            PeerId gateway = operation.gateway();
            value.putLong(gateway.node().high())
                    .putLong(gateway.node().low())
                    .putLong(gateway.incarnation())
                    .putLong(operation.counter());
        }
        return value.array();
    }

    private static LogEntry decode(PgId pg, StoreRecord record) {
        ByteBuffer key = ByteBuffer.wrap(record.key());
        ByteBuffer value = ByteBuffer.wrap(record.value());
        int flags = value.hasRemaining() ? value.get() : -1;
        boolean hasOperation = (flags & HAS_OPERATION) != 0;
        if (key.remaining() != KEY_BYTES
                || (flags & ~(REMOVED | HAS_OPERATION)) != 0
                || value.limit() != (hasOperation ? LONG_BYTES : SHORT_BYTES)) {
            throw new StoreException(
                    StoreException.Kind.CORRUPTION,
                    "a line of the operation log of " + pg + " is damaged: key of "
                            + key.remaining() + " bytes, value of " + value.limit() + ", flags "
                            + flags);
        }
        key.getShort();
        ObjectVersion version = new ObjectVersion(key.getLong(), key.getLong());
        ObjectId object = new ObjectId(value.getLong());
        OperationId operation = hasOperation
                ? new OperationId(
                        new PeerId(new NodeId(value.getLong(), value.getLong()), value.getLong()),
                        value.getLong())
                : null;
        return new LogEntry(object, version, (flags & REMOVED) != 0, operation);
    }
}
