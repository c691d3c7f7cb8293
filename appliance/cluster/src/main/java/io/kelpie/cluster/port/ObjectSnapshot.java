package io.kelpie.cluster.port;

import io.kelpie.cluster.model.HeldObject;

import java.util.List;

/**
 * One object as it was when the snapshot was asked for, while others go on writing it. Must be
 * closed; few are open at a time. Core loop only.
 */
public interface ObjectSnapshot {
    /**
     * Version and size at that instant.
     *
     * @return what the node held; version NONE if nothing
     */
    HeldObject held();

    /**
     * Reads the stored parts of a range; what lies between them reads as zeros.
     *
     * @param offset first byte
     * @param length bytes, at most 4 MiB
     * @param completion gets the parts in ascending order, whose payloads it then owns;
     *     CORRUPT_OBJECT
     */
    void read(long offset, int length, Completion<List<StoredPiece>> completion);

    /** Ends it; closing twice does nothing. */
    void close();
}
