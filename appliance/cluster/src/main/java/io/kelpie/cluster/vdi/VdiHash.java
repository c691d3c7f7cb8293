package io.kelpie.cluster.vdi;

import io.kelpie.cluster.model.VdiId;

import java.nio.ByteBuffer;

/**
 * FNV-1a, 64 bits, and the ids that clients derive with it (Sheepdog protocol, sections 10.1, 13).
 */
public final class VdiHash {
    private static final long OFFSET_BASIS = 0xcbf29ce484222325L;
    private static final long PRIME = 0x100000001b3L;

    private VdiHash() {}

    /**
     * Hashes bytes.
     *
     * @param bytes position to limit; borrowed, left unchanged
     * @return the FNV-1a hash
     */
    public static long fnv1a(ByteBuffer bytes) {
        long hash = OFFSET_BASIS;
        for (int i = bytes.position(); i < bytes.limit(); i++) {
            hash = (hash ^ (bytes.get(i) & 0xFF)) * PRIME;
        }
        return hash;
    }

    /**
     * Where the probing for a VDI's id starts.
     *
     * @param name the name's bytes without terminator, position to limit
     * @return the low 24 bits of its hash, 1 in place of 0
     */
    public static VdiId firstId(ByteBuffer name) {
        int low = (int) fnv1a(name) & VdiId.MAX;
        return new VdiId(low == 0 ? 1 : low);
    }
}
