package io.kelpie.store;

import java.nio.ByteBuffer;

/** One change of a {@link StoreBatch}; made by the batch's methods only, read by stores. */
public sealed interface StoreChange {
    /** A change of one object. */
    sealed interface OfObject extends StoreChange {
        /** The object changed. */
        ObjectKey key();
    }

    /** See {@link StoreBatch#create}. */
    record Create(ObjectKey key, long sizeBytes, ObjectVersion version) implements OfObject {}

    /** See {@link StoreBatch#replace}. */
    record Replace(ObjectKey key, long sizeBytes, ObjectVersion version) implements OfObject {}

    /** See {@link StoreBatch#write}. */
    record Write(ObjectKey key, long offset, ByteBuffer payload) implements OfObject {}

    /** See {@link StoreBatch#writeZeroes}. */
    record WriteZeroes(ObjectKey key, long offset, long length) implements OfObject {}

    /** See {@link StoreBatch#setVersion}. */
    record SetVersion(ObjectKey key, ObjectVersion version) implements OfObject {}

    /** See {@link StoreBatch#setFlags}. */
    record SetFlags(ObjectKey key, int flags) implements OfObject {}

    /** See {@link StoreBatch#setBase}. */
    record SetBase(ObjectKey key, long baseObjectId) implements OfObject {}

    /** See {@link StoreBatch#resize}. */
    record Resize(ObjectKey key, long sizeBytes) implements OfObject {}

    /** See {@link StoreBatch#bury}. */
    record Bury(ObjectKey key, ObjectVersion version, int flags) implements OfObject {}

    /** See {@link StoreBatch#delete}. */
    record Delete(ObjectKey key) implements OfObject {}

    /** See {@link StoreBatch#putRecord}. */
    @SuppressWarnings("ArrayRecordComponent") // A plain carrier; nobody compares changes.
    record PutRecord(RecordFamily family, byte[] key, byte[] value) implements StoreChange {}

    /** See {@link StoreBatch#deleteRecord}. */
    @SuppressWarnings("ArrayRecordComponent")
    record DeleteRecord(RecordFamily family, byte[] key) implements StoreChange {}

    /** See {@link StoreBatch#deleteRecords}. */
    @SuppressWarnings("ArrayRecordComponent")
    record DeleteRecords(RecordFamily family, byte[] from, byte[] to) implements StoreChange {}
}
