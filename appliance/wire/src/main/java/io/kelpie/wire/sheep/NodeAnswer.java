package io.kelpie.wire.sheep;

/**
 * Response fields of GET_NODE_LIST (the count only) and STAT_SHEEP (the sizes only).
 *
 * @param nodeCount u32 bits
 * @param storeSizeBytes used and free bytes
 * @param storeFreeBytes free bytes
 */
public record NodeAnswer(int nodeCount, long storeSizeBytes, long storeFreeBytes) {
    private static final int NODE_COUNT = 20;
    private static final int STORE_SIZE_BYTES = 32;
    private static final int STORE_FREE_BYTES = 40;

    /** Reads these fields from a header; every bit pattern is readable. */
    public static NodeAnswer decode(HeaderWords words) {
        return new NodeAnswer(
                words.i32(NODE_COUNT), words.u64(STORE_SIZE_BYTES), words.u64(STORE_FREE_BYTES));
    }

    /** Returns bytes 16..47 with these fields set and all others, the result too, zero. */
    public HeaderWords encode() {
        return HeaderWords.ZERO
                .with32(NODE_COUNT, nodeCount)
                .with64(STORE_SIZE_BYTES, storeSizeBytes)
                .with64(STORE_FREE_BYTES, storeFreeBytes);
    }
}
