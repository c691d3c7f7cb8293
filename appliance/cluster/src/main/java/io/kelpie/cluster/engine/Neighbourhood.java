package io.kelpie.cluster.engine;

import io.kelpie.cluster.event.Barrier;
import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.event.EventSources;
import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.membership.ClusterMembership;
import io.kelpie.cluster.membership.ClusterWatch;
import io.kelpie.cluster.membership.EpochLog;
import io.kelpie.cluster.membership.FormatRecord;
import io.kelpie.cluster.membership.Liveness.PeerStatus;
import io.kelpie.cluster.membership.MapListener;
import io.kelpie.cluster.membership.NodeNews;
import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.GatewayMessage;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.LivenessMessage.MapRequest;
import io.kelpie.cluster.message.RecoveryMessage;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.recovery.RecoverySessions;
import io.kelpie.cluster.recovery.StrayPurge;
import io.kelpie.cluster.replication.Replication;
import io.kelpie.cluster.replication.ReplicationConfig;
import io.kelpie.cluster.replication.WriteGuard;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * What an engine has that is one of several: the watch over the others, the membership among them,
 * barriers and recovery. Passes on what arrives from other nodes and the coordinator. Core loop
 * only.
 */
final class Neighbourhood
        implements Peers.Listener, Coordinator.Listener, ClusterWatch.News, EventSources {
    private final Ports ports;
    private final PeerId self;
    private final EventLog events;
    private final ClusterWatch watch;
    private final ClusterMembership membership;
    private final Replication replication;
    private final Barrier barrier;
    private final RecoverySessions recovery;
    private final StrayPurge purge;
    private final Runnable onStateReplaced;
    private @Nullable Gateway gateway;
    private boolean closed;

    /**
     * Composes it; nothing runs before the membership is started.
     *
     * @param config the node, which has a cluster's configuration
     * @param cluster that configuration
     * @param ports the world
     * @param events the event log, not loaded
     * @param formatRecord registered with the log
     * @param epochs registered with the log
     * @param around the engine's own parts
     */
    Neighbourhood(
            EngineConfig config,
            ClusterConfig cluster,
            Ports ports,
            EventLog events,
            FormatRecord formatRecord,
            EpochLog epochs,
            Around around) {
        this.ports = ports;
        this.self = config.id();
        this.events = events.among(this);
        this.onStateReplaced = around.onStateReplaced();
        watch = new ClusterWatch(ports, self, cluster.control(), this);
        membership = new ClusterMembership(
                ports,
                events,
                formatRecord,
                epochs,
                announcement(config, cluster),
                watch.reports(),
                (map, member) -> onMap(map, member, around.maps()),
                around.news());
        replication = new Replication(
                ports,
                self,
                watch.leases(),
                watch.reports(),
                around.guard(),
                new ReplicationConfig(!cluster.clean(), cluster.rules()));
        barrier = new Barrier(ports, self, events, around.past(), this::onBarrierSilent);
        recovery = new RecoverySessions(ports, self, watch.reports(), cluster.recovery());
        purge = new StrayPurge(ports, cluster.recovery());
        replication.teach(recovery);
    }

    private static Announcement announcement(EngineConfig config, ClusterConfig cluster) {
        return new Announcement(
                config.id(),
                config.endpoint(),
                cluster.peer(),
                config.zone(),
                config.weightGib(),
                0,
                cluster.clean());
    }

    /**
     * The engine's own parts, as the neighbourhood needs them.
     *
     * @param maps told of every map, after replication and before the gateway
     * @param news told what becomes of the node
     * @param guard asked before a write
     * @param past finishes what was in work before an event
     * @param onStateReplaced forgets what was derived from the cluster's state
     */
    record Around(
            MapListener maps,
            NodeNews news,
            WriteGuard guard,
            Barrier.Past past,
            Runnable onStateReplaced) {}

    /** Registers the gateway, which is made of these parts; called once, before the start. */
    void complete(Gateway itsGateway) {
        gateway = itsGateway;
    }

    ClusterWatch watch() {
        return watch;
    }

    ClusterMembership membership() {
        return membership;
    }

    Replication replication() {
        return replication;
    }

    Barrier barrier() {
        return barrier;
    }

    RecoverySessions recovery() {
        return recovery;
    }

    /** Ends everything but the membership; nothing is answered any more. */
    void close() {
        closed = true;
        purge.close();
        recovery.close();
        barrier.close();
        watch.close();
    }

    private void onMap(ClusterMap map, @Nullable Member member, MapListener engine) {
        watch.onMap(map);
        barrier.onMap(map);
        recovery.onMap(map, member);
        replication.install(map, member);
        purge.onMap(map, member);
        engine.onMap(map, member);
    }

    private void onBarrierSilent(NodeId node) {
        watch.reports().suspect(node, Evidence.SILENT, List.of());
    }

    @Override
    public void onMessage(PeerId from, PeerMessage message) {
        Gateway served = Invariant.present(gateway, "the gateway is registered before messages");
        if (closed) {
            message.release();
        } else if (message instanceof GroupMessage group) {
            replication.onMessage(from, group);
        } else if (message instanceof GatewayMessage request) {
            served.onMessage(from, request);
        } else if (message instanceof RecoveryMessage session) {
            recovery.onMessage(from, session);
        } else {
            boolean known = watch.onMessage(from, message)
                    || membership.onMessage(from, message)
                    || events.onMessage(from, message)
                    || barrier.onMessage(from, message);
            Invariant.check(known, "every message has a receiver", message);
        }
    }

    @Override
    public void onLost(NodeId node) {
        if (!closed) {
            replication.onLost(node);
            Invariant.present(gateway, "the gateway is registered").onLost(node);
        }
    }

    @Override
    public void onRefused(NodeId node) {
        if (!closed) {
            watch.onRefused(node);
        }
    }

    @Override
    public void onMapMaybeChanged() {
        membership.onMapMaybeChanged();
        watch.onMapMaybeChanged();
    }

    @Override
    public void onEventsMaybeChanged() {
        events.onEventsMaybeChanged();
    }

    @Override
    public void onAnnouncedMaybeChanged() {
        watch.onAnnouncedMaybeChanged();
    }

    @Override
    public void onConnection(Coordinator.Connection connection) {
        watch.onConnection(connection);
        if (connection == Coordinator.Connection.CONNECTED) {
            membership.onMapMaybeChanged();
            events.onEventsMaybeChanged();
        }
    }

    @Override
    public long eventsIndex() {
        return events.appliedIndex();
    }

    @Override
    public ClusterSettings formatted() {
        return membership.formatted();
    }

    @Override
    public void onNewerMap(NodeId from, long version) {
        membership.onPeerMap(from, version);
    }

    @Override
    public void onLaterEvents(NodeId from, long index) {
        events.onPeerApplied(from, index);
    }

    @Override
    public void onNextMap(ClusterMap map) {
        membership.onOwnMap(map);
    }

    @Override
    public void append(byte kind, ByteBuffer body, Completion<Integer> completion) {
        events.submit(kind, body, completion);
    }

    /** A message came out of an epoch that this node does not know yet. */
    void onNewerEpoch(PeerId from) {
        long version = membership.newest().version();
        ports.peers().send(from.node(), new MapRequest(version));
        membership.onMapMaybeChanged();
    }

    @Override
    public List<NodeId> others() {
        return membership.others();
    }

    @Override
    public long appliedByAll() {
        long lowest = events.appliedIndex();
        for (Member member : membership.newest().members()) {
            if (member.state().isAlive() && !member.node().equals(self.node())) {
                lowest = Math.min(lowest, appliedBy(member.id()));
            }
        }
        return lowest;
    }

    private long appliedBy(PeerId process) {
        for (PeerStatus status : watch.liveness().peers()) {
            if (status.node().equals(process.node())
                    && status.incarnation() == process.incarnation()) {
                return status.eventsIndex();
            }
        }
        return 0;
    }

    @Override
    public void onStateReplaced() {
        onStateReplaced.run();
    }
}
