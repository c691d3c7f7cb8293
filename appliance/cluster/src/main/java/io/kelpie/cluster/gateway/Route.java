package io.kelpie.cluster.gateway;

import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;

/**
 * Where a placement group is served by the map in force.
 *
 * @param pg the group
 * @param epoch its partition epoch
 * @param primary the process that is its primary
 * @param here whether that is this process
 */
record Route(PgId pg, long epoch, PeerId primary, boolean here) {}
