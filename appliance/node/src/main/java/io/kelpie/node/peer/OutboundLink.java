package io.kelpie.node.peer;

import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers.Location;
import io.kelpie.cluster.port.Timers.Timer;
import io.kelpie.cluster.port.Tracer;
import io.netty.channel.Channel;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.TimeUnit;

/**
 * The connections to one node on which this node sends. Up when all of them are; when one breaks,
 * all are closed and dialled again a little later. Core loop only.
 */
// What a close or a write came to is told by the handlers; its future adds nothing.
@SuppressWarnings("FutureReturnValueIgnored")
final class OutboundLink {
    private static final long FIRST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long LAST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Location location;
    private final NettyPeers peers;
    private final @Nullable OutboundConnection[] connections =
            new OutboundConnection[Route.CONNECTIONS];
    private long number;
    private int greeted;
    private long waitNanos = FIRST_WAIT_NANOS;
    private @Nullable Timer redial;
    private String lastTrouble = "";
    private boolean closed;

    OutboundLink(Location location, NettyPeers peers) {
        this.location = location;
        this.peers = peers;
    }

    NodeId node() {
        return location.node();
    }

    Endpoint endpoint() {
        return location.endpoint();
    }

    boolean isUp() {
        return greeted == Route.CONNECTIONS;
    }

    /** Takes the message in any case. */
    void send(PeerMessage message) {
        Route route = Route.of(message);
        OutboundConnection connection = connections[route.connection()];
        if (!isUp() || connection == null) {
            message.release();
        } else if (!connection.offer(message, route.bytes())) {
            message.release();
            fall("it takes too slowly what is sent to it");
        }
    }

    void flush() {
        for (OutboundConnection connection : connections) {
            if (connection != null) {
                connection.flush();
            }
        }
    }

    /** Dials all connections anew. */
    void dial() {
        redial = null;
        if (closed) {
            return;
        }
        long dialled = peers.nextLink();
        number = dialled;
        for (int i = 0; i < Route.CONNECTIONS; i++) {
            peers.dial(location, dialled, i, this);
        }
    }

    /** The other side just dialled us, so it is there: no need to wait. */
    void hurry() {
        if (redial != null) {
            redial.cancel();
            dial();
        }
    }

    void onGreeted(long link, int connection, Channel channel) {
        if (link != number) {
            channel.close();
            return;
        }
        connections[connection] = new OutboundConnection(channel, peers.underWayBytes());
        greeted++;
        if (isUp()) {
            waitNanos = FIRST_WAIT_NANOS;
            lastTrouble = "";
            peers.trace(Tracer.Level.INFO, "connected to " + name());
            peers.lost(node());
        }
    }

    void onClosed(long link, String why, boolean refused) {
        if (link != number) {
            return;
        }
        fall(why);
        if (refused) {
            peers.refused(node());
        }
    }

    /** Closes what is there for good. */
    void close() {
        closed = true;
        if (redial != null) {
            redial.cancel();
            redial = null;
        }
        closeConnections();
    }

    private void fall(String why) {
        boolean wasUp = isUp();
        closeConnections();
        if (!why.equals(lastTrouble)) {
            // A node that stays away would fill the log.
            lastTrouble = why;
            peers.trace(
                    wasUp ? Tracer.Level.WARN : Tracer.Level.INFO,
                    "no connection to " + name() + ": " + why);
        }
        redial = peers.after(waitNanos, this::dial);
        waitNanos = Math.min(LAST_WAIT_NANOS, waitNanos * 2);
        if (wasUp) {
            peers.lost(node());
        }
    }

    private String name() {
        return "node " + node() + " at " + NettyPeers.addressOf(endpoint());
    }

    private void closeConnections() {
        number = 0;
        greeted = 0;
        for (int i = 0; i < connections.length; i++) {
            OutboundConnection connection = connections[i];
            if (connection != null) {
                connection.close();
                connections[i] = null;
            }
        }
    }
}
