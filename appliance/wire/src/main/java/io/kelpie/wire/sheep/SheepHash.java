package io.kelpie.wire.sheep;

import java.util.ArrayList;
import java.util.List;

/** The hashes of the protocol: FNV-1a 64 and its second mixing. Pure functions. */
public final class SheepHash {
    private static final long FNV_START = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;
    private static final int VDI_ID_MASK = SheepProtocol.VDI_COUNT - 1;

    private SheepHash() {}

    /** Returns the FNV-1a 64 hash of bytes. */
    public static long fnv1a(byte[] bytes) {
        long hash = FNV_START;
        for (byte b : bytes) {
            hash = step(hash, b);
        }
        return hash;
    }

    /** Returns FNV-1a continued from a hash over that hash's own 8 bytes. */
    public static long mix(long hash) {
        return continueLong(hash, hash);
    }

    /** Returns upstream's placement hash of bytes: FNV-1a, then {@link #mix}. */
    public static long sdHash(byte[] bytes) {
        return mix(fnv1a(bytes));
    }

    /** Returns the placement hash of an object id. */
    public static long objectHash(long oid) {
        return mix(continueLong(FNV_START, oid));
    }

    /**
     * Returns the VDI id at which the search for a name starts, 0..2^24-1. A 0 stands for 1 (id 0
     * is never used); that is left to the caller.
     */
    public static int vdiIdOf(SheepName name) {
        return (int) continueName(FNV_START, name) & VDI_ID_MASK;
    }

    /**
     * Returns the index of the attribute object where the search for a key starts: the low 32 bits
     * of FNV-1a over name, tag, snapshot id and key with their padding.
     *
     * @param snapshotId u32 bits
     */
    public static int attributeId(SheepName name, SheepName tag, int snapshotId, SheepName key) {
        long hash = continueField(FNV_START, name);
        hash = continueField(hash, tag);
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            hash = step(hash, (byte) (snapshotId >>> shift));
        }
        return (int) continueField(hash, key);
    }

    /**
     * Returns the points of a node on the ring, in the order they are computed (not sorted).
     *
     * @param address the node's address and port
     * @param vnodes how many points, 0..65535
     */
    public static List<Long> vnodePoints(NodeAddress address, int vnodes) {
        long hash = FNV_START;
        hash = continueLong(hash, Long.reverseBytes(address.addressHigh()));
        hash = continueLong(hash, Long.reverseBytes(address.addressLow()));
        hash = step(hash, (byte) address.port());
        hash = step(hash, (byte) (address.port() >>> Byte.SIZE));
        hash = mix(hash);
        List<Long> points = new ArrayList<>(vnodes);
        for (int i = 0; i < vnodes; i++) {
            hash = mix(hash);
            points.add(hash);
        }
        return points;
    }

    private static long continueName(long start, SheepName name) {
        long hash = start;
        for (int i = 0; i < name.length(); i++) {
            hash = step(hash, name.byteAt(i));
        }
        return hash;
    }

    private static long continueField(long start, SheepName name) {
        long hash = continueName(start, name);
        for (int i = name.length(); i < SheepProtocol.NAME_BYTES; i++) {
            hash = step(hash, (byte) 0);
        }
        return hash;
    }

    private static long continueLong(long start, long value) {
        long hash = start;
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            hash = step(hash, (byte) (value >>> shift));
        }
        return hash;
    }

    private static long step(long hash, byte b) {
        return (hash ^ (b & 0xFF)) * FNV_PRIME;
    }
}
