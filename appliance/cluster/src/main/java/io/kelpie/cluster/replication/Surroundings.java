package io.kelpie.cluster.replication;

import io.kelpie.cluster.membership.ControllerLine;
import io.kelpie.cluster.membership.Leases;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Tracer;

/** What all groups of a node share. */
final class Surroundings {
    final Ports ports;
    final PeerId self;
    final Leases leases;
    final ControllerLine controller;
    final WriteGuard guard;
    final ReplicationConfig config;
    final VersionCache versions = new VersionCache();

    /** Set by {@link Replication} before the first map. */
    ReplicationListener listener = ReplicationListener.NONE;

    /** Set by {@link Replication} before the first map. */
    RecoveryListener recovery = RecoveryListener.NONE;

    /** Set by {@link Replication} when a map is installed. */
    ClusterMap map = ClusterMap.EMPTY;

    Surroundings(
            Ports ports,
            PeerId self,
            Leases leases,
            ControllerLine controller,
            WriteGuard guard,
            ReplicationConfig config) {
        this.ports = ports;
        this.self = self;
        this.leases = leases;
        this.controller = controller;
        this.guard = guard;
        this.config = config;
    }

    long now() {
        return ports.clock().nanos();
    }

    boolean has(Rule rule) {
        return config.rules().has(rule);
    }

    void trace(Tracer.Level level, String text) {
        ports.tracer().event(level, text);
    }
}
