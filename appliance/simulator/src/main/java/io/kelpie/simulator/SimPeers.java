package io.kelpie.simulator;

import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.simulator.MessageCarrier.Packet;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.TreeMap;

/** The way of one process to the other nodes of the {@link SimNetwork}. */
final class SimPeers implements Peers {
    private static final long MILLISECOND = 1_000_000L;
    /** How long a dial that nobody answers is waited for. */
    private static final long DIAL_NANOS = 1_000 * MILLISECOND;

    private final World world;
    private final SimNetwork network;
    private final SimProcess process;
    private final PeerId self;
    private final String host;
    private final PayloadLedger payloads;
    private final RandomSource random;
    private final TreeMap<NodeId, Endpoint> located = new TreeMap<>();
    /** Nodes that are being dialled, so that each is dialled once at a time. */
    private final TreeMap<NodeId, Boolean> dialling = new TreeMap<>();

    private @Nullable Listener listener;
    private long selfArrival;

    SimPeers(
            World world,
            SimNetwork network,
            SimProcess process,
            PeerId self,
            String host,
            PayloadLedger payloads) {
        this.world = world;
        this.network = network;
        this.process = process;
        this.self = self;
        this.host = host;
        this.payloads = payloads;
        this.random = world.random(process.name() + " peers");
    }

    PeerId self() {
        return self;
    }

    String host() {
        return host;
    }

    SimProcess process() {
        return process;
    }

    /** Whether the process takes connections. */
    boolean isListening() {
        return listener != null && process.isAlive();
    }

    @Override
    public void listen(Listener newListener) {
        world.check(listener == null, "there is one listener", process.name());
        listener = newListener;
    }

    @Override
    public void send(NodeId to, PeerMessage message) {
        world.check(process.isAlive(), "a dead process sends nothing", process.name());
        Packet packet = network.pack(this, to, message);
        if (to.equals(self.node())) {
            selfArrival = Math.max(selfArrival, world.now() + random.between(1_000, 20_000));
            world.schedule(
                    selfArrival - world.now(),
                    process.name(),
                    "own message",
                    () -> receive(this, packet));
            return;
        }
        SimConnection connection = network.connection(this, to);
        if (connection != null) {
            connection.send(this, packet);
        }
    }

    @Override
    public void locate(List<Location> nodes) {
        located.clear();
        for (Location location : nodes) {
            if (!location.node().equals(self.node())) {
                located.put(location.node(), location.endpoint());
            }
        }
        network.closeUnlisted(this, located.keySet());
        for (NodeId node : located.keySet()) {
            dialSoon(node, random.between(50_000, 5 * MILLISECOND));
        }
    }

    /** A message arrives, perhaps at a process that has died meanwhile. */
    void receive(SimPeers from, Packet packet) {
        process.post(0, packet.name(), () -> {
            Listener receiver = listener;
            if (receiver != null) {
                network.onReceive(from, this, packet);
                if (process.isAlive()) {
                    receiver.onMessage(from.self, packet.unpack(payloads));
                    network.onReceived(this, packet);
                }
            }
        });
    }

    /** A connection to a node broke or was made. */
    void tellLost(NodeId node) {
        process.post(0, "peer lost", () -> {
            Listener receiver = listener;
            if (receiver != null) {
                receiver.onLost(node);
            }
        });
        dialSoon(node, random.between(MILLISECOND, 100 * MILLISECOND));
    }

    /** Dials a node after a while if it is still wanted and not connected by then. */
    private void dialSoon(NodeId node, long delayNanos) {
        if (!located.containsKey(node) || dialling.putIfAbsent(node, true) != null) {
            return;
        }
        process.post(delayNanos, "dial", () -> dial(node));
    }

    private void dial(NodeId node) {
        dialling.remove(node);
        Endpoint endpoint = located.get(node);
        if (endpoint == null || network.connection(this, node) != null) {
            return;
        }
        switch (network.dial(this, node, endpoint)) {
            case CONNECTED -> {}
            case REFUSED -> {
                process.post(
                        network.latency(host, host, 0), "peer refused", () -> tellRefused(node));
                dialSoon(node, random.between(50, 250) * MILLISECOND);
            }
            case SILENT -> dialSoon(node, DIAL_NANOS + random.below(100 * MILLISECOND));
        }
    }

    private void tellRefused(NodeId node) {
        Listener receiver = listener;
        if (receiver != null && located.containsKey(node)) {
            receiver.onRefused(node);
        }
    }

    /** How a dial ended. */
    enum Dialled {
        CONNECTED,
        REFUSED,
        SILENT
    }
}
