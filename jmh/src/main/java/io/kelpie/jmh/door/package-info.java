/**
 * The doors of one node measured end to end, beside programs that serve a plain file on the same
 * disk: nbdkit, qemu-nbd, nbdfuse. Run by {@code jmh/doors}, never by the build.
 * {@code jmh/cluster} measures three nodes that form a cluster, beside the disk itself. Starts the
 * programs as users do and knows nothing of what is inside them.
 */
@NullMarked
package io.kelpie.jmh.door;

import org.jspecify.annotations.NullMarked;
