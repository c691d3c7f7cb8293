package io.kelpie.wire.sheep;

/**
 * Response fields of NEW_VDI, LOCK_VDI, GET_VDI_INFO, DEL_VDI and GET_VDI_ATTR.
 *
 * @param vdiId u32 bits; send 0 when the request failed without one
 * @param attributeId u32 bits; GET_VDI_ATTR only
 * @param copies 0..255
 * @param blockSizeShift 0..255
 */
public record VdiAnswer(int vdiId, int attributeId, int copies, int blockSizeShift) {
    private static final int VDI_ID = 24;
    private static final int ATTRIBUTE_ID = 28;
    private static final int COPIES = 32;
    private static final int BLOCK_SIZE_SHIFT = 33;

    /** Reads these fields from a header; every bit pattern is readable. */
    public static VdiAnswer decode(HeaderWords words) {
        return new VdiAnswer(
                words.i32(VDI_ID),
                words.i32(ATTRIBUTE_ID),
                words.u8(COPIES),
                words.u8(BLOCK_SIZE_SHIFT));
    }

    /** Returns bytes 16..47 with these fields set and all others, the result too, zero. */
    public HeaderWords encode() {
        return HeaderWords.ZERO
                .with32(VDI_ID, vdiId)
                .with32(ATTRIBUTE_ID, attributeId)
                .with8(COPIES, copies)
                .with8(BLOCK_SIZE_SHIFT, blockSizeShift);
    }
}
