package io.kelpie.cluster.membership;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.message.ControlMessage.OrderKind;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Coordinator.Connection;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Ports;

import org.jspecify.annotations.Nullable;

import java.util.function.Supplier;

/**
 * The membership of one node among several: it makes itself known, waits until the controller names
 * its process lifetime in the map, and installs what the controller writes, from wherever it hears
 * of it. Core loop only.
 */
public final class ClusterMembership implements Membership {
    /**
     * Composes the machine. The event log must be clustered ({@link EventLog#among}).
     *
     * @param ports all but entropy and payloads are used
     * @param events the event log, loaded by {@link #start}
     * @param formatRecord the applier of format events, registered with the log
     * @param epochs the log of epochs, registered with the log
     * @param self what to make known; the cluster's time of creation is filled in from the store
     * @param controller who is believed to edit the map, or null if nobody is known
     * @param listener learns of every installed map
     * @param news learns what becomes of this node
     */
    public ClusterMembership(
            Ports ports,
            EventLog events,
            FormatRecord formatRecord,
            EpochLog epochs,
            Announcement self,
            Supplier<@Nullable NodeId> controller,
            MapListener listener,
            NodeNews news) {
        this.epochs = epochs;
    }

    private final EpochLog epochs;

    @Override
    public ClusterMap map() {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * The newest map that is known to be in force somewhere, though perhaps not here yet: it waits
     * for events, or does not name this process.
     *
     * @return its version is at least that of {@link #map}
     */
    public ClusterMap newest() {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Whether the coordinator shows an older map than this node knows to have been in force: it was
     * restored from an old backup, and nobody must edit.
     *
     * @return true until the coordinator shows a newer one
     */
    public boolean isCoordinatorOutdated() {
        throw new UnsupportedOperationException("not built yet");
    }

    @Override
    public EpochLog epochs() {
        return epochs;
    }

    @Override
    public NodeState state() {
        throw new UnsupportedOperationException("not built yet");
    }

    @Override
    public void start(Completion<Outcome> completion) {
        throw new UnsupportedOperationException("not built yet");
    }

    @Override
    public void format(ClusterSettings settings, Completion<Outcome> completion) {
        throw new UnsupportedOperationException("not built yet");
    }

    @Override
    public void order(OrderKind kind, @Nullable NodeId node, Completion<Outcome> completion) {
        throw new UnsupportedOperationException("not built yet");
    }

    @Override
    public void leave(Completion<Outcome> completion) {
        throw new UnsupportedOperationException("not built yet");
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Takes maps, requests for maps, answers to orders, and the order to stop this node.
     *
     * @param from the sender
     * @param message any message
     * @return whether it was for this part; otherwise nothing was done with it
     */
    public boolean onMessage(PeerId from, PeerMessage message) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * A node that this one wrote a map, as the controller.
     *
     * @param map the map, swapped in at the coordinator
     */
    public void onOwnMap(ClusterMap map) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * A node was heard to have a map; fetched from it if it is newer than all known.
     *
     * @param node the node
     * @param version its map's version
     */
    public void onPeerMap(NodeId node, long version) {
        throw new UnsupportedOperationException("not built yet");
    }

    /** Reads the map again. */
    public void onMapMaybeChanged() {
        throw new UnsupportedOperationException("not built yet");
    }

    /** Reads the announcements again. */
    public void onAnnouncedMaybeChanged() {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Learns how well the coordinator can be reached.
     *
     * @param connection how it is now
     */
    public void onConnection(Connection connection) {
        throw new UnsupportedOperationException("not built yet");
    }
}
