package io.kelpie.wire.sheep;

/** Bits of the flags field of a request header. Responses always carry 0. */
public final class SheepFlags {
    /** A request payload of {@code dataLength} bytes follows the header. */
    public static final int WRITE = 0x0001;

    /** CREATE_AND_WRITE_OBJ: the new object starts as a copy of {@code cowOid}. */
    public static final int COW = 0x0002;

    /** The client asks for write-back caching: durable at FLUSH_VDI only. */
    public static final int CACHE = 0x0004;

    /** Bypass caches: durable when acknowledged. */
    public static final int DIRECT = 0x0008;

    /** The response may carry a payload although {@link #WRITE} is set. */
    public static final int PIGGYBACK = 0x0010;

    /** Take part in inode coherence (iSCSI target only). */
    public static final int TGT = 0x0020;

    /** A peer read on behalf of recovery. */
    public static final int RECOVERY = 0x0080;

    /** GET_VDI_ATTR: create or replace. Peer reads: any version of the object. */
    public static final int CREATE = 0x0100;

    /** GET_VDI_ATTR: with {@link #CREATE}, fail if the key exists. */
    public static final int EXCLUSIVE = 0x0200;

    /** GET_VDI_ATTR: delete the key. */
    public static final int DELETE = 0x0400;

    private SheepFlags() {}
}
