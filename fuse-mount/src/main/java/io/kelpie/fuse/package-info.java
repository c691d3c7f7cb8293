/**
 * Shows a flat directory of disk images as files through FUSE. The package knows libfuse, the
 * kernel's habits and errno; it must not know what an image is made of, nor anything of clusters,
 * networks or stores. Its user implements {@link io.kelpie.fuse.ImageDirectory} and calls
 * {@link io.kelpie.fuse.FuseMount#mount}.
 */
@NullMarked
package io.kelpie.fuse;

import org.jspecify.annotations.NullMarked;
