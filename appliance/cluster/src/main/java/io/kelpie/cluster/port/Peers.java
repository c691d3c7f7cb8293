package io.kelpie.cluster.port;

import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;

import java.util.List;

/**
 * The way to the other nodes: messages arrive at most once. Those to one node about one placement
 * group, and those about none, arrive in the order they were sent, with gaps only where the
 * connection was lost ({@link Listener#onLost} tells); answers to gateways alone have no order.
 * Nothing is queued for a node that cannot be reached. A message to the node itself is delivered
 * too. Core loop only.
 */
public interface Peers {
    /** No other nodes: the {@code single} coordinator. */
    Peers NONE = new Peers() {
        @Override
        public void send(NodeId to, PeerMessage message) {
            message.release();
        }

        @Override
        public void locate(List<Location> nodes) {}

        @Override
        public void listen(Listener listener) {}
    };

    /**
     * Sends a message, or drops it if the node cannot be reached or too much is under way to it.
     *
     * @param to the receiver
     * @param message the message; ownership of payloads inside passes to the port
     */
    void send(NodeId to, PeerMessage message);

    /**
     * Tells where the nodes are; connections to nodes that are not listed are closed.
     *
     * @param nodes all nodes to talk to
     */
    void locate(List<Location> nodes);

    /**
     * Registers the one receiver; called before any other call.
     *
     * @param listener gets messages and news on the core loop
     */
    void listen(Listener listener);

    /**
     * Where a node is.
     *
     * @param node the node
     * @param endpoint where it listens for other nodes
     */
    record Location(NodeId node, Endpoint endpoint) {}

    /** Receives messages and news of connections. */
    interface Listener {
        /**
         * A message arrived.
         *
         * @param from the process that sent it
         * @param message the message; ownership of payloads inside passes to the listener
         */
        void onMessage(PeerId from, PeerMessage message);

        /**
         * A connection to a node broke, or a new one was made: messages sent before may be lost.
         *
         * @param node the node
         */
        void onLost(NodeId node);

        /**
         * A node's host says that no process listens there: the process is gone.
         *
         * @param node the node
         */
        void onRefused(NodeId node);
    }
}
