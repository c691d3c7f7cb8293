package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.Member;

import org.jspecify.annotations.Nullable;

/** Learns of every installed map. Core loop only. */
public interface MapListener {
    /**
     * A newer map is in force.
     *
     * @param map the map
     * @param self the member that this process is in it, or null if it is none
     */
    void onMap(ClusterMap map, @Nullable Member self);
}
