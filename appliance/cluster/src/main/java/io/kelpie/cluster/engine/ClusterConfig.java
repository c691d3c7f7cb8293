package io.kelpie.cluster.engine;

import io.kelpie.cluster.membership.ClusterTimes;
import io.kelpie.cluster.membership.ControlConfig;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.recovery.RecoveryConfig;
import io.kelpie.cluster.replication.Rules;

/**
 * What a node among several is, besides what every node is.
 *
 * @param peer where other nodes reach it
 * @param clean false: the host stopped without the store having been synced, so copies must be
 *     compared in full before they count
 * @param control how nodes watch each other and edit the map
 * @param recovery limits and times of recovery
 * @param rules the rules of replication in force, {@link Rules#ALL} in production
 */
public record ClusterConfig(
        Endpoint peer, boolean clean, ControlConfig control, RecoveryConfig recovery, Rules rules) {
    /**
     * What a cluster that keeps data uses.
     *
     * @param peer where other nodes reach the node
     * @param clean whether its store is as it was when the node last ran
     * @param partBits a format makes 2^partBits groups
     * @return the configuration
     */
    public static ClusterConfig of(Endpoint peer, boolean clean, int partBits) {
        return new ClusterConfig(
                peer,
                clean,
                ControlConfig.of(ClusterTimes.DEFAULT, partBits),
                RecoveryConfig.DEFAULT,
                Rules.ALL);
    }

    /**
     * The same with other times.
     *
     * @param times how long things take between nodes
     * @return the configuration
     */
    public ClusterConfig withTimes(ClusterTimes times) {
        return new ClusterConfig(
                peer,
                clean,
                new ControlConfig(times, control.partBits(), control.mutations()),
                recovery,
                rules);
    }
}
