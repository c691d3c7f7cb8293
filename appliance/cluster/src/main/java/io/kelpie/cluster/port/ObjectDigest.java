package io.kelpie.cluster.port;

import io.kelpie.cluster.model.HeldObject;

/**
 * Checksums of an object's content, by which two copies are compared without moving them.
 *
 * @param held version and size
 * @param sums CRC-32C of each {@link #CHUNK_BYTES} of the object, holes counted as zeros; 0 for a
 *     chunk that holds no stored page. Not modified afterwards
 */
public record ObjectDigest(HeldObject held, int[] sums) {
    /** Bytes of the object for each checksum. */
    public static final int CHUNK_BYTES = 65_536;
}
