package io.kelpie.wire.sheep;

/**
 * Request fields of object I/O, FLUSH_VDI, EXIST, GET_HASH and GET_EPOCH.
 *
 * @param oid object id
 * @param cowOid source object when flag COW is set
 * @param copies 0..255; 0 takes the VDI's number
 * @param copyPolicy 0..255; 0 is replication
 * @param ecIndex strip number, peer requests only
 * @param targetEpoch u32 bits, peer requests only
 * @param offset byte offset inside the object, 0..2^32-1
 */
public record ObjectArguments(
        long oid,
        long cowOid,
        int copies,
        int copyPolicy,
        int ecIndex,
        int targetEpoch,
        long offset) {
    private static final int OID = 16;
    private static final int COW_OID = 24;
    private static final int COPIES = 32;
    private static final int COPY_POLICY = 33;
    private static final int EC_INDEX = 34;
    private static final int TARGET_EPOCH = 36;
    private static final int OFFSET = 40;

    /** Reads these fields from a header; every bit pattern is readable. */
    public static ObjectArguments decode(HeaderWords words) {
        return new ObjectArguments(
                words.u64(OID),
                words.u64(COW_OID),
                words.u8(COPIES),
                words.u8(COPY_POLICY),
                words.u8(EC_INDEX),
                words.i32(TARGET_EPOCH),
                words.u32(OFFSET));
    }

    /** Returns bytes 16..47 with these fields set and all others zero. */
    public HeaderWords encode() {
        return HeaderWords.ZERO
                .with64(OID, oid)
                .with64(COW_OID, cowOid)
                .with8(COPIES, copies)
                .with8(COPY_POLICY, copyPolicy)
                .with8(EC_INDEX, ecIndex)
                .with32(TARGET_EPOCH, targetEpoch)
                .with32(OFFSET, offset);
    }
}
