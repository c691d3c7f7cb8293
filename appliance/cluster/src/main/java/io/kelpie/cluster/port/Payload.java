package io.kelpie.cluster.port;

import java.nio.ByteBuffer;

/**
 * Bytes carried by reference count. The core does not look inside, save for inodes and attributes.
 * The operation that owns a payload releases it in its {@code finish} and nowhere else; a call
 * borrows, keeping needs {@link #retain()}.
 */
public interface Payload {
    /**
     * Number of bytes.
     *
     * @return at least 0
     */
    int length();

    /**
     * A part of this payload that shares its memory and holds a reference of its own, to be
     * released by the caller.
     *
     * @param from first byte, 0 to length
     * @param length bytes, so that {@code from + length} is at most this payload's length
     * @return the part
     */
    Payload slice(int from, int length);

    /**
     * Adds a reference.
     *
     * @return this
     */
    Payload retain();

    /** Drops a reference; the memory is reused after the last. */
    void release();

    /**
     * The bytes, position 0 to limit {@link #length()}; valid while a reference is held.
     *
     * @return a read-only view with little-endian order
     */
    ByteBuffer view();
}
