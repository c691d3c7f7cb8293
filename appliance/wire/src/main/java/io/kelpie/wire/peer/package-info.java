/**
 * The protocol between nodes, and the records they keep at the coordinator, as pure functions
 * between values and bytes. Knows neither sockets nor threads nor what the values mean.
 */
@NullMarked
package io.kelpie.wire.peer;

import org.jspecify.annotations.NullMarked;
