package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.LivenessMessage.Heartbeat;
import io.kelpie.cluster.message.LivenessMessage.HeartbeatReply;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.LocalStore.Space;
import io.kelpie.cluster.port.Peers.Location;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Timers.Timer;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Heartbeats with all other nodes, and the leases that ride on them ({@code cluster.md} 7.3). Sends
 * on a timer to every member that did not leave and every announced process; answers all, and an
 * answer is a grant. Tells the peers port where the nodes are. Core loop only.
 */
public final class Liveness implements Leases {
    /** A tick that comes this many periods late says that this process was paused. */
    private static final int PAUSE_TICKS = 4;

    private final Ports ports;
    private final PeerId self;
    private final ClusterTimes times;
    private final Listener listener;
    private final long startNanos;
    private final long quarantineEnd;
    private final TreeMap<NodeId, PeerHealth> peers = new TreeMap<>();
    /** When this node last granted; one entry for each node there ever was. */
    private final TreeMap<NodeId, Long> granted = new TreeMap<>();

    /** As many as reads that wait for a lease, which the primaries bound. */
    private List<Runnable> waiting = new ArrayList<>();

    private List<Location> located = List.of();
    private List<Announcement> announced = List.of();
    private ClusterMap map = ClusterMap.EMPTY;
    private @Nullable Timer ticker;
    private @Nullable Timer waitLimit;
    private long lastTick;
    private boolean started;
    private boolean closed;

    /**
     * Makes the machine; its time of birth is the start of the boot quarantine.
     *
     * @param ports clock, timers, peers and the store's space are used
     * @param self this process
     * @param config times and mutations
     * @param listener gets what the heartbeats show
     */
    public Liveness(Ports ports, PeerId self, ControlConfig config, Listener listener) {
        this.ports = ports;
        this.self = self;
        this.times = config.times();
        this.listener = listener;
        startNanos = now();
        lastTick = startNanos;
        quarantineEnd =
                config.lacks(Mutation.NO_BOOT_WAIT) ? startNanos : startNanos + times.boundNanos();
    }

    /** Gets what the heartbeats show; called on the core loop. */
    public interface Listener {
        /**
         * What this node says of itself with each heartbeat.
         *
         * @return last event it applied
         */
        long eventsIndex();

        /**
         * What this node says of itself with each heartbeat.
         *
         * @return term under which it edits the map at the moment, or 0
         */
        long controllerTerm();

        /**
         * A node has a newer map than this one; repeated with each heartbeat.
         *
         * @param from the node
         * @param version its map
         */
        void onNewerMap(NodeId from, long version);

        /**
         * A node applied events that this one did not; repeated with each heartbeat.
         *
         * @param from the node
         * @param index last event it applied
         */
        void onLaterEvents(NodeId from, long index);

        /**
         * A member that should be alive did not answer for the time of suspicion; repeated while it
         * lasts.
         *
         * @param node the member
         */
        void onSilent(NodeId node);

        /**
         * A member's host says that no process listens; repeated until it answers again.
         *
         * @param node the member
         */
        void onRefused(NodeId node);

        /**
         * A node says that it edits the map.
         *
         * @param from the process
         * @param term its term, above 0
         */
        void onController(PeerId from, long term);
    }

    /** Sends the first heartbeats and starts the timer. */
    public void start() {
        started = true;
        // Before, another part said where to look for the events; that has ended.
        ports.peers().locate(located);
        tick();
    }

    /** Ends all timers; nothing is answered any more. */
    public void close() {
        closed = true;
        if (ticker != null) {
            ticker.cancel();
        }
        if (waitLimit != null) {
            waitLimit.cancel();
        }
        waiting = new ArrayList<>();
    }

    /**
     * A map was installed.
     *
     * @param installed the map
     */
    public void onMap(ClusterMap installed) {
        map = installed;
        locate();
    }

    /**
     * Processes came or went.
     *
     * @param processes who is announced now
     */
    public void onAnnounced(List<Announcement> processes) {
        announced = List.copyOf(processes);
        locate();
        long now = now();
        for (Announcement process : announced) {
            PeerHealth peer = peers.get(process.id().node());
            if (peer != null) {
                peer.onAnnounced(process.id(), now);
            }
        }
    }

    /**
     * Answers a heartbeat, which grants a lease.
     *
     * @param from who asks
     * @param heartbeat the question
     */
    public void onHeartbeat(PeerId from, Heartbeat heartbeat) {
        if (closed) {
            return;
        }
        granted.put(from.node(), now());
        Space space = ports.store().space();
        ports.peers()
                .send(
                        from.node(),
                        new HeartbeatReply(
                                heartbeat.sentNanos(),
                                map.version(),
                                listener.eventsIndex(),
                                space.totalBytes(),
                                space.freeBytes()));
        if (heartbeat.controllerTerm() > 0) {
            listener.onController(from, heartbeat.controllerTerm());
        }
        compare(from.node(), heartbeat.mapVersion(), heartbeat.eventsIndex());
    }

    /**
     * Takes a grant.
     *
     * @param from who granted
     * @param reply the answer to a heartbeat
     */
    public void onReply(PeerId from, HeartbeatReply reply) {
        PeerHealth peer = peers.get(from.node());
        long now = now();
        // Another echo answers an earlier life of this process, on whatever clock that had.
        boolean mine = reply.echoNanos() - startNanos >= 0 && reply.echoNanos() - now <= 0;
        if (closed || peer == null || !mine) {
            return;
        }
        if (!peer.onReply(from, reply, now, times.suspectNanos())) {
            return;
        }
        compare(from.node(), reply.mapVersion(), reply.eventsIndex());
        runWaiting();
    }

    /**
     * A node's host says that no process listens.
     *
     * @param node the node
     */
    public void onRefused(NodeId node) {
        PeerHealth peer = peers.get(node);
        if (!closed && peer != null) {
            peer.onRefused();
            if (isExpected(node)) {
                listener.onRefused(node);
            }
        }
    }

    @Override
    public boolean isHeld(long groupEpoch, long mapVersion, List<NodeId> givers) {
        long since = now() - times.leaseNanos();
        for (NodeId giver : givers) {
            PeerHealth peer = peers.get(giver);
            if (peer == null || !peer.grantedAfter(since, groupEpoch, mapVersion)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public long boundUntil(NodeId holder) {
        Long last = granted.get(holder);
        return last == null ? startNanos : last + times.boundNanos();
    }

    @Override
    public long quarantineEnd() {
        return quarantineEnd;
    }

    @Override
    public void afterNextGrant(Runnable task) {
        if (closed) {
            return;
        }
        if (waiting.isEmpty()) {
            waitLimit = ports.timers().after(times.leaseNanos(), this::runWaiting);
        }
        waiting.add(task);
    }

    /**
     * Whether a node answers no heartbeats.
     *
     * @param node the node; this one always answers itself
     * @return true after the time of suspicion without an answer, or if its host refused since the
     *     last one
     */
    public boolean isSilent(NodeId node) {
        return isRefused(node) || silentNanos(node) >= times.suspectNanos();
    }

    /**
     * Whether a node's host said that no process listens, and nobody answered since.
     *
     * @param node the node
     * @return true if so
     */
    public boolean isRefused(NodeId node) {
        PeerHealth peer = peers.get(node);
        return peer != null && peer.isRefused();
    }

    /**
     * How long a node has not answered.
     *
     * @param node the node
     * @return nanoseconds since the last answer, or since it was first asked; 0 for this node and
     *     for those that are not asked
     */
    public long silentNanos(NodeId node) {
        PeerHealth peer = peers.get(node);
        return peer == null ? 0 : now() - peer.silentSince();
    }

    /**
     * Whether a process answers heartbeats now.
     *
     * @param process the process
     * @param forNanos for how long without a pause it must have done so; 0: one answer suffices
     * @return true if so; always for this process
     */
    public boolean isHeard(PeerId process, long forNanos) {
        if (process.equals(self)) {
            return true;
        }
        PeerHealth peer = peers.get(process.node());
        return peer != null
                && !isSilent(process.node())
                && peer.answeredSince(process, now() - forNanos);
    }

    /**
     * What is known of the other nodes, for people.
     *
     * @return one line for each node that was ever asked, in the order of ids
     */
    public List<PeerStatus> peers() {
        List<PeerStatus> all = new ArrayList<>();
        peers.forEach((node, peer) -> all.add(peer.status(node, now())));
        return List.copyOf(all);
    }

    /**
     * What is known of another node.
     *
     * @param node the node
     * @param incarnation the process that answered last, 0 if none did
     * @param silentNanos since its last answer, or since it was first asked
     * @param roundTripNanos from question to answer, the last one
     * @param mapVersion its map
     * @param eventsIndex last event it applied
     * @param totalBytes size of its store
     * @param freeBytes room in it
     */
    public record PeerStatus(
            NodeId node,
            long incarnation,
            long silentNanos,
            long roundTripNanos,
            long mapVersion,
            long eventsIndex,
            long totalBytes,
            long freeBytes) {}

    private void tick() {
        if (closed) {
            return;
        }
        long now = now();
        if (now - lastTick > PAUSE_TICKS * times.heartbeatNanos()) {
            // Not they were silent but this process: it must not accuse them all.
            peers.values().forEach(peer -> peer.excuse(now));
        }
        lastTick = now;
        Heartbeat heartbeat = new Heartbeat(
                now, map.version(), listener.eventsIndex(), listener.controllerTerm());
        for (Location location : located) {
            ports.peers().send(location.node(), heartbeat);
        }
        report();
        ticker = ports.timers().after(times.heartbeatNanos(), this::tick);
    }

    private void report() {
        for (Location location : located) {
            NodeId node = location.node();
            if (!isExpected(node)) {
                continue;
            }
            if (isRefused(node)) {
                listener.onRefused(node);
            } else if (isSilent(node)) {
                listener.onSilent(node);
            }
        }
    }

    /** Only members that should be alive are worth a report. */
    private boolean isExpected(NodeId node) {
        Member member = map.memberOf(node);
        return member != null && member.state().isAlive();
    }

    private void compare(NodeId from, long mapVersion, long eventsIndex) {
        if (mapVersion > map.version()) {
            listener.onNewerMap(from, mapVersion);
        }
        if (eventsIndex > listener.eventsIndex()) {
            listener.onLaterEvents(from, eventsIndex);
        }
    }

    private void runWaiting() {
        if (waitLimit != null) {
            waitLimit.cancel();
            waitLimit = null;
        }
        List<Runnable> due = waiting;
        waiting = new ArrayList<>();
        due.forEach(Runnable::run);
    }

    /** Where everybody is: as announced, as that is newer, else as the map says. */
    private void locate() {
        TreeMap<NodeId, Location> locations = new TreeMap<>();
        for (Member member : map.members()) {
            if (member.state() != MemberState.OUT) {
                locations.put(member.node(), new Location(member.node(), member.peer()));
            }
        }
        for (Announcement process : announced) {
            Member member = map.memberOf(process.id().node());
            if (member == null || process.id().incarnation() >= member.incarnation()) {
                locations.put(
                        process.id().node(), new Location(process.id().node(), process.peer()));
            }
        }
        locations.remove(self.node());
        List<Location> next = List.copyOf(locations.values());
        if (next.equals(located)) {
            return;
        }
        located = next;
        peers.keySet().retainAll(locations.keySet());
        long now = now();
        locations.keySet().forEach(node -> peers.computeIfAbsent(node, id -> new PeerHealth(now)));
        if (started) {
            ports.peers().locate(located);
        }
    }

    private long now() {
        return ports.clock().nanos();
    }
}
