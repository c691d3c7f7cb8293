package io.kelpie.wire.sheep;

/**
 * Request fields of NEW_VDI, DEL_VDI, LOCK_VDI, RELEASE_VDI, GET_VDI_INFO and GET_VDI_ATTR.
 *
 * @param vdiSizeBytes size of the new VDI in bytes, unsigned
 * @param baseVdiId base of a clone or snapshot, or the VDI to release; u32 bits
 * @param copies 0..255; 0 takes the cluster's default
 * @param copyPolicy 0..255; 0 is replication
 * @param storePolicy 1 for a hyper volume
 * @param blockSizeShift 0..255; 0 takes the cluster's default
 * @param snapshotId 0 for none; u32 bits
 * @param type lock type: 0 normal, 1 shared
 */
public record VdiArguments(
        long vdiSizeBytes,
        int baseVdiId,
        int copies,
        int copyPolicy,
        int storePolicy,
        int blockSizeShift,
        int snapshotId,
        int type) {
    private static final int VDI_SIZE_BYTES = 16;
    private static final int BASE_VDI_ID = 24;
    private static final int COPIES = 28;
    private static final int COPY_POLICY = 29;
    private static final int STORE_POLICY = 30;
    private static final int BLOCK_SIZE_SHIFT = 31;
    private static final int SNAPSHOT_ID = 32;
    private static final int TYPE = 36;

    /** Reads these fields from a header; every bit pattern is readable. */
    public static VdiArguments decode(HeaderWords words) {
        return new VdiArguments(
                words.u64(VDI_SIZE_BYTES),
                words.i32(BASE_VDI_ID),
                words.u8(COPIES),
                words.u8(COPY_POLICY),
                words.u8(STORE_POLICY),
                words.u8(BLOCK_SIZE_SHIFT),
                words.i32(SNAPSHOT_ID),
                words.i32(TYPE));
    }

    /** Returns bytes 16..47 with these fields set and all others zero. */
    public HeaderWords encode() {
        return HeaderWords.ZERO
                .with64(VDI_SIZE_BYTES, vdiSizeBytes)
                .with32(BASE_VDI_ID, baseVdiId)
                .with8(COPIES, copies)
                .with8(COPY_POLICY, copyPolicy)
                .with8(STORE_POLICY, storePolicy)
                .with8(BLOCK_SIZE_SHIFT, blockSizeShift)
                .with32(SNAPSHOT_ID, snapshotId)
                .with32(TYPE, type);
    }
}
