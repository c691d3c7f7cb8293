package io.kelpie.cluster.gateway;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.membership.ControllerLine;
import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.GatewayMessage;
import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.GatewayMessage.Request;
import io.kelpie.cluster.message.GatewayMessage.Response;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.placement.Placement;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Timers.Timer;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.cluster.replication.Replication;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * Brings object requests to the primary of the object's placement group, wherever it is, and tries
 * again until there is a definite answer ({@code cluster.md} 7.8). Every operation has an identity
 * that it keeps over all attempts, so that it takes effect once. In a cluster of more than one
 * member every change is synced on every in-sync copy before it is answered. Core loop only.
 */
public final class Gateway {
    /** What {@link #homeEpoch} says of a VDI whose home is elsewhere. */
    public static final long NOT_HOME = -1;

    /** Doors bound their requests far below; it catches what multiplies them without end. */
    private static final int MAX_OPERATIONS = 262_144;

    private static final long SILENCE_NANOS = 2_000_000_000L;
    /** How late a silence may be noticed. */
    private static final long CHECK_NANOS = 250_000_000L;
    /** Request ids of a later life of the node must differ from those of an earlier one. */
    private static final int INCARNATION_SHIFT = 40;

    private final Ports ports;
    private final PeerId self;
    private final LocalGroups groups;
    private final EventLog events;
    private final Families families;
    private final ControllerLine controller;
    private final PrimaryService service;
    private final LinkedHashSet<GatewayOperation<?>> operations = new LinkedHashSet<>();
    private final TreeMap<Long, GatewayOperation<?>> sent = new TreeMap<>();
    private final TreeMap<NodeId, Long> heardNanos = new TreeMap<>();
    private ClusterMap map = ClusterMap.EMPTY;
    private @Nullable Member member;
    private long lastOperation;
    private long lastRequest;
    private boolean checking;
    private boolean closed;
    private boolean among;

    /**
     * Composes the gateway.
     *
     * @param ports peers, clock and timers are used
     * @param self this process
     * @param replication the groups of this node
     * @param events tells what is applied here
     * @param families from the VDI table
     * @param controller told of primaries that do not answer
     */
    public Gateway(
            Ports ports,
            PeerId self,
            Replication replication,
            EventLog events,
            Families families,
            ControllerLine controller) {
        this(ports, self, new ReplicatedGroups(replication), events, families, controller);
    }

    /**
     * Composes the gateway over any groups.
     *
     * @param ports peers, clock and timers are used
     * @param self this process
     * @param groups the groups of this node
     * @param events tells what is applied here
     * @param families from the VDI table
     * @param controller told of primaries that do not answer
     */
    public Gateway(
            Ports ports,
            PeerId self,
            LocalGroups groups,
            EventLog events,
            Families families,
            ControllerLine controller) {
        this.ports = ports;
        this.self = self;
        this.groups = groups;
        this.events = events;
        this.families = families;
        this.controller = controller;
        this.service = new PrimaryService(ports, groups, events, this);
        this.lastRequest = self.incarnation() << INCARNATION_SHIFT;
    }

    /**
     * Makes this the gateway of a node that is, or may become, one of several: it is never alone,
     * even while it is the only member.
     *
     * @return this gateway
     */
    public Gateway among() {
        among = true;
        return this;
    }

    /**
     * Registers who serves calls to the homes of VDIs; called once, before the first map.
     *
     * @param homes the homes of this node
     */
    public void serve(Homes homes) {
        service.serve(homes);
    }

    /**
     * Obeys a map that replication has installed already.
     *
     * @param newMap the map
     * @param newMember the member that this process is in it, or null
     */
    public void onMap(ClusterMap newMap, @Nullable Member newMember) {
        map = newMap;
        member = newMember;
        for (GatewayOperation<?> operation : List.copyOf(operations)) {
            operation.onMap();
        }
    }

    /**
     * Takes a message of another gateway or primary.
     *
     * @param from the process that sent it
     * @param message the message; ownership of payloads inside passes here
     */
    public void onMessage(PeerId from, GatewayMessage message) {
        if (message instanceof Request request) {
            service.onRequest(from, request);
        } else if (message instanceof Response response) {
            onResponse(from, response);
        }
    }

    private void onResponse(PeerId from, Response response) {
        heardNanos.put(from.node(), nanos());
        GatewayOperation<?> operation = sent.remove(response.requestId());
        if (operation == null) {
            response.release();
        } else {
            operation.onAnswer(response.answer());
        }
    }

    /**
     * A connection to a node broke: what was sent there may be lost.
     *
     * @param node the node
     */
    public void onLost(NodeId node) {
        for (GatewayOperation<?> operation : sentTo(node)) {
            operation.onLost();
        }
    }

    /** Takes the operations sent to a node out of the list of those that wait for an answer. */
    private List<GatewayOperation<?>> sentTo(NodeId node) {
        List<GatewayOperation<?>> found = new ArrayList<>();
        sent.values().removeIf(operation -> {
            Route route = operation.route();
            boolean there = route != null && route.primary().node().equals(node);
            if (there) {
                found.add(operation);
            }
            return there;
        });
        return found;
    }

    /**
     * Whether this node is all of the cluster: what is said of it holds without asking anybody, and
     * clients decide when writes are synced.
     *
     * @return true with no other member in the map
     */
    public boolean isAlone() {
        return !among && map.members().size() <= 1;
    }

    /**
     * Changes an object.
     *
     * @param change the change; its payloads are borrowed until the completion runs
     * @param completion gets DONE, or the error without effect; tried until either is certain
     */
    public void write(ObjectChange change, Completion<Outcome> completion) {
        begin(new WriteOperation(newOperation(), change, () -> true, completion));
    }

    /**
     * Changes an object on behalf of an operation that may be tried again elsewhere under the same
     * identity.
     *
     * @param change the change; its payloads are borrowed until the completion runs
     * @param operation whose change it is
     * @param wanted asked before each attempt; once false the change ends with NO_PRIMARY, and an
     *     earlier attempt may still take effect
     * @param completion gets DONE, or the error
     */
    public void write(
            ObjectChange change,
            OperationId operation,
            BooleanSupplier wanted,
            Completion<Outcome> completion) {
        begin(new WriteOperation(operation, change, wanted, completion));
    }

    /**
     * Names a new operation.
     *
     * @return an identity that no other operation has
     */
    public OperationId newOperation() {
        return new OperationId(self, ++lastOperation);
    }

    /**
     * Reads a range of an object.
     *
     * @param object the object
     * @param offset first byte
     * @param length bytes
     * @param completion gets the bytes, which it then owns
     */
    public void read(ObjectId object, long offset, int length, Completion<Payload> completion) {
        begin(new ReadOperation(new PrimaryCall.Read(object, offset, length), completion));
    }

    /**
     * Tells which parts of a range hold stored bytes.
     *
     * @param object the object
     * @param offset first byte
     * @param length bytes
     * @param completion gets the ranges
     */
    public void allocated(
            ObjectId object, long offset, int length, Completion<List<DataRange>> completion) {
        begin(new AllocatedOperation(
                new PrimaryCall.Allocated(object, offset, length), completion));
    }

    /**
     * How many placement groups there are.
     *
     * @return a power of two
     */
    public int groupCount() {
        return 1 << map.partBits();
    }

    /**
     * Lists the ids of a placement group's objects.
     *
     * @param group 0 to {@link #groupCount()} - 1
     * @param from first id wanted, inclusive
     * @param max at most this many, 1 to 65536
     * @param completion gets the ids in ascending order; fewer than {@code max} are the last
     */
    public void list(int group, ObjectId from, int max, Completion<List<ObjectId>> completion) {
        begin(new ListOperation(
                new PgId(group), new PrimaryCall.ListObjects(from, max), completion));
    }

    /**
     * Makes every write completed before durable. With several members every write was synced
     * before it completed.
     *
     * @param completion gets DONE
     */
    public void flush(Completion<Outcome> completion) {
        if (isAlone()) {
            groups.flush(completion);
        } else {
            completion.done(Outcome.DONE);
        }
    }

    /**
     * Asks the home of a VDI.
     *
     * @param vdi the VDI
     * @param call what to do; its payloads are borrowed until the completion runs
     * @param completion gets the answer, never Failed or Elsewhere; or the error
     */
    public void askHome(VdiId vdi, PrimaryCall call, Completion<Answer> completion) {
        begin(new HomeOperation(vdi, call, completion));
    }

    /**
     * Tells under which partition epoch this node is the home of a VDI: the primary of its inode's
     * group.
     *
     * @param vdi the VDI
     * @return the epoch, or {@link #NOT_HOME}
     */
    public long homeEpoch(VdiId vdi) {
        Route route = route(groupOf(ObjectId.inode(vdi)));
        return route != null && route.here() ? route.epoch() : NOT_HOME;
    }

    /**
     * Changes an inode as its home: here, in one partition epoch, or not at all. What a former home
     * still had in mind can so never overtake its successor.
     *
     * @param change the change of the inode; its payloads are borrowed until the completion runs
     * @param epoch the epoch in which this node is the home
     * @param completion gets DONE; NO_PRIMARY if it is the home no longer, and then it is open
     *     whether the change took effect; or the store's error
     */
    public void writeAsHome(ObjectChange change, long epoch, Completion<Outcome> completion) {
        groups.write(groupOf(change.object()), epoch, newOperation(), synced(change), completion);
    }

    /**
     * Reads an inode as its home.
     *
     * @param object the inode
     * @param offset first byte
     * @param length bytes
     * @param epoch the epoch in which this node is the home
     * @param completion gets the bytes, which it then owns; NO_PRIMARY if it is the home no longer
     */
    public void readAsHome(
            ObjectId object, long offset, int length, long epoch, Completion<Payload> completion) {
        groups.read(groupOf(object), epoch, object, offset, length, completion);
    }

    /**
     * The group of an object.
     *
     * @param object the object
     * @return its group by the map and the VDI table of now
     */
    public PgId groupOf(ObjectId object) {
        return Placement.groupOf(families.rootOf(object.vdiNumber()), object, map.partBits());
    }

    /**
     * Runs a task in a moment, so that a chain of operations that end at once does not nest.
     *
     * @param task the task
     */
    public void soon(Runnable task) {
        ports.timers().after(0, task);
    }

    /**
     * Tells people of something that needs attention.
     *
     * @param text one sentence
     */
    public void warn(String text) {
        ports.tracer().event(Tracer.Level.WARN, text);
    }

    /**
     * Everything in work, for people.
     *
     * @return oldest first
     */
    public List<OperationState> operations() {
        List<OperationState> states = new ArrayList<>();
        for (GatewayOperation<?> operation : operations) {
            states.add(operation.state());
        }
        return states;
    }

    /**
     * Ends what waits, for a format: it was meant for objects that are no more. What this node's
     * own groups have in work ends by itself.
     *
     * @param error what it ends with
     */
    public void abandon(ErrorCode error) {
        for (GatewayOperation<?> operation : List.copyOf(operations)) {
            operation.abandon(error);
        }
    }

    /**
     * Ends what waits with SHUTTING_DOWN and begins nothing more; what this node's own groups have
     * in work ends by itself.
     */
    public void close() {
        closed = true;
        service.close();
        for (GatewayOperation<?> operation : List.copyOf(operations)) {
            operation.close();
        }
    }

    private void begin(GatewayOperation<?> operation) {
        if (closed) {
            operations.add(operation);
            operation.close();
            return;
        }
        if (operations.size() >= MAX_OPERATIONS) {
            operations.add(operation);
            operation.refuse(ErrorCode.BUSY);
            return;
        }
        operations.add(operation);
        operation.dispatch();
    }

    private ObjectChange synced(ObjectChange change) {
        return change.durable() || isAlone()
                ? change
                : new ObjectChange(
                        change.object(),
                        change.action(),
                        change.sizeBytes(),
                        change.pieces(),
                        true);
    }

    // What operations and the service need.

    long nanos() {
        return ports.clock().nanos();
    }

    Timer after(long nanos, Runnable task) {
        return ports.timers().after(nanos, task);
    }

    boolean isClosed() {
        return closed;
    }

    long mapVersion() {
        return map.version();
    }

    /** Where a group is served, or null if nobody does. */
    @Nullable
    Route route(PgId pg) {
        if (map.status() != ClusterStatus.RUNNING
                || pg.partition() >= map.groups().size()) {
            return null;
        }
        PgEntry entry = map.group(pg);
        if (entry.primary() == PgEntry.NONE) {
            return null;
        }
        Member primary = map.member(entry.primary());
        Member here = member;
        return new Route(
                pg,
                entry.epoch(),
                new PeerId(primary.node(), primary.incarnation()),
                here != null && here.index() == entry.primary());
    }

    long send(GatewayOperation<?> operation, Route route) {
        long requestId = ++lastRequest;
        sent.put(requestId, operation);
        ports.peers()
                .send(
                        route.primary().node(),
                        new Request(
                                requestId,
                                route.pg(),
                                route.epoch(),
                                events.appliedIndex(),
                                operation.id(),
                                operation.callFor()));
        checkSoon();
        return requestId;
    }

    void forget(long requestId) {
        sent.remove(requestId);
    }

    void remove(GatewayOperation<?> operation) {
        operations.remove(operation);
    }

    private void checkSoon() {
        if (!checking) {
            checking = true;
            ports.timers().after(CHECK_NANOS, this::check);
        }
    }

    private void check() {
        checking = false;
        long now = nanos();
        List<GatewayOperation<?>> silent = new ArrayList<>();
        sent.values().removeIf(operation -> {
            boolean late = now - operation.sentNanos() >= SILENCE_NANOS;
            if (late) {
                silent.add(operation);
            }
            return late;
        });
        for (GatewayOperation<?> operation : silent) {
            operation.onSilence();
            accuse(operation);
        }
        if (!sent.isEmpty()) {
            checkSoon();
        }
    }

    /**
     * Reports a primary that was silent repeatedly and says nothing to other operations either. One
     * that has the operation in work for long answers when it is repeated.
     */
    private void accuse(GatewayOperation<?> operation) {
        Route route = operation.route();
        if (route == null || operation.silences() < 2) {
            return;
        }
        Long heard = heardNanos.get(route.primary().node());
        boolean quiet = heard == null || heard < operation.sentNanos();
        if (quiet) {
            controller.suspect(route.primary().node(), Evidence.SILENT, List.of(route.pg()));
        }
    }

    /** A change of an object. */
    private final class WriteOperation extends GatewayOperation<Outcome> {
        private final ObjectChange change;
        private final BooleanSupplier wanted;

        WriteOperation(
                OperationId id,
                ObjectChange change,
                BooleanSupplier wanted,
                Completion<Outcome> client) {
            super(Gateway.this, id, client);
            this.change = change;
            this.wanted = wanted;
        }

        @Override
        boolean isWanted() {
            return wanted.getAsBoolean();
        }

        @Override
        PgId group() {
            return groupOf(change.object());
        }

        @Override
        void runHere(PgId pg, long epoch) {
            groups.write(pg, epoch, id(), synced(change), this);
        }

        @Override
        PrimaryCall callFor() {
            change.retainPieces();
            return new PrimaryCall.Change(synced(change));
        }

        @Override
        @Nullable
        Outcome resultOf(Answer answer) {
            return answer instanceof Answer.Done ? Outcome.DONE : null;
        }

        @Override
        String what() {
            return change.action() + " " + change.object();
        }
    }

    /** A read of a range. */
    private final class ReadOperation extends GatewayOperation<Payload> {
        private final PrimaryCall.Read call;

        ReadOperation(PrimaryCall.Read call, Completion<Payload> client) {
            super(Gateway.this, Gateway.this.newOperation(), client);
            this.call = call;
        }

        @Override
        PgId group() {
            return groupOf(call.object());
        }

        @Override
        void runHere(PgId pg, long epoch) {
            groups.read(pg, epoch, call.object(), call.offset(), call.length(), this);
        }

        @Override
        PrimaryCall callFor() {
            return call;
        }

        @Override
        @Nullable
        Payload resultOf(Answer answer) {
            return answer instanceof Answer.Bytes bytes ? bytes.payload() : null;
        }

        @Override
        String what() {
            return "READ " + call.object();
        }
    }

    /** A question where data is. */
    private final class AllocatedOperation extends GatewayOperation<List<DataRange>> {
        private final PrimaryCall.Allocated call;

        AllocatedOperation(PrimaryCall.Allocated call, Completion<List<DataRange>> client) {
            super(Gateway.this, Gateway.this.newOperation(), client);
            this.call = call;
        }

        @Override
        PgId group() {
            return groupOf(call.object());
        }

        @Override
        void runHere(PgId pg, long epoch) {
            groups.allocated(pg, epoch, call.object(), call.offset(), call.length(), this);
        }

        @Override
        PrimaryCall callFor() {
            return call;
        }

        @Override
        @Nullable
        List<DataRange> resultOf(Answer answer) {
            return answer instanceof Answer.Ranges ranges ? ranges.ranges() : null;
        }

        @Override
        String what() {
            return "ALLOCATED " + call.object();
        }
    }

    /** A question which objects there are. */
    private final class ListOperation extends GatewayOperation<List<ObjectId>> {
        private final PgId pg;
        private final PrimaryCall.ListObjects call;

        ListOperation(PgId pg, PrimaryCall.ListObjects call, Completion<List<ObjectId>> client) {
            super(Gateway.this, Gateway.this.newOperation(), client);
            this.pg = pg;
            this.call = call;
        }

        @Override
        PgId group() {
            return pg;
        }

        @Override
        void runHere(PgId group, long epoch) {
            groups.list(group, epoch, call.from(), call.max(), this);
        }

        @Override
        PrimaryCall callFor() {
            return call;
        }

        @Override
        @Nullable
        List<ObjectId> resultOf(Answer answer) {
            return answer instanceof Answer.Objects objects ? objects.ids() : null;
        }

        @Override
        String what() {
            return "LIST " + pg;
        }
    }

    /** A call to the home of a VDI. */
    private final class HomeOperation extends GatewayOperation<Answer> {
        private final VdiId vdi;
        private final PrimaryCall call;

        HomeOperation(VdiId vdi, PrimaryCall call, Completion<Answer> client) {
            super(Gateway.this, Gateway.this.newOperation(), client);
            this.vdi = vdi;
            this.call = call;
        }

        @Override
        PgId group() {
            return groupOf(ObjectId.inode(vdi));
        }

        @Override
        void runHere(PgId pg, long epoch) {
            service.homes().call(call, id(), this);
        }

        @Override
        PrimaryCall callFor() {
            return PrimaryService.retained(call);
        }

        @Override
        Answer resultOf(Answer answer) {
            return answer;
        }

        @Override
        String what() {
            return call.getClass().getSimpleName() + " at the home of " + vdi;
        }
    }
}
