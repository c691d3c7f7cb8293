package io.kelpie.wire.sheep;

/** Cluster-wide choices made by format: bits of MAKE_FS, CLUSTER_INFO and the epoch log. */
public final class ClusterFlags {
    /** Refuse writes while fewer zones than copies are alive. */
    public static final int STRICT = 0x01;

    /** Virtual nodes per disk (a build option of upstream; never set here). */
    public static final int DISK_MODE = 0x02;

    /** Virtual nodes are computed from space; report it before format too. */
    public static final int AUTO_VNODES = 0x04;

    /** LOCK_VDI really locks. */
    public static final int USE_LOCK = 0x08;

    /** Ids of deleted VDI families are used again. */
    public static final int RECYCLE_VDI_ID = 0x10;

    /** Skip recovery that would fill a disk. */
    public static final int AVOID_DISK_FULL = 0x20;

    private ClusterFlags() {}
}
