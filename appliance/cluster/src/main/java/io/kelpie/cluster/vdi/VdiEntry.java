package io.kelpie.cluster.vdi;

import io.kelpie.cluster.model.VdiId;

/**
 * A row of the VDI table.
 *
 * @param id the VDI
 * @param name its name, one character a byte ({@link VdiName}), at most 255; empty once deleted
 * @param tag snapshot tag, empty for a working VDI
 * @param snapshotId number among the VDIs of that name, from 1
 * @param snapshot true if it is a snapshot, whose data cannot be written
 * @param state where it is in its life
 * @param sizeBytes size of the disk
 * @param copies number of copies of its objects
 * @param blockSizeShift object size as a power of two
 * @param createdNanos time of creation, wall-clock nanoseconds since 1970
 * @param parent id of the VDI it was made from, or 0
 */
public record VdiEntry(
        VdiId id,
        String name,
        String tag,
        int snapshotId,
        boolean snapshot,
        VdiState state,
        long sizeBytes,
        int copies,
        int blockSizeShift,
        long createdNanos,
        int parent) {

    /**
     * Object size.
     *
     * @return bytes
     */
    public long objectBytes() {
        return 1L << blockSizeShift;
    }

    /**
     * The row in another state.
     *
     * @param next the state
     * @return the changed row
     */
    VdiEntry in(VdiState next) {
        return new VdiEntry(
                id,
                name,
                tag,
                snapshotId,
                snapshot,
                next,
                sizeBytes,
                copies,
                blockSizeShift,
                createdNanos,
                parent);
    }

    /**
     * The row with what a client wrote into the inode's header.
     *
     * @param newTag the tag
     * @param newSize the size
     * @return the changed row
     */
    VdiEntry with(String newTag, long newSize) {
        return new VdiEntry(
                id,
                name,
                newTag,
                snapshotId,
                snapshot,
                state,
                newSize,
                copies,
                blockSizeShift,
                createdNanos,
                parent);
    }

    /** The row once everything but the id is gone. */
    VdiEntry purged() {
        return new VdiEntry(
                id,
                "",
                "",
                snapshotId,
                snapshot,
                VdiState.DELETED,
                0,
                copies,
                blockSizeShift,
                createdNanos,
                parent);
    }

    /** The stages of a VDI's life; ids are never reused. */
    public enum VdiState {
        /** Name and id are taken, the inode is not written yet. */
        CREATING,
        /** In use. */
        READY,
        /** The name is free again, its objects are being removed. */
        DELETING,
        /** Only the id remains taken. */
        DELETED
    }
}
