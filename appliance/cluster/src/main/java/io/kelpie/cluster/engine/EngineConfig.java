package io.kelpie.cluster.engine;

import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;

/**
 * What a node is, fixed for its process lifetime.
 *
 * @param node its identity
 * @param incarnation boot counter, durable before the engine is made, from 1
 * @param endpoint where clients and peers reach it
 * @param zone failure domain, unsigned 32 bits
 * @param weightGib usable capacity in GiB; 0 for a gateway
 * @param partBits a format makes 2^partBits placement groups, 4 to 14
 * @param alwaysDurable true: every write is synced before it is acknowledged, whatever the client
 *     asked
 */
public record EngineConfig(
        NodeId node,
        long incarnation,
        Endpoint endpoint,
        int zone,
        int weightGib,
        int partBits,
        boolean alwaysDurable) {}
