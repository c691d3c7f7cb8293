package io.kelpie.node.peer;

import io.kelpie.cluster.model.PeerId;
import io.kelpie.wire.peer.Close;

import java.util.ArrayList;
import java.util.List;

/**
 * The connections on which one process sends to this node, numbered by that process. Core loop
 * only.
 */
final class InboundLink {
    private final PeerId from;
    private final long number;
    /** At most as many as a greeting can number. */
    private final List<AcceptHandler> connections = new ArrayList<>();

    private boolean over;

    InboundLink(PeerId from, long number) {
        this.from = from;
        this.number = number;
    }

    PeerId from() {
        return from;
    }

    boolean isSame(PeerId process, long link) {
        return from.equals(process) && number == link;
    }

    /** Whether another link of the same node was dialled after this one. */
    boolean isOlderThan(PeerId process, long link) {
        return from.incarnation() < process.incarnation()
                || (from.incarnation() == process.incarnation() && number < link);
    }

    void add(AcceptHandler connection) {
        connections.add(connection);
    }

    void remove(AcceptHandler connection) {
        connections.remove(connection);
    }

    /** No message of it counts any more. */
    boolean isOver() {
        return over;
    }

    void end(Close reason) {
        over = true;
        connections.forEach(connection -> connection.refuse(reason));
        connections.clear();
    }
}
