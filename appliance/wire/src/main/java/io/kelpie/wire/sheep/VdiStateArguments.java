package io.kelpie.wire.sheep;

/**
 * Request fields of NOTIFY_VDI_ADD and ALTER_VDI_COPY.
 *
 * @param oldVdiId u32 bits
 * @param newVdiId u32 bits
 * @param copies 0..255
 * @param setBitmap not 0: mark the id as used
 * @param copyPolicy 0..255
 * @param blockSizeShift 0..255
 */
public record VdiStateArguments(
        int oldVdiId, int newVdiId, int copies, int setBitmap, int copyPolicy, int blockSizeShift) {
    private static final int OLD_VDI_ID = 16;
    private static final int NEW_VDI_ID = 20;
    private static final int COPIES = 24;
    private static final int SET_BITMAP = 25;
    private static final int COPY_POLICY = 26;
    private static final int BLOCK_SIZE_SHIFT = 27;

    /** Reads these fields from a header; every bit pattern is readable. */
    public static VdiStateArguments decode(HeaderWords words) {
        return new VdiStateArguments(
                words.i32(OLD_VDI_ID),
                words.i32(NEW_VDI_ID),
                words.u8(COPIES),
                words.u8(SET_BITMAP),
                words.u8(COPY_POLICY),
                words.u8(BLOCK_SIZE_SHIFT));
    }

    /** Returns bytes 16..47 with these fields set and all others zero. */
    public HeaderWords encode() {
        return HeaderWords.ZERO
                .with32(OLD_VDI_ID, oldVdiId)
                .with32(NEW_VDI_ID, newVdiId)
                .with8(COPIES, copies)
                .with8(SET_BITMAP, setBitmap)
                .with8(COPY_POLICY, copyPolicy)
                .with8(BLOCK_SIZE_SHIFT, blockSizeShift);
    }
}
