package io.kelpie.cluster.model;

/**
 * What {@code dog cluster format} decided; kept in the cluster map.
 *
 * @param createdNanos time of the format, wall-clock nanoseconds since 1970; 0 before the first
 * @param flags cluster flags of the Sheepdog protocol, section 15.2
 * @param copies default number of copies of a new VDI, 1 to 31
 * @param blockSizeShift default object size of a new VDI as a power of two, 20 to 31
 * @param store name of the store the operator asked for, as upstream prints it
 */
public record ClusterSettings(
        long createdNanos, int flags, int copies, int blockSizeShift, String store) {
    /** Refuse writes when fewer zones than copies are alive. */
    public static final int FLAG_STRICT = 0x01;
    /** Virtual nodes follow the nodes' space; reported even before a format. */
    public static final int FLAG_AUTO_VNODES = 0x04;
    /** Clients that open a VDI lock it. */
    public static final int FLAG_USE_LOCK = 0x08;
    /** Largest number of copies. */
    public static final int MAX_COPIES = 31;
    /** Smallest object size, 1 MiB. */
    public static final int MIN_SHIFT = 20;
    /** Largest object size, 2 GiB. */
    public static final int MAX_SHIFT = 31;
    /** Object size unless the operator chose another, 4 MiB. */
    public static final int DEFAULT_SHIFT = 22;

    /** What an unformatted cluster reports. */
    public static final ClusterSettings UNFORMATTED =
            new ClusterSettings(0, FLAG_AUTO_VNODES, 1, DEFAULT_SHIFT, "");

    /** Checks the ranges. */
    public ClusterSettings {
        Invariant.check(copies >= 1 && copies <= MAX_COPIES, "copies are 1 to 31", copies);
        Invariant.check(
                blockSizeShift >= MIN_SHIFT && blockSizeShift <= MAX_SHIFT,
                "shift is 20 to 31",
                blockSizeShift);
    }

    /**
     * How many in-sync copies a group needs to accept a write.
     *
     * @return all of them if the cluster is strict, otherwise 1
     */
    public int minCopies() {
        return (flags & FLAG_STRICT) != 0 ? copies : 1;
    }
}
