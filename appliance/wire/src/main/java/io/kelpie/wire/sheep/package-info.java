/**
 * The Sheepdog client protocol (generation 1.0): headers, opcodes, result codes, flags, structures
 * and hashes, as pure functions between records and bytes. Records carry raw numbers; what they
 * mean for a cluster is decided elsewhere. Nothing here knows sockets or threads.
 *
 * <p>The codecs work on {@link java.nio.ByteBuffer} and not on Netty's {@code ByteBuf}: the
 * {@code dog} command uses them on its start path, where loading Netty costs more than the whole
 * command (some 0.19 s more, {@code dog node list} takes 0.1 s). Netty buffers lend an NIO view
 * ({@code nioBuffer(index, length)}), so the daemon copies nothing.
 *
 * <p>Conventions of every {@code decode} and {@code encode} in this package: the buffer's byte
 * order is set to little endian; bytes are taken from, or put at, its position, which moves behind
 * them; missing bytes are a {@link io.kelpie.wire.sheep.SheepFormatException}, missing room a
 * {@link java.nio.BufferOverflowException} (a caller's mistake). Reserved bytes are written as zero
 * and ignored when read, because upstream peers leave uninitialised memory in several of them.
 */
@NullMarked
package io.kelpie.wire.sheep;

import org.jspecify.annotations.NullMarked;
