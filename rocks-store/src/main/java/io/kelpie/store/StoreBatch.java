package io.kelpie.store;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Changes of objects and records that are applied together or not at all, whatever their number and
 * size: after a crash either all of them are there or none. Changes take effect in the order they
 * were added and see the effect of earlier ones.
 *
 * <p>Not thread-safe. May be cleared and used again after {@link ObjectStore#write} has returned;
 * payload buffers and arrays are borrowed until then and must not change meanwhile.
 *
 * <pre>{@code
 * SyncTicket ticket = store.write(new StoreBatch()
 *         .write(key, 4096, payload)
 *         .setVersion(key, version)
 *         .putRecord(RecordFamily.OPLOG, logKey, logValue));
 * store.sync(ticket);
 * }</pre>
 */
public final class StoreBatch {
    /**
     * The most payload of one batch, record values included. A batch lies in memory three times
     * while it is applied (here, in RocksDB's batch, in the memtable), and others wait for it in
     * the log.
     */
    public static final long MAX_PAYLOAD_BYTES = 16L << 20;

    /** The most changes of one batch. */
    public static final int MAX_CHANGES = 65_536;

    private final List<StoreChange> changes = new ArrayList<>();
    private long payloadBytes;

    /** Creates an empty batch. */
    public StoreBatch() {}

    /**
     * Creates an object of zeros, flags 0, without a base. Fails with
     * {@link StoreException.Kind#EXISTS} where one exists (a buried one too).
     *
     * @param sizeBytes 0 to {@link ObjectStore#MAX_OBJECT_BYTES}
     */
    public StoreBatch create(ObjectKey key, long sizeBytes, ObjectVersion version) {
        return add(new StoreChange.Create(key, requireSize(sizeBytes), version));
    }

    /**
     * As {@link #create}, but where an object exists, its content, flags and base are gone: the new
     * pages belong to a new generation.
     */
    public StoreBatch replace(ObjectKey key, long sizeBytes, ObjectVersion version) {
        return add(new StoreChange.Replace(key, requireSize(sizeBytes), version));
    }

    /**
     * Writes the buffer's remaining bytes; its position does not move. Pages of nothing but zeros
     * are not kept, so zeros written are holes.
     *
     * @param offset from the start of the object; offset + remaining must not exceed its size (else
     *     {@link ObjectStore#write} throws {@link IllegalArgumentException})
     * @param payload direct or heap, borrowed until {@link ObjectStore#write} returns
     */
    public StoreBatch write(ObjectKey key, long offset, ByteBuffer payload) {
        requireOffset(offset);
        addPayload(payload.remaining());
        return add(new StoreChange.Write(key, offset, payload.slice().asReadOnlyBuffer()));
    }

    /**
     * Makes a range read as zeros, exactly to the byte; whole pages in it become holes.
     *
     * @param length in bytes, 0 or more; the range must lie within the object
     */
    public StoreBatch writeZeroes(ObjectKey key, long offset, long length) {
        requireOffset(offset);
        if (length < 0) {
            throw new IllegalArgumentException("length " + length + " is negative");
        }
        return add(new StoreChange.WriteZeroes(key, offset, length));
    }

    /** Sets the version; it may go back. */
    public StoreBatch setVersion(ObjectKey key, ObjectVersion version) {
        return add(new StoreChange.SetVersion(key, version));
    }

    /** Sets all 32 flags. */
    public StoreBatch setFlags(ObjectKey key, int flags) {
        return add(new StoreChange.SetFlags(key, flags));
    }

    /**
     * Sets the object in which absent pages are looked up; 0 for none. It need not exist: a missing
     * or shorter base reads as zeros. Within {@link ObjectHead#baseLimitBytes}, which becomes the
     * object's present size, zeros written are kept (as small records), so one range of
     * {@link #writeZeroes} may cover at most 256 MiB of it.
     *
     * @param baseObjectId id of an object of the same partition, kind and erasure index, not the
     *     object's own
     */
    public StoreBatch setBase(ObjectKey key, long baseObjectId) {
        if (baseObjectId == key.objectId() && baseObjectId != 0) {
            throw new IllegalArgumentException(key + " cannot be its own base");
        }
        return add(new StoreChange.SetBase(key, baseObjectId));
    }

    /** Sets the size; what is cut off is gone, what is added reads as zeros. */
    public StoreBatch resize(ObjectKey key, long sizeBytes) {
        return add(new StoreChange.Resize(key, requireSize(sizeBytes)));
    }

    /**
     * Deletes the content and keeps a head of size 0 with this version and these flags: a
     * tombstone. Where no object exists, the tombstone is created. {@link #replace} brings the
     * object back.
     */
    public StoreBatch bury(ObjectKey key, ObjectVersion version, int flags) {
        return add(new StoreChange.Bury(key, version, flags));
    }

    /** Removes an object with its head; where none exists, nothing happens. */
    public StoreBatch delete(ObjectKey key) {
        return add(new StoreChange.Delete(key));
    }

    /** Writes a record, over an older one if there is one. */
    public StoreBatch putRecord(RecordFamily family, byte[] key, byte[] value) {
        addPayload(value.length);
        return add(new StoreChange.PutRecord(family, requireKey(key), value));
    }

    /** Removes a record; where none exists, nothing happens. */
    public StoreBatch deleteRecord(RecordFamily family, byte[] key) {
        return add(new StoreChange.DeleteRecord(family, requireKey(key)));
    }

    /** Removes all records with from &lt;= key &lt; to. */
    public StoreBatch deleteRecords(RecordFamily family, byte[] from, byte[] to) {
        if (Arrays.compareUnsigned(from, to) > 0) {
            throw new IllegalArgumentException("range of records ends before it starts");
        }
        return add(new StoreChange.DeleteRecords(family, from, to));
    }

    /** The changes so far, in order; a view. */
    public List<StoreChange> changes() {
        return Collections.unmodifiableList(changes);
    }

    /** Bytes of content and record values so far. */
    public long payloadBytes() {
        return payloadBytes;
    }

    /** Whether nothing was added. */
    public boolean isEmpty() {
        return changes.isEmpty();
    }

    /** Forgets everything, so that the batch can be used again. */
    public void clear() {
        changes.clear();
        payloadBytes = 0;
    }

    private StoreBatch add(StoreChange change) {
        if (changes.size() == MAX_CHANGES) {
            throw new IllegalArgumentException("a batch takes at most " + MAX_CHANGES + " changes");
        }
        changes.add(change);
        return this;
    }

    private void addPayload(int length) {
        if (payloadBytes + length > MAX_PAYLOAD_BYTES) {
            throw new IllegalArgumentException("a batch takes at most " + MAX_PAYLOAD_BYTES
                    + " bytes, not " + (payloadBytes + length));
        }
        payloadBytes += length;
    }

    private static byte[] requireKey(byte[] key) {
        if (key.length == 0 || key.length > ObjectStore.MAX_RECORD_KEY_BYTES) {
            throw new IllegalArgumentException("record key of " + key.length
                    + " bytes is not within 1 to " + ObjectStore.MAX_RECORD_KEY_BYTES);
        }
        return key;
    }

    private static void requireOffset(long offset) {
        if (offset < 0 || offset > ObjectStore.MAX_OBJECT_BYTES) {
            throw new IllegalArgumentException(
                    "offset " + offset + " is not within 0 to " + ObjectStore.MAX_OBJECT_BYTES);
        }
    }

    private static long requireSize(long sizeBytes) {
        if (sizeBytes < 0 || sizeBytes > ObjectStore.MAX_OBJECT_BYTES) {
            throw new IllegalArgumentException(
                    "size " + sizeBytes + " is not within 0 to " + ObjectStore.MAX_OBJECT_BYTES);
        }
        return sizeBytes;
    }
}
