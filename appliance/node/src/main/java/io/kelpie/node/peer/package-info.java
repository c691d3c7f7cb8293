/**
 * The way to the other nodes over TCP: who is dialled when, what is under way, what arrives. Does
 * not know what the messages mean; their bytes are {@code io.kelpie.wire.peer}'s.
 */
@NullMarked
package io.kelpie.node.peer;

import org.jspecify.annotations.NullMarked;
