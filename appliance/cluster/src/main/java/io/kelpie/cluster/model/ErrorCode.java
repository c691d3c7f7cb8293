package io.kelpie.cluster.model;

/** The closed list of operating errors. Each door maps them in one exhaustive switch. */
public enum ErrorCode {
    /**
     * No primary for the object's group at this map; retried inside the node until the deadline.
     */
    NO_PRIMARY(Category.RETRY),
    /** A table of operations in flight is full. */
    BUSY(Category.RETRY),
    /** The placement group could not serve before the deadline. */
    PG_INACTIVE(Category.RETRY),
    /** The object does not exist. */
    NO_SUCH_OBJECT(Category.CLIENT),
    /** No VDI of that name, or it has no working VDI. */
    NO_SUCH_VDI(Category.CLIENT),
    /** The VDI exists but not the tag or snapshot id. */
    NO_SUCH_TAG(Category.CLIENT),
    /** A working VDI of that name exists. */
    VDI_EXISTS(Category.CLIENT),
    /** Somebody else holds the VDI's lock. */
    VDI_LOCKED(Category.CLIENT),
    /** All 2^24 VDI ids are in use. */
    VDI_SPACE_FULL(Category.CAPACITY),
    /** A snapshot's data cannot be written. */
    READ_ONLY(Category.CLIENT),
    /** Offset or length outside the disk or object. */
    OUT_OF_RANGE(Category.CLIENT),
    /** An argument no server could accept. */
    INVALID_ARGUMENT(Category.CLIENT),
    /** The request is known but not served by this version. */
    UNSUPPORTED(Category.CLIENT),
    /** No room for more data. */
    NO_SPACE(Category.CAPACITY),
    /** Stored bytes failed their checksum on every copy. */
    CORRUPT_OBJECT(Category.DATA),
    /** The local disk failed. */
    IO_ERROR(Category.DATA),
    /** The coordinator could not carry out the change. */
    COORDINATOR_FAILED(Category.RETRY),
    /** The cluster was never formatted. */
    NOT_FORMATTED(Category.SHUTDOWN),
    /** The cluster is formatted but this node may not serve yet. */
    NOT_JOINED(Category.SHUTDOWN),
    /** The node or the cluster is stopping. */
    SHUTTING_DOWN(Category.SHUTDOWN);

    /** Who can do something about an error. */
    public enum Category {
        /** The node retries by itself until the deadline. */
        RETRY,
        /** The client asked for something that cannot be. */
        CLIENT,
        /** Room is missing. */
        CAPACITY,
        /** Stored data or the disk is damaged. */
        DATA,
        /** The cluster is not serving. */
        SHUTDOWN
    }

    private final Category category;

    ErrorCode(Category category) {
        this.category = category;
    }

    /**
     * Who can do something about the error.
     *
     * @return its category
     */
    public Category category() {
        return category;
    }
}
