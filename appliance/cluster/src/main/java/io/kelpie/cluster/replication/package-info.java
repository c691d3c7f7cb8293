/**
 * What happens inside a placement group. A node plays one role for a group in each partition epoch:
 * the primary makes the copies level ({@code Peering}), then orders writes, sends them to every
 * in-sync member and to learners, commits when all have them and answers reads ({@code Serving});
 * followers apply what the primary sends. Knows the map's entry for the group, not who decides it;
 * learning sessions take part through {@link io.kelpie.cluster.replication.ActiveGroup}.
 */
@NullMarked
package io.kelpie.cluster.replication;

import org.jspecify.annotations.NullMarked;
