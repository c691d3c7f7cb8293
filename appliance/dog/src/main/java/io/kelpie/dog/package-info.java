/**
 * The {@code dog} command line: a drop-in for Sheepdog's, speaking the Sheepdog protocol over one
 * blocking socket, so it works against Kelpie and against upstream. It knows the protocol and the
 * words of the commands, and nothing of how a cluster works inside.
 *
 * <p><b>Byte strings.</b> Names, paths and printed text are bytes to this program, as they are to
 * the protocol. Every {@code String} here holds one byte per {@code char} (ISO 8859-1): column
 * padding then counts bytes as upstream does, and a name passes through unchanged whatever its
 * character set.
 *
 * <p><b>Start time.</b> A command lives for a fraction of a second, so the classes on its way avoid
 * what is slow to load in a young JVM: lambdas, streams, {@code String.format}, regular
 * expressions, {@code java.time}, Netty and loggers.
 */
@NullMarked
package io.kelpie.dog;

import org.jspecify.annotations.NullMarked;
