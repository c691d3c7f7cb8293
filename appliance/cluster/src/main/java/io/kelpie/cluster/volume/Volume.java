package io.kelpie.cluster.volume;

import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;

import java.util.List;

/**
 * An opened VDI as a linear device, shared by all doors of the node that opened it. Core loop only.
 * Errors of every call: OUT_OF_RANGE (nothing done), NO_SPACE, READ_ONLY, CORRUPT_OBJECT, IO_ERROR,
 * NO_SUCH_VDI (deleted meanwhile), BUSY (too many operations in flight), SHUTTING_DOWN.
 */
public interface Volume {
    /** Longest read or write. */
    int MAX_REQUEST_BYTES = 64 << 20;

    /**
     * The VDI behind the volume.
     *
     * @return its id
     */
    VdiId vdi();

    /**
     * The VDI's name when it was opened.
     *
     * @return the name
     */
    String name();

    /**
     * The disk's size now; grows when any door resizes the VDI.
     *
     * @return bytes
     */
    long sizeBytes();

    /**
     * Room taken by the data objects this VDI owns, counted in whole objects.
     *
     * @return bytes
     */
    long allocatedBytes();

    /**
     * Object size of the VDI.
     *
     * @return bytes, a power of two from 1 MiB to 2 GiB
     */
    long objectBytes();

    /**
     * True if the VDI is a snapshot.
     *
     * @return whether writes are refused with READ_ONLY
     */
    boolean isReadOnly();

    /**
     * Reads a range.
     *
     * @param offset first byte
     * @param length 0 to {@link #MAX_REQUEST_BYTES}
     * @param completion gets the data, which it then owns
     */
    void read(long offset, int length, Completion<VolumeData> completion);

    /**
     * Writes a range.
     *
     * @param offset first byte
     * @param payload the bytes, at most {@link #MAX_REQUEST_BYTES}; ownership passes to the volume
     * @param durable true: completes after the bytes are synced to disk on every in-sync copy
     * @param completion gets DONE
     */
    void write(long offset, Payload payload, boolean durable, Completion<Outcome> completion);

    /**
     * Makes a range read as zeros.
     *
     * @param offset first byte
     * @param length bytes, any part of the disk
     * @param durable as for a write
     * @param completion gets DONE
     */
    void writeZeroes(long offset, long length, boolean durable, Completion<Outcome> completion);

    /**
     * Frees the room of a range, which reads as zeros afterwards. Whole objects leave the data
     * index.
     *
     * @param offset first byte
     * @param length bytes, any part of the disk
     * @param completion gets DONE
     */
    void discard(long offset, long length, Completion<Outcome> completion);

    /**
     * Makes every write that completed before durable.
     *
     * @param completion gets DONE after the sync
     */
    void flush(Completion<Outcome> completion);

    /**
     * Tells which parts of a range hold data.
     *
     * @param offset first byte
     * @param length bytes, at least 1
     * @param maxRanges stop after so many ranges, at least 1; the answer then covers less than
     *     asked
     * @param completion gets consecutive ranges from {@code offset} on, at least one
     */
    void blockStatus(
            long offset, long length, int maxRanges, Completion<List<BlockRange>> completion);

    /**
     * Grows the disk, or gives back a tail in which no object lies.
     *
     * @param newSizeBytes the new size; too large, or cutting off objects, fails with OUT_OF_RANGE
     * @param completion gets DONE once the new size is durable
     */
    void resize(long newSizeBytes, Completion<Outcome> completion);

    /**
     * Ends this opening; operations in flight run to their end. Idempotent is not promised: call it
     * once.
     */
    void close();
}
