package io.kelpie.store;

/**
 * One record of a {@link RecordFamily}; the arrays belong to the receiver. Compared by identity of
 * the arrays, so not for use as a map's key.
 *
 * @param key its name
 * @param value its content
 */
@SuppressWarnings("ArrayRecordComponent") // A plain carrier; nobody compares records.
public record StoreRecord(byte[] key, byte[] value) {}
