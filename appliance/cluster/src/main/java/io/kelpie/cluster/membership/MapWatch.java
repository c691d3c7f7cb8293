package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.LivenessMessage.MapRequest;
import io.kelpie.cluster.message.LivenessMessage.MapUpdate;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Timers.Timer;
import io.kelpie.cluster.port.Tracer;

import org.jspecify.annotations.Nullable;

/**
 * Finds the newest map that is in force: at the coordinator when told and every few seconds, and
 * from whoever has a newer one. Core loop only.
 */
final class MapWatch {
    private static final long POLL_NANOS = 2_000_000_000L;
    private static final long RETRY_NANOS = 500_000_000L;
    /** A peer's map is on its way for less than that, unless a message was lost. */
    private static final long REQUEST_NANOS = 100_000_000L;

    private final Ports ports;
    private final Listener listener;
    private ClusterMap newest = ClusterMap.EMPTY;
    private @Nullable Timer poll;
    private long requestedAt;
    private boolean answered;
    private boolean answers = true;
    private boolean outdated;
    private boolean reading;
    private boolean readAgain;
    private boolean closed;

    /** Learns what the watch found. */
    interface Listener {
        /** The coordinator answered a reading, or a newer map came from a peer. */
        void onLooked();
    }

    MapWatch(Ports ports, Listener listener) {
        this.ports = ports;
        this.listener = listener;
        this.requestedAt = ports.clock().nanos() - REQUEST_NANOS;
    }

    void start(ClusterMap kept) {
        newest = kept;
        read();
    }

    /** The newest map known to be or to have been in force. */
    ClusterMap newest() {
        return newest;
    }

    /** Whether the coordinator has ever answered. */
    boolean hasAnswered() {
        return answered;
    }

    /** Whether the coordinator's last answer was an answer. */
    boolean answers() {
        return answers;
    }

    /** Whether the coordinator's map is older than one that was in force before. */
    boolean isOutdated() {
        return outdated;
    }

    void read() {
        if (closed) {
            return;
        }
        if (reading) {
            readAgain = true;
            return;
        }
        reading = true;
        readAgain = false;
        if (poll != null) {
            poll.cancel();
        }
        // Maps that peers send while the answer is under way may be newer without any wonder.
        long known = newest.version();
        ports.coordinator().readMap(new Completion<>() {
            @Override
            public void done(ClusterMap current) {
                if (closed) {
                    return;
                }
                answered = true;
                answers = true;
                compare(known, current);
                next(POLL_NANOS);
                listener.onLooked();
            }

            @Override
            public void failed(ErrorCode error) {
                answers = false;
                next(RETRY_NANOS);
            }
        });
    }

    /** A map that is in force, heard from a peer or written by this node itself. */
    void offer(ClusterMap map) {
        if (!closed && map.version() > newest.version()) {
            newest = map;
            listener.onLooked();
        }
    }

    void onPeerMap(NodeId node, long version) {
        long now = ports.clock().nanos();
        if (!closed && version > newest.version() && now - requestedAt >= REQUEST_NANOS) {
            requestedAt = now;
            ports.peers().send(node, new MapRequest(newest.version()));
        }
    }

    void serve(NodeId to, long haveVersion) {
        if (!closed && newest.version() > haveVersion) {
            ports.peers().send(to, new MapUpdate(newest));
        }
    }

    void close() {
        closed = true;
        if (poll != null) {
            poll.cancel();
        }
    }

    private void compare(long known, ClusterMap current) {
        if (current.version() > newest.version()) {
            newest = current;
        }
        boolean wasOutdated = outdated;
        outdated = current.version() < known;
        if (outdated && !wasOutdated) {
            ports.tracer()
                    .event(
                            Tracer.Level.ERROR,
                            "the coordinator has map version " + current.version()
                                    + " but version " + known + " was in force: it was restored"
                                    + " from an old backup; this node keeps its map and edits"
                                    + " nothing");
        }
    }

    private void next(long nanos) {
        reading = false;
        if (closed) {
            return;
        }
        if (readAgain) {
            read();
        } else {
            poll = ports.timers().after(nanos, this::read);
        }
    }
}
