package io.kelpie.simulator;

import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.simulator.MessageCarrier.Packet;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The wires between hosts. Messages are lost only with their connection, as TCP has it: on a cut
 * they wait, and a connection that is silent for too long breaks at both ends. A host whose process
 * died refuses connections, a host that is down says nothing.
 */
final class SimNetwork {
    private static final long MILLISECOND = 1_000_000L;
    /** An end that hears nothing for this long closes the connection, with some slack. */
    private static final long SILENCE_NANOS = 1_500 * MILLISECOND;

    private static final long SLACK_NANOS = 500 * MILLISECOND;

    private final World world;
    private final MessageCarrier carrier;
    private final RandomSource random;
    private final TreeMap<Endpoint, Host> hosts = new TreeMap<>();
    private final List<SimConnection> connections = new ArrayList<>();
    /** Ordered pairs of hosts between which nothing gets through, with the number of the cut. */
    private final TreeMap<String, Long> cuts = new TreeMap<>();
    /** Ordered pairs of hosts and by how much they are slower than others. */
    private final TreeMap<String, Long> slowness = new TreeMap<>();

    private final TreeMap<String, Long> baseLatencies = new TreeMap<>();
    private final List<MessageTap> taps = new ArrayList<>();
    private long cutCount;
    private long delivered;

    SimNetwork(World world, MessageCarrier carrier) {
        this.world = world;
        this.carrier = carrier;
        this.random = world.random("network");
    }

    RandomSource random() {
        return random;
    }

    /** Messages that arrived. */
    long delivered() {
        return delivered;
    }

    /** Adds somebody who sees all messages. */
    void tap(MessageTap tap) {
        taps.add(tap);
    }

    /** Adds a host, which is up and runs nothing yet. */
    void addHost(String name, Endpoint endpoint) {
        hosts.put(endpoint, new Host(name));
    }

    /** A process starts on a host and listens at its endpoint. */
    SimPeers connect(SimProcess process, PeerId self, Endpoint endpoint, PayloadLedger payloads) {
        Host host = hostAt(endpoint);
        host.up = true;
        SimPeers peers = new SimPeers(world, this, process, self, host.name, payloads);
        host.listening = peers;
        return peers;
    }

    /** The process is gone, but its host lives and tells so. */
    void onProcessDied(SimPeers dead) {
        for (Host host : hosts.values()) {
            if (host.listening == dead) {
                host.listening = null;
            }
        }
        for (SimConnection connection : of(dead)) {
            world.schedule(
                    latency(dead.host(), dead.host(), 0),
                    dead.process().name(),
                    "connection reset",
                    connection::breakDown);
        }
    }

    /** The host is gone without a word; the others notice by its silence. */
    void onHostDied(SimPeers dead) {
        for (Host host : hosts.values()) {
            if (host.listening == dead) {
                host.listening = null;
                host.up = false;
            }
        }
        for (SimConnection connection : of(dead)) {
            breakAfterSilence(connection);
        }
    }

    /** The host is up again; nothing runs there yet. */
    void onHostUp(Endpoint endpoint) {
        hostAt(endpoint).up = true;
    }

    /** A process stands still; if that lasts, its connections break. */
    void onPaused(SimPeers paused, long nanos) {
        if (nanos < SILENCE_NANOS) {
            return;
        }
        for (SimConnection connection : of(paused)) {
            world.schedule(silence(), "network", "silent", () -> {
                if (paused.process().isPaused()) {
                    connection.breakDown();
                }
            });
        }
    }

    private void breakAfterSilence(SimConnection connection) {
        world.schedule(silence(), "network", "silent", connection::breakDown);
    }

    private long silence() {
        return SILENCE_NANOS + random.below(SLACK_NANOS);
    }

    /** Lets nothing through from one host to another until it is healed. */
    void cut(String from, String to) {
        long number = ++cutCount;
        String pair = pair(from, to);
        if (cuts.putIfAbsent(pair, number) != null) {
            return;
        }
        for (SimConnection connection : new ArrayList<>(connections)) {
            if (connection.joinsHosts(from, to)) {
                world.schedule(silence(), "network", "silent", () -> {
                    Long now = cuts.get(pair);
                    if (now != null && now == number) {
                        connection.breakDown();
                    }
                });
            }
        }
    }

    /** Ends a cut. */
    void heal(String from, String to) {
        if (cuts.remove(pair(from, to)) != null) {
            for (SimConnection connection : new ArrayList<>(connections)) {
                if (connection.joinsHosts(from, to)) {
                    connection.onHealed();
                }
            }
        }
    }

    /** Ends all cuts and slowness. */
    void healAll() {
        cuts.clear();
        slowness.clear();
        for (SimConnection connection : new ArrayList<>(connections)) {
            connection.onHealed();
        }
    }

    boolean isCut(String from, String to) {
        return cuts.containsKey(pair(from, to));
    }

    /** Makes messages from one host to another later by up to some time. */
    void slow(String from, String to, long nanos) {
        if (nanos == 0) {
            slowness.remove(pair(from, to));
        } else {
            slowness.put(pair(from, to), nanos);
        }
    }

    /** Breaks what connects two hosts. */
    void reset(String first, String second) {
        for (SimConnection connection : new ArrayList<>(connections)) {
            if (connection.joinsHosts(first, second)) {
                connection.breakDown();
            }
        }
    }

    /** How long a message takes. Each pair of hosts has a distance, each message some jitter. */
    long latency(String from, String to, int bytes) {
        String pair = pair(from, to);
        long base = baseLatencies.computeIfAbsent(pair, p -> random.between(30_000, 400_000));
        long slow = slowness.getOrDefault(pair, 0L);
        long jitter = random.chance(0.01)
                ? random.between(MILLISECOND, 20 * MILLISECOND)
                : random.below(base);
        // A gigabit link moves about a byte in eight nanoseconds.
        return base + jitter + 8L * bytes + (slow == 0 ? 0 : random.below(slow));
    }

    Packet pack(SimPeers from, NodeId to, PeerMessage message) {
        for (MessageTap tap : taps) {
            tap.onSend(from, to, message);
        }
        Packet packet = carrier.pack(message);
        for (MessageTap tap : taps) {
            tap.onSent(from, packet);
        }
        return packet;
    }

    void onReceive(SimPeers from, SimPeers to, Packet packet) {
        delivered++;
        for (MessageTap tap : taps) {
            tap.onReceive(from, to, packet);
        }
    }

    void onReceived(SimPeers to, Packet packet) {
        for (MessageTap tap : taps) {
            tap.onReceived(to, packet);
        }
    }

    /** The connection of a process to a node, or null. */
    @Nullable
    SimConnection connection(SimPeers from, NodeId to) {
        for (SimConnection connection : connections) {
            if (connection.joins(from) && connection.other(from).self().node().equals(to)) {
                return connection;
            }
        }
        return null;
    }

    SimPeers.Dialled dial(SimPeers from, NodeId to, Endpoint endpoint) {
        Host host = hostAt(endpoint);
        if (!host.up || isCut(from.host(), host.name) || isCut(host.name, from.host())) {
            return SimPeers.Dialled.SILENT;
        }
        SimPeers listening = host.listening;
        if (listening == null || !listening.isListening()) {
            return SimPeers.Dialled.REFUSED;
        }
        if (listening.process().isPaused() || !listening.self().node().equals(to)) {
            // Somebody else moved in there; that says nothing about the node that was wanted.
            return SimPeers.Dialled.SILENT;
        }
        for (SimConnection old : of(listening)) {
            if (old.other(listening).self().node().equals(from.self().node())) {
                // Left over from an earlier life of the dialler, whose host died silently.
                old.breakDown();
            }
        }
        connections.add(new SimConnection(world, this, from, listening));
        world.note(from.process().name(), "connected to " + host.name, 0, 0);
        from.tellLost(to);
        listening.tellLost(from.self().node());
        return SimPeers.Dialled.CONNECTED;
    }

    void onBroken(SimConnection connection) {
        connections.remove(connection);
    }

    void closeUnlisted(SimPeers end, Set<NodeId> listed) {
        for (SimConnection connection : of(end)) {
            if (!listed.contains(connection.other(end).self().node())) {
                connection.breakDown();
            }
        }
    }

    private List<SimConnection> of(SimPeers end) {
        List<SimConnection> found = new ArrayList<>();
        for (SimConnection connection : connections) {
            if (connection.joins(end)) {
                found.add(connection);
            }
        }
        return found;
    }

    private Host hostAt(Endpoint endpoint) {
        Host host = hosts.get(endpoint);
        if (host == null) {
            throw world.fail(
                    SimulationFailure.Kind.CORRECTNESS, "nodes talk to nodes", endpoint.toString());
        }
        return host;
    }

    private static String pair(String from, String to) {
        return from + ">" + to;
    }

    /** Names of all hosts. */
    Set<String> hostNames() {
        Set<String> names = new TreeSet<>();
        for (Host host : hosts.values()) {
            names.add(host.name);
        }
        return names;
    }

    private static final class Host {
        private final String name;
        private boolean up = true;
        private @Nullable SimPeers listening;

        private Host(String name) {
            this.name = name;
        }
    }

    /** Sees messages pass; may kill processes. */
    interface MessageTap {
        /** A message is about to leave; it is only looked at. */
        default void onSend(SimPeers from, NodeId to, PeerMessage message) {}

        /** A message was taken from its sender and is not under way yet. */
        default void onSent(SimPeers from, Packet packet) {}

        /** A message is about to be handed to its receiver. */
        default void onReceive(SimPeers from, SimPeers to, Packet packet) {}

        /** The receiver has acted on a message. */
        default void onReceived(SimPeers to, Packet packet) {}
    }
}
