package io.kelpie.cluster.membership;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.membership.NodeNews.StopReason;
import io.kelpie.cluster.message.ControlMessage.OrderKind;
import io.kelpie.cluster.message.ControlMessage.OrderReply;
import io.kelpie.cluster.message.LivenessMessage.MapRequest;
import io.kelpie.cluster.message.LivenessMessage.MapUpdate;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers.Location;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Tracer;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The membership of one node among several: it makes itself known, waits until the controller names
 * its process lifetime in the map, and installs what the controller writes, from wherever it hears
 * of it. Core loop only.
 */
public final class ClusterMembership implements Membership {
    private static final long TICK_NANOS = 1_000_000_000L;
    private static final int TRACE_TICKS = 5;
    private static final long LOCATE_NANOS = 500_000_000L;

    private final Ports ports;
    private final EventLog events;
    private final FormatRecord formatRecord;
    private final EpochLog epochs;
    private final Announcement self;
    private final Reports reports;
    private final MapListener listener;
    private final NodeNews news;
    private final NodeRecords records;
    private final MapWatch watch;
    private final FormatWork formatWork;
    private final EpochNotes epochNotes;
    private final Orders orders;
    private final Departure departure;
    private final FormatCalls formatCalls;
    private ClusterMap map = ClusterMap.EMPTY;
    private NodeState state = NodeState.WAIT_COORDINATOR;
    private @Nullable Completion<Outcome> starting;
    private long awaitedEvents;
    private int ticks;
    private boolean loaded;
    private boolean installed;
    private boolean named;
    private boolean stopTold;
    private boolean closed;

    /**
     * Composes the machine. The event log must be one among several ({@link EventLog#among}).
     *
     * @param ports all but entropy and payloads are used
     * @param events the event log, loaded by {@link #start}
     * @param formatRecord the applier of format events, registered with the log
     * @param epochs the log of epochs, registered with the log
     * @param self what to make known; the cluster's time of creation is filled in from the store
     * @param reports the way to the controller
     * @param listener learns of every installed map
     * @param news learns what becomes of this node
     */
    public ClusterMembership(
            Ports ports,
            EventLog events,
            FormatRecord formatRecord,
            EpochLog epochs,
            Announcement self,
            Reports reports,
            MapListener listener,
            NodeNews news) {
        this.ports = ports;
        this.events = events;
        this.formatRecord = formatRecord;
        this.epochs = epochs;
        this.self = self;
        this.reports = reports;
        this.listener = listener;
        this.news = news;
        records = new NodeRecords(ports);
        watch = new MapWatch(ports, this::onLooked);
        formatWork = new FormatWork(ports, records, formatRecord, new Formatting());
        epochNotes = new EpochNotes(ports, events, epochs);
        orders = new Orders(ports, reports);
        departure = new Departure(ports, reports, self.id());
        formatCalls = new FormatCalls(ports, events, formatRecord);
        formatRecord.listen(this::onFormatRecord);
    }

    @Override
    public ClusterMap map() {
        return map;
    }

    /**
     * The newest map that is known to be in force somewhere, though perhaps not here yet: it waits
     * for events, or does not name this process.
     *
     * @return its version is at least that of {@link #map}
     */
    public ClusterMap newest() {
        return watch.newest();
    }

    /**
     * Whether the coordinator shows an older map than this node knows to have been in force: it was
     * restored from an old backup, and nobody must edit.
     *
     * @return true until the coordinator shows a newer one
     */
    public boolean isCoordinatorOutdated() {
        return watch.isOutdated();
    }

    /**
     * The settings of the last format that this node knows of.
     *
     * @return with another time of creation than the map's while a format is under way
     */
    public ClusterSettings formatted() {
        return formatRecord.settings();
    }

    /**
     * The other members that take part, as the newest map says.
     *
     * @return their nodes, in index order
     */
    public List<NodeId> others() {
        return newest().members().stream()
                .filter(member -> member.state().isAlive())
                .map(Member::node)
                .filter(node -> !node.equals(self.id().node()))
                .toList();
    }

    @Override
    public EpochLog epochs() {
        return epochs;
    }

    @Override
    public NodeState state() {
        return state;
    }

    /**
     * {@inheritDoc}
     *
     * <p>Waits however long it takes for the coordinator and for a controller that names this
     * process; tells every few seconds what it waits for.
     */
    @Override
    public void start(Completion<Outcome> completion) {
        starting = completion;
        ports.timers().after(TICK_NANOS, this::tick);
        records.load(new Completion<>() {
            @Override
            public void done(Outcome result) {
                watch.start(records.map());
                announce();
                locate();
                events.load(new Completion<>() {
                    @Override
                    public void done(Outcome current) {
                        onLoaded();
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        refuse(error);
                    }
                });
            }

            @Override
            public void failed(ErrorCode error) {
                refuse(error);
            }
        });
    }

    @Override
    public void format(ClusterSettings settings, Completion<Outcome> completion) {
        if (!loaded || watch.isOutdated()) {
            fail(completion, loaded ? ErrorCode.COORDINATOR_FAILED : ErrorCode.NOT_JOINED);
        } else {
            formatCalls.format(settings, completion);
        }
    }

    @Override
    public void order(OrderKind kind, @Nullable NodeId node, Completion<Outcome> completion) {
        if (kind == OrderKind.KILL && (node == null || map.memberOf(node) == null)) {
            fail(completion, ErrorCode.INVALID_ARGUMENT);
        } else if (watch.isOutdated()) {
            fail(completion, ErrorCode.COORDINATOR_FAILED);
        } else {
            orders.give(kind, node, completion);
        }
    }

    @Override
    public void leave(Completion<Outcome> completion) {
        departure.begin(map, completion);
    }

    @Override
    public void close() {
        closed = true;
        watch.close();
        formatWork.close();
        orders.close();
        formatCalls.close();
        departure.close();
        Completion<Outcome> started = starting;
        starting = null;
        if (started != null) {
            started.failed(ErrorCode.SHUTTING_DOWN);
        }
    }

    /**
     * Takes maps, requests for maps and answers to orders.
     *
     * @param from the sender
     * @param message any message
     * @return whether it was for this part; otherwise nothing was done with it
     */
    public boolean onMessage(PeerId from, PeerMessage message) {
        if (message instanceof MapUpdate update) {
            watch.offer(update.map());
        } else if (message instanceof MapRequest request) {
            watch.serve(from.node(), request.haveVersion());
        } else if (message instanceof OrderReply reply) {
            orders.onReply(reply);
        } else {
            return false;
        }
        return true;
    }

    /**
     * This node wrote a map, as the controller: it is installed here and sent to all nodes.
     *
     * @param written the map, swapped in at the coordinator
     */
    public void onOwnMap(ClusterMap written) {
        for (Member member : written.members()) {
            if (!member.node().equals(self.id().node()) && member.state() != MemberState.OUT) {
                ports.peers().send(member.node(), new MapUpdate(written));
            }
        }
        watch.offer(written);
    }

    /**
     * A node was heard to have a map; fetched from it if it is newer than all known.
     *
     * @param node the node
     * @param version its map's version
     */
    public void onPeerMap(NodeId node, long version) {
        watch.onPeerMap(node, version);
    }

    /** Reads the map again: it may have changed, or the coordinator can be reached again. */
    public void onMapMaybeChanged() {
        watch.read();
    }

    private void announce() {
        ports.coordinator()
                .announce(new Announcement(
                        self.id(),
                        self.endpoint(),
                        self.peer(),
                        self.zone(),
                        self.weightGib(),
                        records.createdNanos(),
                        self.clean()));
    }

    /** Before heartbeats see to that: a state that only peers have must be asked of somebody. */
    private void locate() {
        if (loaded || closed || state == NodeState.REFUSED) {
            return;
        }
        ports.peers()
                .locate(watch.newest().members().stream()
                        .filter(member -> !member.node().equals(self.id().node()))
                        .map(member -> new Location(member.node(), member.peer()))
                        .toList());
        ports.timers().after(LOCATE_NANOS, this::locate);
    }

    private void onLoaded() {
        if (closed) {
            return;
        }
        if (!formatRecord.knows(records.createdNanos())) {
            ports.tracer()
                    .event(
                            Tracer.Level.ERROR,
                            "this node's store belongs to another cluster, created at "
                                    + records.createdNanos() + "; this one was created at "
                                    + formatRecord.settings().createdNanos()
                                    + ": start the node with an empty store, or with the"
                                    + " coordinator of its own cluster");
            refuse(ErrorCode.NOT_JOINED);
            return;
        }
        loaded = true;
        if (formatWork.isPending()) {
            ports.tracer().event(Tracer.Level.WARN, "finishing a format that was cut short");
        }
        news.onLoaded();
        formatWork.begin();
        onLooked();
    }

    private void onFormatRecord() {
        epochs.restart(formatRecord.settings().createdNanos());
        if (loaded) {
            formatWork.begin();
        }
    }

    /** A newer map may be known, or what kept one from being installed may be over. */
    private void onLooked() {
        ClusterMap next = watch.newest();
        if (closed || !loaded || !watch.hasAnswered() || state == NodeState.REFUSED) {
            return;
        }
        if (installed && next.version() <= map.version()) {
            return;
        }
        if (next.eventsIndex() > events.appliedIndex()) {
            awaitEvents(next.eventsIndex());
            return;
        }
        long created = formatRecord.settings().createdNanos();
        if (formatWork.isPending() || next.settings().createdNanos() != created) {
            // A map from before the format: its groups are gone.
            return;
        }
        Member member = next.memberOf(self.id().node());
        if (member != null && member.incarnation() > self.id().incarnation()) {
            ports.tracer()
                    .event(
                            Tracer.Level.ERROR,
                            "another process took over this node: lifetime " + member.incarnation()
                                    + ", this one is " + self.id().incarnation());
            enter(NodeState.REFUSED);
            stop(StopReason.TAKEN_OVER);
            return;
        }
        boolean isNamed = member != null && member.id().equals(self.id());
        if (!isNamed && !named && next.status() != ClusterStatus.UNFORMATTED) {
            enter(NodeState.ANNOUNCED);
            return;
        }
        install(next, isNamed ? member : null);
    }

    private void awaitEvents(long index) {
        if (index <= awaitedEvents) {
            return;
        }
        awaitedEvents = index;
        events.whenApplied(index, new Completion<>() {
            @Override
            public void done(Outcome result) {
                onLooked();
            }

            @Override
            public void failed(ErrorCode error) {
                awaitedEvents = 0;
            }
        });
    }

    private void install(ClusterMap next, @Nullable Member member) {
        Invariant.check(
                !installed || next.version() > map.version(),
                "only newer maps are installed",
                next.version());
        map = next;
        installed = true;
        named |= member != null;
        records.keep(next);
        epochNotes.onMap(next);
        enter(stateIn(next, member));
        listener.onMap(next, member);
        formatCalls.onMap(next);
        departure.onMap(next);
        noteEpochs();
        if (member != null && next.status() == ClusterStatus.SHUTDOWN) {
            stop(StopReason.CLUSTER_SHUTDOWN);
        } else if (member != null && member.state() == MemberState.DRAIN && !departure.hasBegun()) {
            stop(StopReason.KILLED);
        }
        Completion<Outcome> started = starting;
        starting = null;
        if (started != null) {
            started.done(Outcome.DONE);
        }
    }

    private static NodeState stateIn(ClusterMap next, @Nullable Member member) {
        return switch (next.status()) {
            case UNFORMATTED -> NodeState.WAIT_FORMAT;
            case RUNNING -> member == null ? NodeState.GATEWAY_ONLY : NodeState.MEMBER;
            case SHUTDOWN -> NodeState.CLUSTER_SHUTDOWN;
        };
    }

    private void stop(StopReason reason) {
        if (!stopTold) {
            stopTold = true;
            news.onStop(reason);
        }
    }

    private void refuse(ErrorCode error) {
        enter(NodeState.REFUSED);
        watch.close();
        Completion<Outcome> started = starting;
        starting = null;
        if (started != null) {
            started.failed(error);
        }
    }

    private void enter(NodeState next) {
        if (state != next) {
            state = next;
            ticks = 0;
            news.onState(next);
        }
    }

    private void tick() {
        if (closed || state == NodeState.REFUSED) {
            return;
        }
        ports.timers().after(TICK_NANOS, this::tick);
        noteEpochs();
        if (ticks++ % TRACE_TICKS != 0 || installed) {
            return;
        }
        if (!watch.answers() || !watch.hasAnswered()) {
            ports.tracer().event(Tracer.Level.WARN, "waiting for the coordinator");
        } else if (!loaded) {
            ports.tracer().event(Tracer.Level.WARN, "waiting for the cluster's events");
        } else if (state == NodeState.ANNOUNCED) {
            String text = "waiting to be named in the map, now at version " + newest().version();
            ports.tracer().event(Tracer.Level.INFO, text);
        }
    }

    private void noteEpochs() {
        if (self.id().equals(reports.controller())) {
            epochNotes.append();
        }
    }

    private void fail(Completion<Outcome> completion, ErrorCode error) {
        ports.timers().after(0, () -> completion.failed(error));
    }

    private final class Formatting implements FormatWork.Listener {
        @Override
        public void onBegin(Runnable idle) {
            enter(NodeState.FORMATTING);
            news.onFormat(idle);
        }

        @Override
        public void onEmptied() {
            announce();
            reports.emptied(records.createdNanos());
            onLooked();
        }
    }
}
