package io.kelpie.fuse;

/**
 * What {@code stat} shows of one image. Immutable; any thread.
 *
 * @param sizeBytes size of the disk, at least 0; 0 is an image that was created and has no size yet
 * @param allocatedBytes bytes that the image takes up in the store (one copy counted), at least 0;
 *     becomes {@code st_blocks}, from which tools see how sparse it is
 * @param modifiedMillis last change of the content, milliseconds since 1970
 * @param changedMillis last change of the attributes, milliseconds since 1970
 * @param readOnly true when writing is refused; the write bits of the mode are then off
 */
public record ImageAttributes(
        long sizeBytes,
        long allocatedBytes,
        long modifiedMillis,
        long changedMillis,
        boolean readOnly) {
    /** Checks that no size is negative; otherwise {@link IllegalArgumentException}. */
    public ImageAttributes {
        if (sizeBytes < 0 || allocatedBytes < 0) {
            throw new IllegalArgumentException("sizes must not be negative: size " + sizeBytes
                    + ", allocated " + allocatedBytes);
        }
    }
}
