package io.kelpie.cluster.engine;

import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;

import org.jspecify.annotations.Nullable;

/**
 * What a node is, fixed for its process lifetime.
 *
 * @param node its identity
 * @param incarnation boot counter, durable before the engine is made, from 1
 * @param endpoint where clients reach it
 * @param zone failure domain, unsigned 32 bits
 * @param weightGib usable capacity in GiB; 0 for a gateway
 * @param partBits a format makes 2^partBits placement groups, 4 to 14
 * @param alwaysDurable true: every write is synced before it is acknowledged, whatever the client
 *     asked
 * @param cluster what it is among several nodes; null: it is the whole cluster
 */
public record EngineConfig(
        NodeId node,
        long incarnation,
        Endpoint endpoint,
        int zone,
        int weightGib,
        int partBits,
        boolean alwaysDurable,
        @Nullable ClusterConfig cluster) {
    /**
     * A node that is the whole cluster.
     *
     * @param node its identity
     * @param incarnation boot counter
     * @param endpoint where clients reach it
     * @param zone failure domain
     * @param weightGib usable capacity in GiB
     * @param partBits a format makes 2^partBits placement groups
     * @param alwaysDurable whether every write is synced
     */
    public EngineConfig(
            NodeId node,
            long incarnation,
            Endpoint endpoint,
            int zone,
            int weightGib,
            int partBits,
            boolean alwaysDurable) {
        this(node, incarnation, endpoint, zone, weightGib, partBits, alwaysDurable, null);
    }

    /**
     * The process.
     *
     * @return its identity and lifetime
     */
    public PeerId id() {
        return new PeerId(node, incarnation);
    }
}
