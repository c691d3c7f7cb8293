package io.kelpie.simulator;

import io.kelpie.simulator.MessageCarrier.Packet;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * A connection between two processes, both ways. The messages of one placement group keep their
 * order, and so do those of none; messages of different groups overtake each other, as if each
 * group had a socket of its own.
 */
final class SimConnection {
    /** Messages under way in one direction; beyond it the connection breaks. */
    private static final int MAX_UNDER_WAY = 4096;
    /** As much as that of bytes. */
    private static final long MAX_BYTES_UNDER_WAY = 64L << 20;

    private final World world;
    private final SimNetwork network;
    private final RandomSource random;
    private final Direction forth;
    private final Direction back;
    private boolean open = true;

    SimConnection(World world, SimNetwork network, SimPeers dialer, SimPeers acceptor) {
        this.world = world;
        this.network = network;
        this.random = network.random();
        this.forth = new Direction(dialer, acceptor);
        this.back = new Direction(acceptor, dialer);
    }

    boolean isOpen() {
        return open;
    }

    boolean joins(SimPeers end) {
        return forth.from == end || forth.to == end;
    }

    boolean joinsHosts(String first, String second) {
        return (forth.from.host().equals(first) && forth.to.host().equals(second))
                || (forth.from.host().equals(second) && forth.to.host().equals(first));
    }

    SimPeers other(SimPeers end) {
        return forth.from == end ? forth.to : forth.from;
    }

    /** Sends a message from one of the ends. */
    void send(SimPeers from, Packet packet) {
        Direction direction = forth.from == from ? forth : back;
        direction.send(packet);
    }

    /** Whether neither direction is cut. */
    boolean isWhole() {
        return !forth.isBlocked() && !back.isBlocked();
    }

    /** A cut has ended: what waited goes on. */
    void onHealed() {
        forth.resume();
        back.resume();
    }

    /** Ends the connection: an unknown part of what is under way is lost, both ends hear of it. */
    void breakDown() {
        if (!open) {
            return;
        }
        open = false;
        network.onBroken(this);
        forth.end();
        back.end();
    }

    /** One way of the connection. */
    private final class Direction {
        private final SimPeers from;
        private final SimPeers to;
        private final TreeMap<Integer, Lane> lanes = new TreeMap<>();
        private int underWay;
        private long bytesUnderWay;

        private Direction(SimPeers from, SimPeers to) {
            this.from = from;
            this.to = to;
        }

        private boolean isBlocked() {
            return network.isCut(from.host(), to.host());
        }

        private void send(Packet packet) {
            underWay++;
            bytesUnderWay += packet.bytes();
            if (underWay > MAX_UNDER_WAY || bytesUnderWay > MAX_BYTES_UNDER_WAY) {
                breakDown();
                return;
            }
            Lane lane = lanes.computeIfAbsent(packet.order(), order -> new Lane());
            lane.queue.add(packet);
            lane.lastArrival = Math.max(
                    lane.lastArrival,
                    world.now() + network.latency(from.host(), to.host(), packet.bytes()));
            arrive(lane, lane.lastArrival - world.now());
        }

        private void arrive(Lane lane, long delayNanos) {
            world.schedule(delayNanos, to.process().name(), "arrival", () -> {
                if (!open) {
                    return;
                }
                if (isBlocked()) {
                    lane.stalled++;
                } else {
                    deliver(lane.queue.remove());
                }
            });
        }

        private void deliver(Packet packet) {
            underWay--;
            bytesUnderWay -= packet.bytes();
            to.receive(from, packet);
        }

        private void resume() {
            if (!open || isBlocked()) {
                return;
            }
            for (Lane lane : lanes.values()) {
                long delay = random.between(100_000, 2_000_000);
                lane.lastArrival = Math.max(lane.lastArrival, world.now() + delay);
                for (; lane.stalled > 0; lane.stalled--) {
                    arrive(lane, delay);
                }
            }
        }

        private void end() {
            // What has reached the receiver's host is read before the end of the stream is seen.
            List<Packet> survivors = new ArrayList<>();
            boolean lossy = isBlocked();
            for (Lane lane : lanes.values()) {
                int kept = lossy ? 0 : random.below(lane.queue.size() + 1);
                for (int i = 0; i < kept; i++) {
                    survivors.add(lane.queue.remove());
                }
                lane.queue.clear();
            }
            for (Packet packet : survivors) {
                to.receive(from, packet);
            }
            to.tellLost(from.self().node());
        }
    }

    /** Messages that keep their order. */
    private static final class Lane {
        private final ArrayDeque<Packet> queue = new ArrayDeque<>();
        private long lastArrival;
        /** Arrivals that a cut holds up. */
        private int stalled;
    }
}
