package io.kelpie.cluster.volume;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Extent;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;

import org.jspecify.annotations.Nullable;

/**
 * A change of a range of a volume: its extents are changed a bounded number at a time; the first
 * failure stops it. Core loop only.
 */
abstract class ExtentOperation {
    /** Extents in work at once; one object each, so disks stay busy and queues short. */
    private static final int PARALLEL = 32;

    private final long objectBytes;
    private final long end;
    private final Completion<Outcome> completion;
    private long next;
    private int running;
    private boolean advancing;
    private @Nullable ErrorCode failure;

    ExtentOperation(long objectBytes, long offset, long length, Completion<Outcome> completion) {
        this.objectBytes = objectBytes;
        this.next = offset;
        this.end = offset + length;
        this.completion = completion;
    }

    /**
     * Changes one extent.
     *
     * @param extent the extent
     * @param offset its first byte in the volume
     * @param part must end once, perhaps at once
     */
    abstract void change(Extent extent, long offset, Completion<Outcome> part);

    /** Releases what the operation owns. */
    abstract void release();

    final void advance() {
        if (advancing) {
            return;
        }
        advancing = true;
        while (running < PARALLEL && failure == null && next < end) {
            long offset = next;
            long inObject = offset % objectBytes;
            long length = Math.min(objectBytes - inObject, end - offset);
            next += length;
            running++;
            change(new Extent((int) (offset / objectBytes), inObject, length), offset, new Part());
        }
        advancing = false;
        if (running == 0) {
            finish();
        }
    }

    private void finish() {
        release();
        ErrorCode error = failure;
        if (error == null) {
            completion.done(Outcome.DONE);
        } else {
            completion.failed(error);
        }
    }

    private final class Part implements Completion<Outcome> {
        @Override
        public void done(Outcome result) {
            running--;
            advance();
        }

        @Override
        public void failed(ErrorCode error) {
            running--;
            failure = failure == null ? error : failure;
            advance();
        }
    }
}
