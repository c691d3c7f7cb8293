package io.kelpie.cluster.port;

import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The node's own disk. Operations on one object take effect in the order of the calls; operations
 * on different objects have no order unless one completed before the other was called. Errors of
 * every call: CORRUPT_OBJECT (checksum), NO_SPACE (nothing was changed), IO_ERROR (the store is
 * broken and refuses everything from now on), SHUTTING_DOWN.
 */
public interface LocalStore {
    /**
     * Applies a batch.
     *
     * @param batch what to change; its payloads are borrowed until the completion runs
     * @param completion gets DONE once the batch is as safe as {@link StoreBatch#durable()} asks,
     *     or NO_SUCH_OBJECT if an operation names a missing object (nothing was changed then)
     */
    void write(StoreBatch batch, Completion<Outcome> completion);

    /**
     * Makes everything durable that was applied (completed or not, but called) before.
     *
     * @param completion gets DONE after the sync
     */
    void sync(Completion<Outcome> completion);

    /**
     * Reads a range of an object.
     *
     * @param read what to read
     * @param completion gets exactly {@code read.length()} bytes in a payload it then owns, or
     *     NO_SUCH_OBJECT
     */
    void read(StoreRead read, Completion<Payload> completion);

    /**
     * Which parts of a range hold stored bytes. Coarser answers are allowed as long as no stored
     * byte is reported as a hole.
     *
     * @param read the range; its length is at most 1 GiB
     * @param completion gets the ranges that hold data, ascending, not touching each other, or
     *     NO_SUCH_OBJECT
     */
    void allocated(StoreRead read, Completion<List<DataRange>> completion);

    /**
     * Lists the ids of a placement group's objects in ascending unsigned order.
     *
     * @param pg the placement group
     * @param from first id wanted, inclusive
     * @param max at most this many, 1 to 65536
     * @param completion gets the ids; fewer than {@code max} means that there are no more
     */
    void list(PgId pg, ObjectId from, int max, Completion<List<ObjectId>> completion);

    /**
     * What the node holds of an object.
     *
     * @param pg its placement group
     * @param object its id
     * @param completion gets version and size; version NONE if it holds nothing
     */
    void held(PgId pg, ObjectId object, Completion<HeldObject> completion);

    /**
     * Lists what the node holds of a placement group in ascending unsigned order of ids, without
     * reading any data.
     *
     * @param pg the placement group
     * @param from first id wanted, inclusive
     * @param max at most this many, 1 to 65536
     * @param completion gets the objects; fewer than {@code max} means that there are no more
     */
    void listHeld(PgId pg, ObjectId from, int max, Completion<List<HeldObject>> completion);

    /**
     * Opens an object as it is after all operations on it that were called before.
     *
     * @param pg its placement group
     * @param object its id
     * @param completion gets the snapshot, to be closed by the receiver; also of a missing object
     */
    void openSnapshot(PgId pg, ObjectId object, Completion<ObjectSnapshot> completion);

    /**
     * Computes the checksums of an object.
     *
     * @param pg its placement group
     * @param object its id
     * @param completion gets them, none for a missing object; CORRUPT_OBJECT
     */
    void digest(PgId pg, ObjectId object, Completion<ObjectDigest> completion);

    /**
     * Reads a placement group's operation log.
     *
     * @param pg the placement group
     * @param completion gets its lines in the order of versions
     */
    void readLog(PgId pg, Completion<List<LogEntry>> completion);

    /**
     * Lists the placement groups of which the node holds objects.
     *
     * @param completion gets them in ascending order
     */
    void groups(Completion<List<PgId>> completion);

    /**
     * Reads a named record.
     *
     * @param name as put
     * @param completion gets its value in {@link RecordValue}
     */
    void readRecord(String name, Completion<RecordValue> completion);

    /**
     * The room on the disk, as last measured; never blocks.
     *
     * @return the space
     */
    Space space();

    /**
     * A range that holds data.
     *
     * @param offset first byte in the object
     * @param length bytes, at least 1
     */
    record DataRange(long offset, long length) {}

    /**
     * A record's value, if there is one.
     *
     * @param value the bytes, or null if no record has the name
     */
    record RecordValue(byte @Nullable [] value) {}

    /**
     * Room on the disk.
     *
     * @param totalBytes used by the store plus free
     * @param freeBytes free to the store
     */
    record Space(long totalBytes, long freeBytes) {}
}
