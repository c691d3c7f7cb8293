/** Deterministic doubles of the ports, stepped by hand, and a node composed of them. */
@NullMarked
package io.kelpie.cluster.testing;

import org.jspecify.annotations.NullMarked;
