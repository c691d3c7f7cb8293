package io.kelpie.cluster.testing;

import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;

/** A network in memory: in order on each link, losing, keeping and doubling as a test asks. */
public final class Network {
    /** Time a message takes. */
    public static final long DELAY_NANOS = 100_000;

    private final Loop loop;
    private final TreeMap<NodeId, Door> doors = new TreeMap<>();
    private final List<Packet> sent = new ArrayList<>();
    private final List<Packet> kept = new ArrayList<>();
    private Predicate<Packet> losing = packet -> false;
    private Predicate<Packet> keeping = packet -> false;
    private Predicate<Packet> doubling = packet -> false;

    public Network(Loop loop) {
        this.loop = loop;
    }

    /** Loses such messages from now on. */
    public void lose(Predicate<Packet> which) {
        losing = which;
    }

    /** Keeps such messages until {@link #deliverKept}. */
    public void keep(Predicate<Packet> which) {
        keeping = which;
    }

    /** Delivers such messages twice. */
    public void duplicate(Predicate<Packet> which) {
        doubling = which;
    }

    public void heal() {
        losing = packet -> false;
        keeping = packet -> false;
        doubling = packet -> false;
    }

    public int keptCount() {
        return kept.size();
    }

    public void deliverKept() {
        keeping = packet -> false;
        List<Packet> all = List.copyOf(kept);
        kept.clear();
        all.forEach(this::deliver);
    }

    /** Every message that was sent, lost ones too; payloads of past messages are gone. */
    public List<Packet> sent() {
        return sent;
    }

    public long count(Predicate<Packet> which) {
        return sent.stream().filter(which).count();
    }

    public void clearSent() {
        sent.clear();
    }

    /** Breaks the connection between two nodes: both hear of it. */
    public void reset(NodeId first, NodeId second) {
        tellLost(first, second);
        tellLost(second, first);
    }

    private void tellLost(NodeId who, NodeId peer) {
        Door door = doors.get(who);
        if (door != null && door.listener != null) {
            Peers.Listener listener = door.listener;
            loop.post(() -> listener.onLost(peer));
        }
    }

    /** The door of a process; it replaces that of the node's former process. */
    public Peers open(PeerId self) {
        Door door = new Door(self);
        doors.put(self.node(), door);
        return door;
    }

    public void close(NodeId node) {
        doors.remove(node);
    }

    private void send(Packet packet) {
        sent.add(packet);
        if (losing.test(packet)) {
            packet.message.release();
        } else if (keeping.test(packet)) {
            kept.add(packet);
        } else {
            if (doubling.test(packet)) {
                retain(packet.message);
                deliver(packet);
            }
            deliver(packet);
        }
    }

    private static void retain(PeerMessage message) {
        if (message instanceof Replicate replicate) {
            replicate.change().retainPieces();
        } else if (message instanceof Push push) {
            push.pieces().forEach(piece -> {
                var payload = piece.payload();
                if (payload != null) {
                    payload.retain();
                }
            });
        }
    }

    private void deliver(Packet packet) {
        loop.after(DELAY_NANOS, () -> {
            Door door = doors.get(packet.to);
            if (door == null || door.listener == null) {
                packet.message.release();
            } else {
                door.listener.onMessage(packet.from, packet.message);
            }
        });
    }

    /** A message on its way. */
    public record Packet(PeerId from, NodeId to, PeerMessage message) {
        /** Whether it is of a kind. */
        public boolean is(Class<? extends PeerMessage> kind) {
            return kind.isInstance(message);
        }

        /** Whether it goes to a node. */
        public boolean goesTo(NodeId node) {
            return to.equals(node);
        }
    }

    private final class Door implements Peers {
        private final PeerId self;
        private @Nullable Listener listener;

        Door(PeerId self) {
            this.self = self;
        }

        @Override
        public void send(NodeId to, PeerMessage message) {
            if (doors.get(self.node()) == this) {
                Network.this.send(new Packet(self, to, message));
            } else {
                message.release();
            }
        }

        @Override
        public void locate(List<Location> nodes) {}

        @Override
        public void listen(Listener newListener) {
            listener = newListener;
        }
    }
}
