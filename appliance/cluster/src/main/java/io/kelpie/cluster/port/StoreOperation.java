package io.kelpie.cluster.port;

import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;

/**
 * One change inside a {@link StoreBatch}. Every object is named with its placement group, which is
 * the key prefix it is stored under.
 */
public sealed interface StoreOperation {
    /**
     * Creates an object that reads as zeros, replacing one of that id.
     *
     * @param pg its placement group
     * @param object its id
     * @param sizeBytes its fixed size
     * @param version its version after the batch
     */
    record Create(PgId pg, ObjectId object, long sizeBytes, ObjectVersion version)
            implements StoreOperation {}

    /**
     * Writes bytes into an existing object; the batch fails with NO_SUCH_OBJECT if it is missing.
     *
     * @param pg its placement group
     * @param object its id
     * @param version its version after the batch
     * @param offset first byte
     * @param payload the bytes, borrowed until the batch completes
     */
    record Write(PgId pg, ObjectId object, ObjectVersion version, long offset, Payload payload)
            implements StoreOperation {}

    /**
     * Makes a range of an existing object read as zeros and frees its room; the batch fails with
     * NO_SUCH_OBJECT if the object is missing.
     *
     * @param pg its placement group
     * @param object its id
     * @param version its version after the batch
     * @param offset first byte
     * @param length bytes, at least 1
     */
    record Zero(PgId pg, ObjectId object, ObjectVersion version, long offset, long length)
            implements StoreOperation {}

    /**
     * Removes an object; the batch fails with NO_SUCH_OBJECT if it is missing.
     *
     * @param pg its placement group
     * @param object its id
     */
    record Remove(PgId pg, ObjectId object) implements StoreOperation {}

    /**
     * Gives an existing object a version without changing its bytes; the batch fails with
     * NO_SUCH_OBJECT if it is missing.
     *
     * @param pg its placement group
     * @param object its id
     * @param version its version after the batch
     */
    record SetVersion(PgId pg, ObjectId object, ObjectVersion version) implements StoreOperation {}

    /**
     * Adds a line to a placement group's operation log, which keeps the order of versions.
     *
     * @param pg the placement group
     * @param entry the line
     */
    record AppendLog(PgId pg, LogEntry entry) implements StoreOperation {}

    /**
     * Drops the lines of a placement group's operation log up to a version.
     *
     * @param pg the placement group
     * @param through the last version dropped
     */
    record TrimLog(PgId pg, ObjectVersion through) implements StoreOperation {}

    /**
     * Drops every object of one placement group and its operation log. Stands alone in its batch;
     * operations called later on objects of the group take effect after it.
     *
     * @param pg the placement group
     */
    record DropGroup(PgId pg) implements StoreOperation {}

    /**
     * Puts a named record of the core itself, replacing one of that name.
     *
     * @param name at most 64 ASCII characters
     * @param value at most 64 MiB; not modified afterwards
     */
    record PutRecord(String name, byte[] value) implements StoreOperation {
        /**
         * The names in use are a handful, so the array is compared by identity like any payload.
         */
        public PutRecord {}
    }

    /** Drops every object of every placement group, for a format; named records stay. */
    record DropEverything() implements StoreOperation {}
}
