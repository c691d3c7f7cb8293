package io.kelpie.cluster.membership;

import io.kelpie.cluster.membership.Liveness.PeerStatus;
import io.kelpie.cluster.message.LivenessMessage.HeartbeatReply;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;

/** What the answers of one other node showed, and the grants in them. */
final class PeerHealth {
    /** Those of a lease's time at the usual period, twice over; older ones have run out. */
    private static final int MAX_GRANTS = 16;

    private record Grant(long sentNanos, long mapVersion) {}

    private final ArrayDeque<Grant> grants = new ArrayDeque<>();
    private @Nullable PeerId process;
    private HeartbeatReply last = new HeartbeatReply(0, 0, 0, 0, 0);
    private long silentSince;
    private long answeringSince;
    private long roundTripNanos;
    private boolean refused;
    /** The latest process that was announced. */
    private long incarnation;

    PeerHealth(long now) {
        silentSince = now;
        answeringSince = now;
    }

    /**
     * Takes an answer to a heartbeat of this process; false if it is of an earlier process of the
     * node. After a gap of the given length the process begins to answer anew.
     */
    boolean onReply(PeerId from, HeartbeatReply reply, long now, long gapNanos) {
        if (process != null && from.incarnation() < process.incarnation()) {
            return false;
        }
        if (!from.equals(process)) {
            // What another life granted says nothing about what this one knows.
            grants.clear();
            process = from;
            answeringSince = now;
        } else if (refused || now - silentSince >= gapNanos) {
            answeringSince = now;
        }
        grants.add(new Grant(reply.echoNanos(), reply.mapVersion()));
        if (grants.size() > MAX_GRANTS) {
            grants.remove();
        }
        last = reply;
        silentSince = now;
        roundTripNanos = now - reply.echoNanos();
        refused = false;
        return true;
    }

    void onRefused() {
        refused = true;
    }

    boolean isRefused() {
        return refused;
    }

    /** Starts the time of silence anew. */
    void excuse(long now) {
        silentSince = now;
    }

    /** A process of the node was announced: what an earlier one failed to do is forgotten. */
    void onAnnounced(PeerId announced, long now) {
        if (announced.incarnation() > incarnation) {
            incarnation = announced.incarnation();
            refused = false;
            silentSince = now;
        }
    }

    long silentSince() {
        return silentSince;
    }

    boolean answeredSince(PeerId who, long nanos) {
        return who.equals(process) && answeringSince - nanos <= 0;
    }

    /** Whether a heartbeat sent after a time was answered under a map in a range of versions. */
    boolean grantedAfter(long nanos, long lowestVersion, long highestVersion) {
        for (Grant grant : grants) {
            if (grant.sentNanos() - nanos > 0
                    && grant.mapVersion() >= lowestVersion
                    && grant.mapVersion() <= highestVersion) {
                return true;
            }
        }
        return false;
    }

    PeerStatus status(NodeId node, long now) {
        return new PeerStatus(
                node,
                process == null ? 0 : process.incarnation(),
                now - silentSince,
                roundTripNanos,
                last.mapVersion(),
                last.eventsIndex(),
                last.totalBytes(),
                last.freeBytes());
    }
}
