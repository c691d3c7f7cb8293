package io.kelpie.cluster.event;

import io.kelpie.cluster.message.LivenessMessage.EventsRequest;
import io.kelpie.cluster.message.LivenessMessage.StateRequest;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.Ports;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.function.LongSupplier;

/**
 * Asks peers, one after the other, for events that are known to exist and that the coordinator does
 * not deliver: it is away, or has forgotten them. Core loop only.
 */
final class PeerEvents {
    /** The coordinator comes first: it takes a few milliseconds when it is there. */
    private static final long PATIENCE_NANOS = 250_000_000L;

    private final Ports ports;
    private final EventSources sources;
    private final LongSupplier applied;
    /** An event that exists: somebody has applied it, or a map asks for it. */
    private long wanted;

    private @Nullable NodeId teller;
    private boolean coordinatorAnswers = true;
    private boolean needsState;
    private boolean timing;
    private boolean closed;
    private int turn;

    PeerEvents(Ports ports, EventSources sources, LongSupplier applied) {
        this.ports = ports;
        this.sources = sources;
        this.applied = applied;
    }

    void onAhead(NodeId node, long index) {
        teller = node;
        onWanted(index);
    }

    void onWanted(long index) {
        wanted = Math.max(wanted, index);
        if (coordinatorAnswers) {
            startTimer();
        } else {
            ask();
        }
    }

    void onCoordinator(boolean answers) {
        coordinatorAnswers = answers;
        if (answers) {
            needsState = false;
        }
    }

    /** The coordinator no longer has the events that follow. */
    void onForgotten() {
        coordinatorAnswers = true;
        if (!needsState) {
            needsState = true;
            ask();
        }
    }

    /** A peer no longer has them; perhaps the coordinator does. */
    void onForgottenBy(NodeId node) {
        if (!coordinatorAnswers && isBehind()) {
            needsState = true;
            ports.peers().send(node, new StateRequest());
        }
    }

    /** Events came from a peer; it may have more than one answer carries. */
    void onProgress(NodeId node) {
        if (isBehind() && !coordinatorAnswers) {
            ports.peers().send(node, new EventsRequest(applied.getAsLong()));
        }
    }

    /** Whether a whole state was asked for: an unasked one is not taken. */
    boolean takesState() {
        return needsState;
    }

    void onStateTaken() {
        needsState = false;
    }

    void close() {
        closed = true;
    }

    private boolean isBehind() {
        return wanted > applied.getAsLong();
    }

    private void startTimer() {
        if (!timing && !closed) {
            timing = true;
            ports.timers().after(PATIENCE_NANOS, () -> {
                timing = false;
                ask();
            });
        }
    }

    private void ask() {
        if (closed || timing || (!needsState && !isBehind())) {
            return;
        }
        NodeId from = next();
        if (from != null) {
            ports.peers()
                    .send(
                            from,
                            needsState
                                    ? new StateRequest()
                                    : new EventsRequest(applied.getAsLong()));
        }
        startTimer();
    }

    private @Nullable NodeId next() {
        NodeId first = teller;
        if (first != null) {
            teller = null;
            return first;
        }
        List<NodeId> others = sources.others();
        return others.isEmpty() ? null : others.get(turn++ % others.size());
    }
}
