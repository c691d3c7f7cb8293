package io.kelpie.wire.sheep;

/**
 * Response fields of GET_CLUSTER_DEFAULT.
 *
 * @param copies 0..255
 * @param copyPolicy 0..255
 * @param blockSizeShift 0..255
 */
public record ClusterDefaultAnswer(int copies, int copyPolicy, int blockSizeShift) {
    private static final int COPIES = 20;
    private static final int COPY_POLICY = 21;
    private static final int BLOCK_SIZE_SHIFT = 22;

    /** Reads these fields from a header; every bit pattern is readable. */
    public static ClusterDefaultAnswer decode(HeaderWords words) {
        return new ClusterDefaultAnswer(
                words.u8(COPIES), words.u8(COPY_POLICY), words.u8(BLOCK_SIZE_SHIFT));
    }

    /** Returns bytes 16..47 with these fields set and all others, the result too, zero. */
    public HeaderWords encode() {
        return HeaderWords.ZERO
                .with8(COPIES, copies)
                .with8(COPY_POLICY, copyPolicy)
                .with8(BLOCK_SIZE_SHIFT, blockSizeShift);
    }
}
