package io.kelpie.wire.sheep;

import org.jspecify.annotations.Nullable;

/** Result codes of responses, with the words {@code dog} prints for them. */
public enum SheepResult {
    /** Success. */
    SUCCESS(0x00, "Success"),
    /** Unknown error. */
    UNKNOWN(0x01, "Unknown error"),
    /** No object found. */
    NO_OBJ(0x02, "No object found"),
    /** I/O error. */
    EIO(0x03, "I/O error"),
    /** VDI exists already. */
    VDI_EXIST(0x04, "VDI exists already"),
    /** Invalid parameters. */
    INVALID_PARMS(0x05, "Invalid parameters"),
    /** System error. */
    SYSTEM_ERROR(0x06, "System error"),
    /** VDI is already locked. */
    VDI_LOCKED(0x07, "VDI is already locked"),
    /** No VDI found. */
    NO_VDI(0x08, "No VDI found"),
    /** No base VDI found. */
    NO_BASE_VDI(0x09, "No base VDI found"),
    /** Failed to read from requested VDI. */
    VDI_READ(0x0A, "Failed to read from requested VDI"),
    /** Failed to write to requested VDI. */
    VDI_WRITE(0x0B, "Failed to write to requested VDI"),
    /** Failed to read from base VDI. */
    BASE_VDI_READ(0x0C, "Failed to read from base VDI"),
    /** Failed to write to base VDI. */
    BASE_VDI_WRITE(0x0D, "Failed to write to base VDI"),
    /** Failed to find requested tag. */
    NO_TAG(0x0E, "Failed to find requested tag"),
    /** System is still booting. */
    STARTUP(0x0F, "System is still booting"),
    /** VDI is not locked. */
    VDI_NOT_LOCKED(0x10, "VDI is not locked"),
    /** System is shutting down. */
    SHUTDOWN(0x11, "System is shutting down"),
    /** Out of memory on server. */
    NO_MEM(0x12, "Out of memory on server"),
    /** Maximum number of VDIs reached. */
    FULL_VDI(0x13, "Maximum number of VDIs reached"),
    /** Protocol version mismatch. */
    VER_MISMATCH(0x14, "Protocol version mismatch"),
    /** Server has no space for new objects. */
    NO_SPACE(0x15, "Server has no space for new objects"),
    /** Waiting for cluster to be formatted. */
    WAIT_FOR_FORMAT(0x16, "Waiting for cluster to be formatted"),
    /** Waiting for other nodes to join cluster. */
    WAIT_FOR_JOIN(0x17, "Waiting for other nodes to join cluster"),
    /** Node has failed to join cluster. */
    JOIN_FAILED(0x18, "Node has failed to join cluster"),
    /** IO has halted as there are not enough living nodes. */
    HALT(0x19, "IO has halted as there are not enough living nodes"),
    /** Object is read-only. */
    READONLY(0x1A, "Object is read-only"),
    /** Inode object is invalidated. */
    INODE_INVALIDATED(0x1D, "Inode object is invalidated"),
    /** Request has an old epoch. */
    OLD_NODE_VER(0x81, "Request has an old epoch"),
    /** Request has a new epoch. */
    NEW_NODE_VER(0x82, "Request has a new epoch"),
    /** Cluster has not been formatted. */
    NOT_FORMATTED(0x83, "Cluster has not been formatted"),
    /** Creation times differ. */
    INVALID_CTIME(0x84, "Creation times differ"),
    /** Invalid epoch. */
    INVALID_EPOCH(0x85, "Invalid epoch"),
    /** Network error between sheep. */
    NETWORK_ERROR(0x86, "Network error between sheep"),
    /** No cache object found. */
    NO_CACHE(0x87, "No cache object found"),
    /** The buffer is too small. */
    BUFFER_SMALL(0x88, "The buffer is too small"),
    /** Cluster is running/halted and cannot be force recovered. */
    FORCE_RECOVER(0x89, "Cluster is running/halted and cannot be force recovered"),
    /** Targeted backend store is not found. */
    NO_STORE(0x8A, "Targeted backend store is not found"),
    /** Operation is not supported. */
    NO_SUPPORT(0x8B, "Operation is not supported"),
    /** Targeted node is in recovery. */
    NODE_IN_RECOVERY(0x8C, "Targeted node is in recovery"),
    /** Node is killed. */
    KILLED(0x8D, "Node is killed"),
    /** Object ID exists already. */
    OID_EXIST(0x8E, "Object ID exists already"),
    /** Ask to try again. */
    AGAIN(0x8F, "Ask to try again"),
    /** Object may be stale. */
    STALE_OBJ(0x90, "Object may be stale"),
    /** Cluster driver error. */
    CLUSTER_ERROR(0x91, "Cluster driver error"),
    /** Vdi not empty; dog has no words for it. */
    VDI_NOT_EMPTY(0x92, null),
    /** Not found; dog has no words for it. */
    NOT_FOUND(0x93, null),
    /** Incomplete; dog has no words for it. */
    INCOMPLETE(0x94, null),
    /** Collecting cinfo; dog has no words for it. */
    COLLECTING_CINFO(0x95, null),
    /** Targeted node is gateway mode. */
    GATEWAY_MODE(0x97, "Targeted node is gateway mode"),
    /** Invalid cluster vnodes strategy. */
    INVALID_VNODES_STRATEGY(0x98, "Invalid cluster vnodes strategy"),
    /** No checkpoint entry; dog has no words for it. */
    NO_CHECKPOINT_ENTRY(0x99, null);

    private static final @Nullable SheepResult[] BY_NUMBER = new @Nullable SheepResult[256];

    static {
        for (SheepResult result : values()) {
            BY_NUMBER[result.number] = result;
        }
    }

    private final int number;
    private final @Nullable String words;

    SheepResult(int number, @Nullable String words) {
        this.number = number;
        this.words = words;
    }

    /**
     * Finds a result by its number.
     *
     * @param number the u32 of the response header
     * @return the result, or null if upstream never sends that number
     */
    public static @Nullable SheepResult of(int number) {
        return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }

    /**
     * Returns the words {@code dog} prints for a result number, known or not.
     *
     * @param number the u32 of the response header
     */
    public static String textOf(int number) {
        SheepResult result = of(number);
        return result == null || result.words == null
                ? "Invalid error code " + Integer.toHexString(number)
                : result.words;
    }

    /** Returns the number on the wire. */
    public int number() {
        return number;
    }

    /** Returns the words {@code dog} prints for this result. */
    public String text() {
        return textOf(number);
    }
}
