/**
 * Thin Netty handlers that cut a byte stream into Sheepdog messages and back. They know channels
 * and buffers, and leave every meaning to {@code io.kelpie.wire.sheep}.
 */
@NullMarked
package io.kelpie.wire.frame;

import org.jspecify.annotations.NullMarked;
