package io.kelpie.fuse;

import java.util.Optional;

/**
 * An image on its way from empty file to disk: it grows by being written, as {@code cp} and
 * {@code dd} expect, until the last handle that may do so is closed. Growing an image is dear (a
 * change of its inode), and writes come in pieces of 128 KiB, so it is grown in steps; users see
 * only what was written or asked for, and the rest of the step is given back by {@link #settle}.
 *
 * <p>Thread-safe; one lock, held over {@link ImageFile#truncate} so that sizes change in order.
 */
final class Growth {
    private final long stepBytes;

    // All guarded by this.
    private long sizeBytes; // what users see
    private long writtenBytes; // end of the last byte written, at most sizeBytes
    private long reservedBytes; // what the image has, at least sizeBytes
    private int handleCount;

    Growth(long stepBytes) {
        this.stepBytes = stepBytes;
    }

    synchronized void attach() {
        handleCount++;
    }

    /** Ends one handle's part; true when it was the last. */
    synchronized boolean detach() {
        handleCount--;
        return handleCount == 0;
    }

    /** What users see, in bytes. */
    synchronized long visibleBytes(ImageFile image) {
        adopt(image.sizeBytes());
        return sizeBytes;
    }

    /** The attributes with the size that users see; empty when the image is gone. */
    synchronized Optional<ImageAttributes> attributes(ImageDirectory images, String name) {
        // Asked under the lock: else a settle in between makes the old size look like news.
        return images.attributes(name).map(image -> {
            adopt(image.sizeBytes());
            return new ImageAttributes(
                    sizeBytes,
                    image.allocatedBytes(),
                    image.modifiedMillis(),
                    image.changedMillis(),
                    image.readOnly());
        });
    }

    /** Larger than we made it: another door resized the image, and nothing may undo that. */
    private void adopt(long actualBytes) {
        if (actualBytes > reservedBytes) {
            reservedBytes = actualBytes;
            sizeBytes = actualBytes;
            writtenBytes = actualBytes;
        }
    }

    /**
     * Makes room before a write. The size counts as grown from now on, so that a {@link #settle} at
     * the same time does not take the room away.
     */
    synchronized void reserve(ImageFile image, long endBytes) {
        adopt(image.sizeBytes());
        if (endBytes > reservedBytes) {
            growTo(image, endBytes);
        }
        sizeBytes = Math.max(sizeBytes, endBytes);
        writtenBytes = Math.max(writtenBytes, endBytes);
    }

    private void growTo(ImageFile image, long endBytes) {
        long stepped = stepBytes == 0 ? endBytes : roundUp(endBytes);
        try {
            image.truncate(stepped);
            reservedBytes = stepped;
        } catch (FuseException refused) {
            if (stepped == endBytes) {
                throw refused;
            }
            // The step may be what is too much: near the largest size, or near a full store.
            image.truncate(endBytes);
            reservedBytes = endBytes;
        }
    }

    private long roundUp(long endBytes) {
        long steps = (endBytes - 1) / stepBytes + 1;
        return steps > Long.MAX_VALUE / stepBytes ? endBytes : steps * stepBytes;
    }

    /** Sets the size as a user asked; EPERM when that would cut off what was written. */
    synchronized void truncate(ImageFile image, String name, long newBytes) {
        adopt(image.sizeBytes());
        if (newBytes < writtenBytes) {
            throw new FuseException(
                    FuseError.EPERM,
                    name + " has " + writtenBytes + " bytes written, no shrinking to " + newBytes);
        }
        if (newBytes != reservedBytes) {
            image.truncate(newBytes);
            reservedBytes = newBytes;
        }
        sizeBytes = newBytes;
    }

    /** Gives back what of the last step is not used. */
    synchronized void settle(ImageFile image) {
        adopt(image.sizeBytes());
        if (reservedBytes > sizeBytes) {
            image.truncate(sizeBytes);
            reservedBytes = sizeBytes;
        }
    }
}
