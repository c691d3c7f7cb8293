package io.kelpie.fuse;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.TimeUnit;

/**
 * Turns what a request threw into its answer, and logs it once. Any thread. A damaged image fails
 * every request, so the lines are bounded: {@value #MAX_LINES_PER_SECOND} in a second.
 */
final class RequestErrors {
    /** Enough to see what is wrong, too few to fill a disk. */
    static final int MAX_LINES_PER_SECOND = 10;

    private static final Logger LOG = LoggerFactory.getLogger(RequestErrors.class);

    // Guarded by this.
    private long secondStartedNanos = System.nanoTime();
    private int lineCount;
    private long suppressedCount;

    /**
     * The answer to a request that failed.
     *
     * @param failure what was thrown
     * @param call name of the call
     * @param subject the image's name or handle
     * @param offset first byte, or the size for truncate, or -1
     * @param length bytes, or -1
     * @return a negative errno
     */
    int answer(Throwable failure, String call, Object subject, long offset, long length) {
        if (failure instanceof FuseException refused) {
            if (isTrouble(refused.error())) {
                if (mayLog()) {
                    LOG.warn(
                            "{} of {} at {} length {}: {} {}",
                            call,
                            subject,
                            offset,
                            length,
                            refused.error(),
                            refused.getMessage());
                }
            } else {
                LOG.debug("{} of {}: {} {}", call, subject, refused.error(), refused.getMessage());
            }
            return -refused.error().number();
        }
        if (mayLog()) {
            LOG.error(
                    "{} of {} at {} length {} failed, answered EIO",
                    call,
                    subject,
                    offset,
                    length,
                    failure);
        }
        return -FuseError.EIO.number();
    }

    /** Errors that an operator must see, not only the user who asked for what cannot be. */
    private static boolean isTrouble(FuseError error) {
        return switch (error) {
            case EIO, ENOMEM, ENFILE, ETIMEDOUT -> true;
            default -> false;
        };
    }

    private synchronized boolean mayLog() {
        long now = System.nanoTime();
        if (now - secondStartedNanos >= TimeUnit.SECONDS.toNanos(1)) {
            if (suppressedCount > 0) {
                LOG.warn("{} more failed requests were not logged", suppressedCount);
            }
            secondStartedNanos = now;
            lineCount = 0;
            suppressedCount = 0;
        }
        if (lineCount >= MAX_LINES_PER_SECOND) {
            suppressedCount++;
            return false;
        }
        lineCount++;
        return true;
    }
}
