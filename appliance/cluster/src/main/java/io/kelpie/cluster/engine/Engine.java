package io.kelpie.cluster.engine;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.gateway.InFlight;
import io.kelpie.cluster.gateway.OperationState;
import io.kelpie.cluster.membership.ControllerLine;
import io.kelpie.cluster.membership.EpochLog;
import io.kelpie.cluster.membership.EpochLog.Epoch;
import io.kelpie.cluster.membership.FormatRecord;
import io.kelpie.cluster.membership.Liveness.PeerStatus;
import io.kelpie.cluster.membership.Membership;
import io.kelpie.cluster.membership.NodeNews;
import io.kelpie.cluster.membership.NodeState;
import io.kelpie.cluster.membership.SoleMembership;
import io.kelpie.cluster.membership.UncleanLog;
import io.kelpie.cluster.membership.UncleanLog.Unclean;
import io.kelpie.cluster.message.ControlMessage.OrderKind;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Timers.Timer;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.cluster.recovery.SessionProgress;
import io.kelpie.cluster.replication.GroupState;
import io.kelpie.cluster.replication.Replication;
import io.kelpie.cluster.replication.ReplicationListener;
import io.kelpie.cluster.vdi.AttributeRequest;
import io.kelpie.cluster.vdi.Attributes;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.EventBarrier;
import io.kelpie.cluster.vdi.HomeCalls;
import io.kelpie.cluster.vdi.InodeHomes;
import io.kelpie.cluster.vdi.InodeView;
import io.kelpie.cluster.vdi.InodeViews;
import io.kelpie.cluster.vdi.TableGuard;
import io.kelpie.cluster.vdi.VdiCatalog;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.cluster.vdi.VdiTable;
import io.kelpie.cluster.volume.ClientObjects;
import io.kelpie.cluster.volume.OpenVolume;
import io.kelpie.cluster.volume.Volume;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The cluster logic of one node: the only entry for doors, adapters and the simulator. Core loop
 * only, as every class behind it. Unlike those of the ports, a completion given here may run before
 * the call returns. Until the node serves, requests fail with NOT_JOINED or NOT_FORMATTED. Names of
 * VDIs and tags have one character a byte ({@link io.kelpie.cluster.vdi.VdiName}).
 */
public final class Engine {
    /** A client that does not end its request must not keep a node from stopping. */
    private static final long STOP_NANOS = 20_000_000_000L;

    /** As long as a format waits for requests before it empties the store without them. */
    private static final long FORMAT_IDLE_NANOS = 5_000_000_000L;

    private final EngineConfig config;
    private final Ports ports;
    private final InFlight inFlight = new InFlight(ErrorCode.NOT_JOINED);
    private final VdiTable table = new VdiTable();
    private final Replication replication;
    private final Gateway gateway;
    private final EventLog events;
    private final UncleanLog unclean;
    private final InodeHomes inodes;
    private final InodeViews views;
    private final VdiCatalog catalog;
    private final Attributes attributes;
    private final ClientObjects objects;
    private final Membership membership;
    private final @Nullable Neighbourhood neighbourhood;
    private boolean formatting;
    private boolean stopping;

    /**
     * Composes the engine of a node that nobody stops from outside; nothing runs before
     * {@link #start}.
     *
     * @param config what this node is
     * @param ports the world
     */
    public Engine(EngineConfig config, Ports ports) {
        this(config, ports, EngineListener.NONE);
    }

    /**
     * Composes the engine; nothing runs before {@link #start}.
     *
     * @param config what this node is
     * @param ports the world
     * @param listener told when the process should end
     */
    public Engine(EngineConfig config, Ports ports, EngineListener listener) {
        this.config = config;
        this.ports = ports;
        FormatRecord formatRecord = new FormatRecord(this::onFormatEvent);
        EpochLog epochs = new EpochLog(ports);
        unclean = new UncleanLog(ports);
        events = new EventLog(
                ports,
                config.node(),
                config.incarnation(),
                List.of(formatRecord, epochs, table, unclean));
        ClusterConfig cluster = config.cluster();
        if (cluster == null) {
            neighbourhood = null;
            replication = Replication.alone(ports, config.id());
            gateway = new Gateway(
                    ports, config.id(), replication, events, table, ControllerLine.NONE);
            membership = new SoleMembership(
                    ports, events, formatRecord, epochs, self(), config.partBits(), (map, self) -> {
                        replication().install(map, self);
                        onMap(map, self);
                    });
        } else {
            Neighbourhood others = new Neighbourhood(
                    config,
                    cluster,
                    ports,
                    events,
                    formatRecord,
                    epochs,
                    new Neighbourhood.Around(
                            this::onMap,
                            new News(listener),
                            new TableGuard(table, () -> false),
                            Runnable::run,
                            this::forgetDerived));
            neighbourhood = others;
            replication = others.replication();
            gateway = new Gateway(
                            ports,
                            config.id(),
                            replication,
                            events,
                            table,
                            others.watch().reports())
                    .among();
            others.complete(gateway);
            membership = others.membership();
        }
        inodes = new InodeHomes(table, events, gateway, ports.payloads());
        views = new InodeViews(table, events, inodes, gateway);
        EventBarrier barrier =
                neighbourhood == null ? EventBarrier.NONE : neighbourhood.barrier()::raise;
        catalog = new VdiCatalog(ports, events, table, inodes, gateway, barrier);
        attributes = new Attributes(table, gateway, ports.payloads());
        new HomeCalls(inodes, attributes, gateway);
        objects =
                new ClientObjects(table, inodes, gateway, () -> map().settings().blockSizeShift());
        replication.listen(new GroupNews());
    }

    private Replication replication() {
        return replication;
    }

    private Member self() {
        return new Member(
                0,
                config.node(),
                config.incarnation(),
                config.endpoint(),
                config.zone(),
                config.weightGib());
    }

    /**
     * Loads the cluster's state, has this process named in the map, finishes what an earlier life
     * left half done and begins to serve. Among several nodes that may take for ever; until then
     * requests are refused with NOT_JOINED.
     *
     * @param ready gets DONE when the node serves, also when the cluster waits for its first
     *     format; NOT_JOINED if the store belongs to a cluster that does not name this node
     */
    public void start(Completion<Outcome> ready) {
        Neighbourhood others = neighbourhood;
        if (others == null) {
            ports.coordinator().listen(new SoleNews());
        } else {
            ports.coordinator().listen(others);
            ports.peers().listen(others);
        }
        membership.start(ready);
    }

    /**
     * Stops accepting, waits for requests in flight, writes the state and syncs the store.
     *
     * @param stopped gets DONE; the store may be closed then
     */
    public void stop(Completion<Outcome> stopped) {
        stopping = true;
        inFlight.close(ErrorCode.SHUTTING_DOWN);
        boolean[] closing = new boolean[1];
        Runnable close = () -> {
            if (!closing[0]) {
                closing[0] = true;
                closeDown(stopped);
            }
        };
        Timer limit = ports.timers().after(STOP_NANOS, () -> {
            ports.tracer()
                    .event(
                            Tracer.Level.WARN,
                            "stopping with " + inFlight.count() + " requests in flight");
            close.run();
        });
        inFlight.whenIdle(() -> {
            limit.cancel();
            close.run();
        });
    }

    /** Others take over first, while this node still answers them. */
    private void closeDown(Completion<Outcome> stopped) {
        Neighbourhood others = neighbourhood;
        if (others == null || map().status() != ClusterStatus.RUNNING) {
            closeParts(stopped);
            return;
        }
        membership.leave(new Completion<>() {
            @Override
            public void done(Outcome result) {
                closeParts(stopped);
            }

            @Override
            public void failed(ErrorCode error) {
                closeParts(stopped);
            }
        });
    }

    private void closeParts(Completion<Outcome> stopped) {
        membership.close();
        catalog.close();
        gateway.close();
        if (neighbourhood != null) {
            neighbourhood.close();
        }
        events.close(new Then<>(stopped) {
            @Override
            public void done(Outcome result) {
                ports.store().sync(stopped);
            }
        });
    }

    /**
     * The cluster map in force.
     *
     * @return the map, {@link ClusterMap#EMPTY} before the first was installed
     */
    public ClusterMap map() {
        return membership.map();
    }

    /**
     * The epochs since the last format.
     *
     * @return oldest first
     */
    public List<Epoch> epochs() {
        return membership.epochs().epochs();
    }

    /**
     * What was started by force, so that writes may be lost.
     *
     * @return oldest first
     */
    public List<Unclean> uncleanStarts() {
        return unclean.events();
    }

    /**
     * Why requests are refused now.
     *
     * @return the error that requests get, or null while the node serves
     */
    public @Nullable ErrorCode refusal() {
        return inFlight.refusal();
    }

    /**
     * How many requests of doors are in flight.
     *
     * @return at least 0
     */
    public int requestsInFlight() {
        return inFlight.count();
    }

    /**
     * Drops everything in the cluster and starts it anew at epoch 1. Requests in flight end first;
     * new ones are refused with NOT_FORMATTED until it is done.
     *
     * @param settings the operator's choices; the time of creation is filled in if it is 0
     * @param completion gets DONE when the new cluster serves; BUSY if a format is under way,
     *     NO_SPACE if no node would hold objects, SHUTTING_DOWN
     */
    public void format(ClusterSettings settings, Completion<Outcome> completion) {
        if (stopping || refusal() == ErrorCode.SHUTTING_DOWN) {
            completion.failed(ErrorCode.SHUTTING_DOWN);
            return;
        }
        if (formatting || (neighbourhood == null && refusal() == ErrorCode.NOT_JOINED)) {
            completion.failed(formatting ? ErrorCode.BUSY : ErrorCode.NOT_JOINED);
            return;
        }
        if (neighbourhood == null && config.weightGib() == 0) {
            // A gateway holds no objects, and there is nobody else.
            completion.failed(ErrorCode.NO_SPACE);
            return;
        }
        long created = settings.createdNanos();
        ClusterSettings dated = new ClusterSettings(
                created == 0 ? ports.clock().wallNanos() : created,
                settings.flags(),
                settings.copies(),
                settings.blockSizeShift(),
                settings.store());
        if (neighbourhood != null) {
            // Every node, this one too, closes its doors when it applies the event.
            membership.format(dated, completion);
            return;
        }
        formatting = true;
        inFlight.close(ErrorCode.NOT_FORMATTED);
        inFlight.whenIdle(() -> membership.format(dated, new Completion<>() {
            @Override
            public void done(Outcome result) {
                formatting = false;
                letIn();
                completion.done(result);
            }

            @Override
            public void failed(ErrorCode error) {
                formatting = false;
                completion.failed(error);
            }
        }));
    }

    /**
     * Stops the whole cluster: every node refuses requests from now on.
     *
     * @param completion gets DONE once the map says so; BUSY during a format
     */
    public void shutdownCluster(Completion<Outcome> completion) {
        if (formatting) {
            completion.failed(ErrorCode.BUSY);
            return;
        }
        if (neighbourhood != null) {
            // Every node, this one too, closes its doors when the map says so.
            membership.order(OrderKind.SHUTDOWN, null, completion);
            return;
        }
        if (membership.map().status() != ClusterStatus.RUNNING) {
            inFlight.close(ErrorCode.SHUTTING_DOWN);
            completion.done(Outcome.DONE);
            return;
        }
        inFlight.close(ErrorCode.SHUTTING_DOWN);
        inFlight.whenIdle(() -> membership.order(OrderKind.SHUTDOWN, null, completion));
    }

    /**
     * Carries out an operator's word on the cluster.
     *
     * @param kind what to do
     * @param node the node concerned, or null
     * @param completion gets DONE when the map says so; COORDINATOR_FAILED if nobody could be found
     *     to change it; INVALID_ARGUMENT; UNSUPPORTED on a node that is the whole cluster
     */
    public void order(OrderKind kind, @Nullable NodeId node, Completion<Outcome> completion) {
        membership.order(kind, node, completion);
    }

    /**
     * What this node is in the cluster.
     *
     * @return its state, for people
     */
    public NodeState state() {
        return membership.state();
    }

    /**
     * The nodes there are: members that take part, or before the first format who is announced.
     *
     * @return by address and port; this node alone if it knows of no other
     */
    public List<Member> nodes() {
        List<Member> nodes = new ArrayList<>();
        for (Member member : map().members()) {
            if (member.state().isAlive()) {
                nodes.add(member);
            }
        }
        if (nodes.isEmpty() && neighbourhood != null) {
            for (Announcement process : neighbourhood.watch().announced()) {
                nodes.add(new Member(
                        nodes.size(),
                        process.id().node(),
                        process.id().incarnation(),
                        process.endpoint(),
                        process.zone(),
                        process.weightGib()));
            }
        }
        if (nodes.isEmpty()) {
            nodes.add(self());
        }
        nodes.sort(Comparator.comparing(Member::endpoint));
        return List.copyOf(nodes);
    }

    /**
     * What this node does for its groups, for people.
     *
     * @return one line for each group, in order
     */
    public List<GroupState> groups() {
        return replication.states();
    }

    /**
     * The learning sessions that this node leads.
     *
     * @return what each does; none on a node that is the whole cluster
     */
    public List<SessionProgress> recovery() {
        return neighbourhood == null ? List.of() : neighbourhood.recovery().progress();
    }

    /**
     * Sets how fast learners are brought up to date.
     *
     * @param outgoing sessions led at a time, at least 1
     * @param bytesPerSecond most that is sent; 0: no limit
     */
    public void limitRecovery(int outgoing, long bytesPerSecond) {
        if (neighbourhood != null) {
            neighbourhood.recovery().limit(outgoing, bytesPerSecond);
        }
    }

    /**
     * The other nodes as their heartbeats show them.
     *
     * @return one line for each node heard of; none on a node that is the whole cluster
     */
    public List<PeerStatus> peers() {
        return neighbourhood == null
                ? List.of()
                : neighbourhood.watch().liveness().peers();
    }

    /**
     * Operations of this node's gateway that are in work, for people.
     *
     * @return oldest first, each with the reason it waits
     */
    public List<OperationState> operations() {
        return gateway.operations();
    }

    /**
     * All rows of the VDI table, deleted ones too.
     *
     * @return an immutable list in ascending id order
     */
    public List<VdiEntry> vdis() {
        return List.copyOf(table.rows());
    }

    /**
     * Finds a VDI by name as the Sheepdog protocol does (section 10.5).
     *
     * @param name the name
     * @param tag snapshot tag, or empty
     * @param snapshotId snapshot id, or 0
     * @param completion gets the row, or NO_SUCH_VDI or NO_SUCH_TAG
     */
    public void lookup(String name, String tag, int snapshotId, Completion<VdiEntry> completion) {
        Completion<VdiEntry> admitted = inFlight.admit(completion);
        if (admitted == null) {
            return;
        }
        catalog.lookup(name, tag, snapshotId, admitted);
    }

    /**
     * Creates a VDI.
     *
     * @param request what it shall be
     * @param completion gets its row once it is durable; or VDI_EXISTS, VDI_SPACE_FULL,
     *     INVALID_ARGUMENT
     */
    public void createVdi(CreateRequest request, Completion<VdiEntry> completion) {
        Completion<VdiEntry> admitted = inFlight.admit(completion);
        if (admitted == null) {
            return;
        }
        ClusterSettings settings = map().settings();
        int copies = request.copies() == 0 ? settings.copies() : request.copies();
        int shift = request.blockSizeShift() == 0
                ? settings.blockSizeShift()
                : request.blockSizeShift();
        boolean valid = copies >= 1
                && copies <= ClusterSettings.MAX_COPIES
                && shift >= ClusterSettings.MIN_SHIFT
                && shift <= ClusterSettings.MAX_SHIFT;
        if (valid) {
            catalog.create(
                    new CreateRequest(request.name(), request.sizeBytes(), copies, shift),
                    admitted);
        } else {
            admitted.failed(ErrorCode.INVALID_ARGUMENT);
        }
    }

    /**
     * Deletes a VDI or one snapshot and everything only it refers to.
     *
     * @param name the name
     * @param tag snapshot tag, or empty
     * @param snapshotId snapshot id, or 0
     * @param completion gets the row as it was, once name and objects are gone
     */
    public void deleteVdi(
            String name, String tag, int snapshotId, Completion<VdiEntry> completion) {
        Completion<VdiEntry> admitted = inFlight.admit(completion);
        if (admitted == null) {
            return;
        }
        catalog.lookup(name, tag, snapshotId, new Then<>(admitted) {
            @Override
            public void done(VdiEntry row) {
                catalog.delete(row, admitted);
            }
        });
    }

    /**
     * Opens a VDI as a linear device.
     *
     * @param vdi its id
     * @param completion gets the volume, to be closed by the receiver; or NO_SUCH_VDI
     */
    public void openVolume(VdiId vdi, Completion<Volume> completion) {
        Completion<Volume> admitted = inFlight.admit(completion);
        if (admitted == null) {
            return;
        }
        VdiEntry row = ready(table.find(vdi.value()));
        if (row != null) {
            openVolume(row, admitted);
            return;
        }
        // Another node may have answered for its creation before the event came here.
        events.catchUp(new Then<>(admitted) {
            @Override
            public void done(Outcome result) {
                VdiEntry newer = ready(table.find(vdi.value()));
                if (newer == null) {
                    admitted.failed(ErrorCode.NO_SUCH_VDI);
                } else {
                    openVolume(newer, admitted);
                }
            }
        });
    }

    private void openVolume(VdiEntry row, Completion<Volume> admitted) {
        views.open(row, new Then<>(admitted) {
            @Override
            public void done(InodeView view) {
                admitted.done(new OpenVolume(
                        row.name(), view, gateway, inFlight, config.alwaysDurable()));
            }
        });
    }

    /**
     * Finds, writes or removes an attribute of a VDI.
     *
     * @param request what to do; its payload's ownership passes here
     * @param completion gets where the attribute is, or would be, with the refusal if there is one;
     *     NO_SUCH_VDI, NO_SUCH_TAG
     */
    public void attribute(
            AttributeRequest request, Completion<AttributeRequest.Location> completion) {
        Completion<AttributeRequest.Location> admitted = inFlight.admit(completion);
        if (admitted == null) {
            request.attribute().release();
        } else {
            attributes.run(request, admitted);
        }
    }

    /**
     * Reads an object as a Sheepdog client does: exactly {@code length} bytes.
     *
     * @param object its id
     * @param offset first byte
     * @param length bytes, inside the object
     * @param completion gets the bytes, which it then owns; or NO_SUCH_OBJECT, OUT_OF_RANGE
     */
    public void readObject(
            ObjectId object, long offset, int length, Completion<Payload> completion) {
        Completion<Payload> admitted = inFlight.admit(completion);
        if (admitted != null) {
            whenKnown(object, () -> objects.read(object, offset, length, admitted));
        }
    }

    /**
     * Writes into an existing object as a Sheepdog client does; writes to an inode keep the VDI
     * table and the data index in step.
     *
     * @param object its id
     * @param offset first byte
     * @param payload the bytes; ownership passes to the engine
     * @param durable whether to complete only after a sync
     * @param completion gets DONE; or NO_SUCH_OBJECT, OUT_OF_RANGE, READ_ONLY
     */
    public void writeObject(
            ObjectId object,
            long offset,
            Payload payload,
            boolean durable,
            Completion<Outcome> completion) {
        Completion<Outcome> admitted = inFlight.admit(completion);
        if (admitted == null) {
            payload.release();
        } else {
            boolean synced = durable || config.alwaysDurable();
            whenKnown(object, () -> objects.write(object, offset, payload, synced, admitted));
        }
    }

    /**
     * Creates an object as a Sheepdog client does, replacing one of that id unless the VDI's index
     * already shows the object as owned: then it is a plain write (protocol section 20.9).
     *
     * @param object its id
     * @param source id of the object to copy first, or 0
     * @param offset first byte of the payload
     * @param payload the bytes, may be empty; ownership passes to the engine
     * @param durable whether to complete only after a sync
     * @param completion gets DONE; or NO_SUCH_OBJECT (source), OUT_OF_RANGE, READ_ONLY
     */
    public void createObject(
            ObjectId object,
            long source,
            long offset,
            Payload payload,
            boolean durable,
            Completion<Outcome> completion) {
        Completion<Outcome> admitted = inFlight.admit(completion);
        if (admitted == null) {
            payload.release();
        } else {
            boolean synced = durable || config.alwaysDurable();
            whenKnown(
                    object,
                    () -> objects.create(object, source, offset, payload, synced, admitted));
        }
    }

    /** Looks at the newest events first if another node may just have made the object's VDI. */
    private void whenKnown(ObjectId object, Runnable action) {
        boolean ofVdi = object.kind() == ObjectKind.DATA || object.kind() == ObjectKind.INODE;
        if (gateway.isAlone() || !ofVdi || ready(table.find(object.vdiNumber())) != null) {
            action.run();
            return;
        }
        events.catchUp(new Completion<>() {
            @Override
            public void done(Outcome result) {
                action.run();
            }

            @Override
            public void failed(ErrorCode error) {
                action.run();
            }
        });
    }

    /**
     * Removes an object as a Sheepdog client does.
     *
     * @param object its id
     * @param completion gets DONE; or NO_SUCH_OBJECT
     */
    public void removeObject(ObjectId object, Completion<Outcome> completion) {
        Completion<Outcome> admitted = inFlight.admit(completion);
        if (admitted != null) {
            objects.remove(object, admitted);
        }
    }

    /**
     * Frees an extent as a Sheepdog client asks: its entry leaves the data index and its object
     * goes.
     *
     * @param object a data object
     * @param completion gets DONE, also for a hole; or INVALID_ARGUMENT
     */
    public void discardObject(ObjectId object, Completion<Outcome> completion) {
        Completion<Outcome> admitted = inFlight.admit(completion);
        if (admitted != null) {
            objects.discard(object, admitted);
        }
    }

    /**
     * Makes every write completed so far durable.
     *
     * @param completion gets DONE after the sync
     */
    public void flush(Completion<Outcome> completion) {
        Completion<Outcome> admitted = inFlight.admit(completion);
        if (admitted != null) {
            gateway.flush(admitted);
        }
    }

    private static @Nullable VdiEntry ready(@Nullable VdiEntry row) {
        return row != null && row.state() == VdiEntry.VdiState.READY ? row : null;
    }

    private void onFormatEvent() {
        table.clear();
        forgetDerived();
    }

    private void forgetDerived() {
        inodes.clear();
        views.clear();
    }

    /** Replication knows the map already. */
    private void onMap(ClusterMap map, @Nullable Member self) {
        gateway.onMap(map, self);
        inodes.onMap();
        if (!formatting) {
            letIn();
        }
    }

    private void letIn() {
        if (stopping) {
            return;
        }
        switch (map().status()) {
            case UNFORMATTED -> inFlight.close(ErrorCode.NOT_FORMATTED);
            case SHUTDOWN -> inFlight.close(ErrorCode.SHUTTING_DOWN);
            case RUNNING -> {
                inFlight.open();
                catalog.finishUnfinished(inFlight);
            }
        }
    }

    /** With one node every map change is this node's own and already installed. */
    private final class SoleNews implements Coordinator.Listener {
        @Override
        public void onMapMaybeChanged() {}

        @Override
        public void onEventsMaybeChanged() {
            events.onEventsMaybeChanged();
        }
    }

    /** What becomes of groups here. */
    private final class GroupNews implements ReplicationListener {
        @Override
        public void onInactive(PgId pg) {
            inodes.onInactive(pg);
        }

        @Override
        public void onNewerEpochSeen(PeerId from) {
            if (neighbourhood != null) {
                neighbourhood.onNewerEpoch(from);
            }
        }
    }

    /** What becomes of this node among others. */
    private final class News implements NodeNews {
        private final EngineListener listener;

        News(EngineListener listener) {
            this.listener = listener;
        }

        @Override
        public void onLoaded() {
            if (neighbourhood != null) {
                neighbourhood.watch().start();
            }
        }

        @Override
        public void onFormat(Runnable idle) {
            inFlight.close(ErrorCode.NOT_FORMATTED);
            boolean[] over = new boolean[1];
            Runnable drop = () -> {
                if (!over[0]) {
                    over[0] = true;
                    // Other nodes may not know of the format yet: their writes are for what goes.
                    replication.install(ClusterMap.EMPTY, null);
                    gateway.onMap(ClusterMap.EMPTY, null);
                    gateway.abandon(ErrorCode.NOT_FORMATTED);
                    idle.run();
                }
            };
            inFlight.whenIdle(drop);
            // A request that hangs, for a group without a primary perhaps, has nothing to wait for.
            ports.timers().after(FORMAT_IDLE_NANOS, drop);
        }

        @Override
        public void onStop(StopReason reason) {
            inFlight.close(ErrorCode.SHUTTING_DOWN);
            listener.onStop(reason);
        }
    }

    /** A step whose failure is the failure of the whole. */
    private abstract static class Then<T> implements Completion<T> {
        private final Completion<?> whole;

        Then(Completion<?> whole) {
            this.whole = whole;
        }

        @Override
        public final void failed(ErrorCode error) {
            whole.failed(error);
        }
    }
}
