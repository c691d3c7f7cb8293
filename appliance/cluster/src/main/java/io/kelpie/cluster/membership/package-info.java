/**
 * Who is in the cluster: installing map versions, having this process named in the map, formatting
 * and shutting down, and the log of epochs. Knows placement, not what is done inside a group.
 */
@NullMarked
package io.kelpie.cluster.membership;

import org.jspecify.annotations.NullMarked;
