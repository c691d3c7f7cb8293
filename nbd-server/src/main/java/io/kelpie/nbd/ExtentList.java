// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.kelpie.nbd.wire.NbdConstants;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Collects the extents of one BLOCK_STATUS for its operation: joins neighbours of the same kind,
 * cuts at the end of the range, and holds {@value #MAX_EXTENTS} at most.
 *
 * <p>Written by the device, from any thread but never from two at once; read by the I/O thread
 * after the operation has ended.
 */
final class ExtentList implements BlockStatusSink {

    /** More would only be a long reply: the client asks again behind what it was told. */
    static final int MAX_EXTENTS = 1024;

    /** What a full list takes in memory or on the wire, for the budget. */
    static final int MAX_BYTES = MAX_EXTENTS * 16;

    private static final int FIRST_CAPACITY = 16;

    private final Operation operation;
    private final long rangeBytes;
    private final int limit;
    private final AtomicBoolean ended = new AtomicBoolean();
    private long[] lengths = new long[FIRST_CAPACITY];
    private byte[] flags = new byte[FIRST_CAPACITY];
    private int count;
    private long coveredBytes;
    private boolean isCut;

    ExtentList(Operation operation) {
        this.operation = operation;
        this.rangeBytes = operation.request().length();
        this.limit = operation.request().has(NbdConstants.CMD_FLAG_REQ_ONE) ? 1 : MAX_EXTENTS;
    }

    @Override
    public void extent(long lengthBytes, boolean hole, boolean zero) {
        if (lengthBytes < 1) {
            throw new IllegalArgumentException("an extent of " + lengthBytes + " bytes");
        }
        if (ended.get()) {
            throw new IllegalStateException("the device describes extents after the end");
        }
        if (isFull()) {
            return;
        }
        var length = Math.min(lengthBytes, rangeBytes - coveredBytes);
        var kind = (byte)
                ((hole ? NbdConstants.STATE_HOLE : 0) | (zero ? NbdConstants.STATE_ZERO : 0));
        if (count > 0 && flags[count - 1] == kind) {
            lengths[count - 1] += length;
        } else if (count < limit) {
            add(length, kind);
        } else {
            // Only here is the list full: the last extent may still grow by its neighbours.
            isCut = true;
            return;
        }
        coveredBytes += length;
    }

    private void add(long length, byte kind) {
        if (count == lengths.length) {
            var capacity = Math.min(2 * count, MAX_EXTENTS);
            lengths = Arrays.copyOf(lengths, capacity);
            flags = Arrays.copyOf(flags, capacity);
        }
        lengths[count] = length;
        flags[count] = kind;
        count++;
    }

    @Override
    public boolean isFull() {
        return isCut || coveredBytes >= rangeBytes;
    }

    @Override
    public void done() {
        requireFirst();
        operation.described(this);
    }

    @Override
    public void failed(NbdError error, String why) {
        requireFirst();
        operation.failed(error, why);
    }

    /** Number of extents, 1 and more once the operation has ended well. */
    int count() {
        return count;
    }

    /** Bytes of an extent. */
    long lengthBytes(int index) {
        return lengths[index];
    }

    /** {@code STATE_HOLE} and {@code STATE_ZERO} of an extent. */
    int flags(int index) {
        return flags[index];
    }

    private void requireFirst() {
        if (!ended.compareAndSet(false, true)) {
            throw new IllegalStateException("the device answered twice: " + operation.request());
        }
    }
}
