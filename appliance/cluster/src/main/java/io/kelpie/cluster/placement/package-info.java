/**
 * Which placement group an object belongs to and which members should hold a group: weighted
 * rendezvous hashing with zones, as pure functions.
 */
@NullMarked
package io.kelpie.cluster.placement;

import org.jspecify.annotations.NullMarked;
