package io.kelpie.cluster.port;

import java.nio.ByteBuffer;

/**
 * Makes payloads for bytes the core produces itself: inode headers, index entries. Core loop only.
 */
public interface PayloadAllocator {
    /**
     * Copies bytes into a new payload with one reference, owned by the caller.
     *
     * @param bytes position to limit is copied; borrowed, left unchanged
     * @return the payload
     */
    Payload copyOf(ByteBuffer bytes);
}
