/**
 * An opened VDI as a linear device: ranges split into extents, holes, allocation, discard, flush.
 * The only road from the NBD and FUSE doors to objects; uses {@code vdi} for inodes and
 * {@code gateway} for data.
 */
@NullMarked
package io.kelpie.cluster.volume;

import org.jspecify.annotations.NullMarked;
