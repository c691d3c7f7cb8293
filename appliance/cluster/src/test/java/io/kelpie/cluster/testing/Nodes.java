package io.kelpie.cluster.testing;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.gateway.InFlight;
import io.kelpie.cluster.membership.ControllerLine;
import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.GatewayMessage;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.cluster.vdi.Attributes;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.HomeCalls;
import io.kelpie.cluster.vdi.InodeHomes;
import io.kelpie.cluster.vdi.InodeLayout;
import io.kelpie.cluster.vdi.InodeView;
import io.kelpie.cluster.vdi.InodeViews;
import io.kelpie.cluster.vdi.TableGuard;
import io.kelpie.cluster.vdi.VdiCatalog;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.cluster.vdi.VdiTable;
import io.kelpie.cluster.volume.ClientObjects;
import io.kelpie.cluster.volume.OpenVolume;
import io.kelpie.cluster.volume.Volume;
import io.kelpie.cluster.volume.VolumeData;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Gateways, homes and doors of several nodes over common groups. */
public final class Nodes {
    public static final int MIB = 1 << 20;
    private static final int SHIFT = 20;
    private static final int GROUPS = 16;

    public final Loop loop = new Loop();
    public final Payloads payloads = new Payloads();
    public final CommonGroups groups = new CommonGroups(loop, payloads);
    public final Wires wires = new Wires(loop);
    public final MemoryCoordinator coordinator = new MemoryCoordinator(loop);
    public final List<String> suspected = new ArrayList<>();
    public final List<String> warnings = new ArrayList<>();
    public final List<One> all = new ArrayList<>();
    private ClusterMap map;

    public Nodes(int count) {
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            members.add(new Member(
                    i, new NodeId(1, i), 1, new Endpoint(0, 0x7F000001L, 7000 + i), i, 100));
        }
        List<PgEntry> entries = new ArrayList<>();
        for (int i = 0; i < GROUPS; i++) {
            entries.add(new PgEntry(1, i % count, List.of(i % count), List.of()));
        }
        map = new ClusterMap(
                1,
                1,
                0,
                ClusterStatus.RUNNING,
                new ClusterSettings(1, 0, 1, SHIFT, "plain"),
                members,
                entries);
        for (int i = 0; i < count; i++) {
            all.add(new One(i, members.get(i).id()));
        }
        groups.place(object -> all.get(0).gateway.groupOf(object));
        install();
        loop.run();
    }

    public One node(int index) {
        return all.get(index);
    }

    public ClusterMap map() {
        return map;
    }

    /** Brings the map to all nodes. */
    public void install() {
        groups.install(map);
        all.forEach(One::installMap);
    }

    /** Every node in turn applies an event. */
    private void barrier(long event, int from, Completion<Outcome> completion) {
        if (from == all.size()) {
            completion.done(Outcome.DONE);
            return;
        }
        node(from).events.whenApplied(event, new Completion<>() {
            @Override
            public void done(Outcome result) {
                barrier(event, from + 1, completion);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /** The index of the primary of an object. */
    public int primaryOf(ObjectId object) {
        return map.group(all.get(0).gateway.groupOf(object)).primary();
    }

    /** Changes the truth: another primary; nodes hear of it when the test says so. */
    public void move(ObjectId object, int primary) {
        PgId pg = all.get(0).gateway.groupOf(object);
        List<PgEntry> entries = new ArrayList<>(map.groups());
        long version = map.version() + 1;
        List<Integer> sync = primary == PgEntry.NONE ? map.group(pg).sync() : List.of(primary);
        entries.set(pg.partition(), new PgEntry(version, primary, sync, List.of()));
        map = new ClusterMap(
                version, 1, 0, ClusterStatus.RUNNING, map.settings(), map.members(), entries);
        groups.install(map);
    }

    /** Makes a call and runs the loop until it rests. */
    public <T> Ended<T> end(Consumer<Completion<T>> call) {
        Ended<T> ended = begin(call);
        loop.run();
        return ended;
    }

    public <T> Ended<T> begin(Consumer<Completion<T>> call) {
        Ended<T> ended = new Ended<>();
        call.accept(ended);
        return ended;
    }

    /** Creates a VDI and lets all nodes hear of it. */
    public VdiEntry create(int node, String name, long sizeBytes) {
        CreateRequest request = new CreateRequest(name, sizeBytes, 1, SHIFT);
        VdiEntry row = this.<VdiEntry>end(
                        completion -> node(node).catalog.create(request, completion))
                .result();
        hear();
        return row;
    }

    /** Lets all nodes apply all events. */
    public void hear() {
        all.forEach(one -> one.events.onEventsMaybeChanged());
        loop.run();
    }

    public Volume open(int node, VdiEntry row) {
        return this.<Volume>end(completion -> node(node).open(row, completion)).result();
    }

    public Ended<Outcome> write(Volume volume, long offset, int length, int value) {
        return begin(completion ->
                volume.write(offset, payloads.filled(length, value), false, completion));
    }

    public void writeNow(Volume volume, long offset, int length, int value) {
        Ended<Outcome> written = write(volume, offset, length, value);
        loop.run();
        if (!written.isDone()) {
            throw new AssertionError("a write ended with " + written.error());
        }
    }

    /** The one value that every byte of a range has. */
    public int valueOf(Volume volume, long offset, int length) {
        VolumeData data = this.<VolumeData>end(
                        completion -> volume.read(offset, length, completion))
                .result();
        ByteBuffer bytes = ByteBuffer.allocate(length);
        data.pieces().forEach(piece -> {
            var payload = piece.payload();
            bytes.put(payload == null ? new byte[piece.length()] : Payloads.bytesOf(payload));
        });
        data.release();
        for (byte each : bytes.array()) {
            if (each != bytes.get(0)) {
                throw new AssertionError("a range has bytes " + bytes.get(0) + " and " + each);
            }
        }
        return bytes.get(0);
    }

    /** An entry of the data index as it is stored. */
    public int storedEntry(VdiId vdi, int extent) {
        byte[] bytes =
                groups.bytes(ObjectId.inode(vdi), InodeLayout.entryOffset(extent), Integer.BYTES);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    /** One node. */
    public final class One implements Peers.Listener {
        public final int index;
        public final PeerId self;
        public final VdiTable table = new VdiTable();
        public final EventLog events;
        public final CommonGroups.Node own;
        public final Gateway gateway;
        public final InodeHomes homes;
        public final InodeViews views;
        public final VdiCatalog catalog;
        public final Attributes attributes;
        public final ClientObjects objects;
        public final InFlight inFlight = new InFlight(ErrorCode.NOT_JOINED);

        One(int index, PeerId self) {
            this.index = index;
            this.self = self;
            Peers peers = wires.of(self);
            Ports ports = new Ports(
                    loop,
                    loop,
                    () -> 4,
                    payloads,
                    new MemoryStore(loop, payloads),
                    coordinator,
                    peers,
                    (level, text) -> {
                        if (level == Tracer.Level.WARN) {
                            warnings.add(text);
                        }
                    });
            events = new EventLog(ports, self.node(), 1, List.of(table));
            own = groups.new Node(index);
            ControllerLine line = new ControllerLine() {
                @Override
                public void suspect(NodeId accused, Evidence evidence, List<PgId> pgs) {
                    suspected.add(accused + " " + evidence);
                }

                @Override
                public void addLearner(PgId pg, long epoch, int learner) {}
            };
            gateway = new Gateway(ports, self, own, events, table, line);
            own.guard(new TableGuard(table, gateway::isAlone));
            homes = new InodeHomes(table, events, gateway, payloads);
            views = new InodeViews(table, events, homes, gateway);
            catalog = new VdiCatalog(
                    ports,
                    events,
                    table,
                    homes,
                    gateway,
                    (to, completion) -> barrier(to, 0, completion));
            attributes = new Attributes(table, gateway, payloads);
            new HomeCalls(homes, attributes, gateway);
            objects = new ClientObjects(table, homes, gateway, () -> SHIFT);
            inFlight.open();
            peers.listen(this);
            events.load(new Ended<>());
        }

        public void installMap() {
            own.install(map);
            gateway.onMap(map, map.member(self.node(), 1));
            homes.onMap();
        }

        void open(VdiEntry row, Completion<Volume> completion) {
            views.open(row, new Completion<>() {
                @Override
                public void done(InodeView view) {
                    completion.done(new OpenVolume(row.name(), view, gateway, inFlight, false));
                }

                @Override
                public void failed(ErrorCode error) {
                    completion.failed(error);
                }
            });
        }

        @Override
        public void onMessage(PeerId from, PeerMessage message) {
            gateway.onMessage(from, (GatewayMessage) message);
        }

        @Override
        public void onLost(NodeId node) {
            gateway.onLost(node);
        }

        @Override
        public void onRefused(NodeId node) {
            gateway.onLost(node);
        }
    }
}
