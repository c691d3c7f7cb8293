/**
 * Composes the cluster logic of one node; the only entry for the daemon's adapters and the
 * simulator.
 */
@NullMarked
package io.kelpie.cluster.engine;

import org.jspecify.annotations.NullMarked;
