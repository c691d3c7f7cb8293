/**
 * VDIs for the NBD and FUSE libraries: a volume as a block device, the VDI table as a list of
 * exports and as a directory of images. Knows the engine, the two libraries and nothing of sockets
 * or of the kernel.
 */
@NullMarked
package io.kelpie.node.export;

import org.jspecify.annotations.NullMarked;
