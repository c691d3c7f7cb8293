/**
 * A virtual world in which whole nodes run the real engine in one thread and in virtual time, under
 * faults drawn from a seed, while a checker compares what clients saw with what the design
 * promises. Equal seeds give equal runs, in every JVM. The package knows the engine only through
 * its public entry points and ports; it must not know any adapter of the daemon.
 */
@NullMarked
package io.kelpie.simulator;

import org.jspecify.annotations.NullMarked;
