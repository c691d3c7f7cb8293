package io.kelpie.fuse;

import org.jspecify.annotations.Nullable;

/**
 * A file that some process has open.
 *
 * @param name the image's name when it was opened
 * @param image the opened image; closed when the handle is released
 * @param writable whether it may be changed through this handle
 * @param growth set when the image was empty when opened for writing, so that it may grow
 */
record OpenFile(
        String name,
        ImageFile image,
        boolean writable,
        @Nullable Growth growth) {
    /** Refuses changes through a handle that was opened for reading. */
    void requireWritable() {
        if (!writable) {
            throw new FuseException(FuseError.EBADF, name + " is not open for writing");
        }
    }
}
