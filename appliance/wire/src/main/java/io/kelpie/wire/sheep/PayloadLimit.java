package io.kelpie.wire.sheep;

/**
 * What bounds the payload of a request; checked from the header alone, before memory is allocated.
 * Upstream allocates whatever the header says.
 */
public enum PayloadLimit {
    /** Names, attributes, paths, small structures: 128 KiB; the largest known is 66 320 bytes. */
    SMALL(128 * 1024),
    /** A list of object ids: 16 MiB; a full VDI has 2^20 objects of 8 bytes each. */
    OID_LIST(16 * 1024 * 1024),
    /** The content of an object: the largest object size served, or a whole inode. */
    OBJECT(SheepProtocol.INODE_BYTES);

    private final int bytes;

    PayloadLimit(int bytes) {
        this.bytes = bytes;
    }

    /**
     * Returns the most bytes a request payload may have.
     *
     * @param header a request's header; an unknown opcode is allowed {@link #SMALL}, so that it can
     *     be answered with INVALID_PARMS
     * @param maxObjectBytes the largest data object that is served, 1 MiB..2 GiB; one buffer holds
     *     a payload, so the last byte of 2 GiB cannot be used
     */
    public static long maxBytes(RequestHeader header, long maxObjectBytes) {
        SheepOpcode opcode = SheepOpcode.of(header.opcode());
        PayloadLimit limit = opcode == null ? SMALL : opcode.payloadLimit();
        return limit == OBJECT
                ? Math.min(Integer.MAX_VALUE, Math.max(limit.bytes, maxObjectBytes))
                : limit.bytes;
    }
}
