// Kelpie, Apache-2.0.
/**
 * An NBD server as a library: fixed newstyle handshake and transmission on Netty, over TCP and Unix
 * sockets.
 *
 * <p>The caller brings an {@link io.kelpie.nbd.ExportProvider} that opens
 * {@link io.kelpie.nbd.BlockDevice}s by name and starts an {@link io.kelpie.nbd.NbdServer}. The
 * package must not know what stands behind a device: no virtual disk, no cluster, no file.
 */
@NullMarked
package io.kelpie.nbd;

import org.jspecify.annotations.NullMarked;
