package io.kelpie.cluster.testing;

import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/** Connections between nodes of a test: in order, through the loop, lost as a test says. */
public final class Wires {
    private final Loop loop;
    private final TreeMap<NodeId, Peers.Listener> listeners = new TreeMap<>();
    private final List<PeerMessage> sent = new ArrayList<>();
    private BiPredicate<NodeId, PeerMessage> losing = (to, message) -> false;

    public Wires(Loop loop) {
        this.loop = loop;
    }

    /** Loses such messages from now on. */
    public void lose(Predicate<PeerMessage> which) {
        losing = (to, message) -> which.test(message);
    }

    /** Loses such messages to one node from now on. */
    public void lose(NodeId node, Predicate<PeerMessage> which) {
        losing = (to, message) -> to.equals(node) && which.test(message);
    }

    /** Everything that was sent, lost or not; payloads inside are no longer valid. */
    public List<PeerMessage> sent() {
        return sent;
    }

    /** The end of one node. */
    public Peers of(PeerId self) {
        return new Peers() {
            @Override
            public void send(NodeId to, PeerMessage message) {
                sent.add(message);
                if (losing.test(to, message) || !listeners.containsKey(to)) {
                    message.release();
                } else {
                    loop.post(() -> {
                        Peers.Listener listener = listeners.get(to);
                        if (listener == null) {
                            message.release();
                        } else {
                            listener.onMessage(self, message);
                        }
                    });
                }
            }

            @Override
            public void locate(List<Location> nodes) {}

            @Override
            public void listen(Listener listener) {
                listeners.put(self.node(), listener);
            }
        };
    }

    /** A node is gone. */
    public void cut(NodeId node) {
        listeners.remove(node);
        listeners.values().forEach(listener -> listener.onLost(node));
    }
}
