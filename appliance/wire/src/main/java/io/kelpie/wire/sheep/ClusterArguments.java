package io.kelpie.wire.sheep;

/**
 * Request fields of MAKE_FS, STAT_CLUSTER and ALTER_CLUSTER_COPY.
 *
 * @param creationTime seconds in the upper, nanoseconds in the lower 32 bits
 * @param copies 0..255; 0 means 3
 * @param copyPolicy 0..255; 0 is replication
 * @param clusterFlags bits of {@link ClusterFlags}
 * @param nodeSlots STAT_CLUSTER: node slots per record, 0..2^32-1
 * @param blockSizeShift 0..255; 0 means 22
 */
public record ClusterArguments(
        long creationTime,
        int copies,
        int copyPolicy,
        int clusterFlags,
        long nodeSlots,
        int blockSizeShift) {
    private static final int CREATION_TIME = 24;
    private static final int COPIES = 32;
    private static final int COPY_POLICY = 33;
    private static final int CLUSTER_FLAGS = 34;
    private static final int NODE_SLOTS = 40;
    private static final int BLOCK_SIZE_SHIFT = 44;

    /** Reads these fields from a header; every bit pattern is readable. */
    public static ClusterArguments decode(HeaderWords words) {
        return new ClusterArguments(
                words.u64(CREATION_TIME),
                words.u8(COPIES),
                words.u8(COPY_POLICY),
                words.u16(CLUSTER_FLAGS),
                words.u32(NODE_SLOTS),
                words.u8(BLOCK_SIZE_SHIFT));
    }

    /** Returns bytes 16..47 with these fields set and all others zero. */
    public HeaderWords encode() {
        return HeaderWords.ZERO
                .with64(CREATION_TIME, creationTime)
                .with8(COPIES, copies)
                .with8(COPY_POLICY, copyPolicy)
                .with16(CLUSTER_FLAGS, clusterFlags)
                .with32(NODE_SLOTS, nodeSlots)
                .with8(BLOCK_SIZE_SHIFT, blockSizeShift);
    }
}
