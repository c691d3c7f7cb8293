/**
 * The real world under the ports: the core loop and its timers, clocks, randomness, buffers, thread
 * names, memory budgets and the order of closing. Every other package of the node may use this one;
 * it knows none of them.
 */
@NullMarked
package io.kelpie.node.runtime;

import org.jspecify.annotations.NullMarked;
