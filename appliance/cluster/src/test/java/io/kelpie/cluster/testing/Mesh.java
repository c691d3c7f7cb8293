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
import java.util.function.Predicate;

/** Nodes that reach each other through memory, unless a test cuts one off. */
public final class Mesh {
    private final Loop loop;
    private final TreeMap<NodeId, Port> ports = new TreeMap<>();
    private final TreeSet<NodeId> cut = new TreeSet<>();
    private final List<PeerMessage> sent = new ArrayList<>();
    private Predicate<PeerMessage> lost = message -> false;

    public Mesh(Loop loop) {
        this.loop = loop;
    }

    /** The peers of a process; a later life of the node replaces an earlier one. */
    public Peers join(PeerId self) {
        Port port = new Port(self);
        ports.put(self.node(), port);
        return port;
    }

    /** Nothing reaches the node or comes from it, or it is reached again. */
    public void cut(NodeId node, boolean now) {
        if (now) {
            cut.add(node);
        } else {
            cut.remove(node);
        }
    }

    /** Messages of these kinds are lost. */
    public void lose(Predicate<PeerMessage> which) {
        lost = which;
    }

    /** All messages that were sent, also those that were lost. */
    public List<PeerMessage> sent() {
        return sent;
    }

    private final class Port implements Peers {
        private final PeerId self;
        private @Nullable Listener listener;

        Port(PeerId self) {
            this.self = self;
        }

        @Override
        public void send(NodeId to, PeerMessage message) {
            sent.add(message);
            if (cut.contains(to) || cut.contains(self.node()) || lost.test(message)) {
                message.release();
                return;
            }
            loop.post(() -> {
                Port there = ports.get(to);
                boolean alive = ports.get(self.node()) == this;
                Listener receiver = there == null ? null : there.listener;
                if (receiver == null || !alive) {
                    message.release();
                } else {
                    receiver.onMessage(self, message);
                }
            });
        }

        @Override
        public void locate(List<Location> nodes) {
            // Everybody is found.
        }

        @Override
        public void listen(Listener receiver) {
            listener = receiver;
        }
    }
}
