package io.kelpie.cluster.testing;

import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/** The network between nodes of a test: each message takes a millisecond, links may be cut. */
public final class MemoryNetwork {
    private static final long DELAY_NANOS = 1_000_000L;

    private final Loop loop;
    private final TreeMap<NodeId, Port> ports = new TreeMap<>();
    private final TreeSet<String> cuts = new TreeSet<>();
    private final List<String> sent = new ArrayList<>();

    public MemoryNetwork(Loop loop) {
        this.loop = loop;
    }

    /** The port of a process; an earlier one of the node is gone. */
    public Peers join(PeerId process) {
        Port port = new Port(process);
        ports.put(process.node(), port);
        return port;
    }

    /** The process dies; its host answers that nobody listens. */
    public void kill(NodeId node) {
        Port port = ports.remove(node);
        if (port != null) {
            port.hung = true;
        }
    }

    /** The process takes and says nothing, until it goes on. */
    public void hang(NodeId node, boolean hung) {
        Port port = ports.get(node);
        if (port != null) {
            port.hung = hung;
        }
    }

    /** Nothing passes between two nodes in either direction. */
    public void cut(NodeId one, NodeId other) {
        cuts.add(one + ">" + other);
        cuts.add(other + ">" + one);
    }

    public void heal() {
        cuts.clear();
    }

    /** Every message that was sent, as {@code from>to: message}, since the last call. */
    public List<String> takeSent() {
        List<String> taken = List.copyOf(sent);
        sent.clear();
        return taken;
    }

    private final class Port implements Peers {
        private final PeerId self;
        private final TreeSet<NodeId> located = new TreeSet<>();
        private @Nullable Listener listener;
        private boolean hung;

        Port(PeerId self) {
            this.self = self;
        }

        @Override
        public void send(NodeId to, PeerMessage message) {
            boolean known = located.contains(to) || to.equals(self.node());
            if (hung || !known) {
                message.release();
                return;
            }
            sent.add(self.node().low() + ">" + to.low() + ": " + message);
            loop.after(DELAY_NANOS, () -> deliver(to, message));
        }

        private void deliver(NodeId to, PeerMessage message) {
            Port target = ports.get(to);
            if (cuts.contains(self.node() + ">" + to)) {
                message.release();
            } else if (target == null) {
                message.release();
                if (listener != null && !hung) {
                    listener.onRefused(to);
                }
            } else if (!target.hung && target.listener != null) {
                target.listener.onMessage(self, message);
            }
        }

        @Override
        public void locate(List<Location> nodes) {
            located.clear();
            nodes.forEach(location -> located.add(location.node()));
        }

        @Override
        public void listen(Listener receiver) {
            listener = receiver;
        }
    }
}
