package io.kelpie.cluster.testing;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.engine.EngineConfig;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.InodeLayout;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.cluster.volume.Volume;
import io.kelpie.cluster.volume.VolumeData;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** One node on the doubles; its store and coordinator survive a restart. */
public final class World {
    public static final NodeId NODE = new NodeId(7, 9);
    public static final int MIB = 1 << 20;
    public static final int SHIFT = 20;

    public final Loop loop = new Loop();
    public final Payloads payloads = new Payloads();
    public final MemoryStore store = new MemoryStore(loop, payloads);
    public final MemoryCoordinator coordinator = new MemoryCoordinator(loop);
    public final List<String> traced = new ArrayList<>();
    private long incarnation;
    private Engine engine;

    public World() {
        engine = newEngine(100);
    }

    /** A node that serves a formatted cluster with objects of 1 MiB. */
    public static World serving() {
        World world = new World();
        world.act(world.engine::start);
        world.act(completion -> world.engine.format(settings(), completion));
        return world;
    }

    public static ClusterSettings settings() {
        return new ClusterSettings(0, 0, 1, SHIFT, "plain");
    }

    public Ports ports() {
        return new Ports(
                loop,
                loop,
                () -> 4,
                payloads,
                store,
                coordinator,
                Peers.NONE,
                (level, text) -> traced.add(text));
    }

    private Engine newEngine(int weightGib) {
        incarnation++;
        Endpoint endpoint = new Endpoint(0, 0x7F000001L, 7000);
        return new Engine(
                new EngineConfig(NODE, incarnation, endpoint, 1, weightGib, 4, false), ports());
    }

    public Engine engine() {
        return engine;
    }

    public long incarnation() {
        return incarnation;
    }

    /** Another life of the node, not started; what the old one still waits for never comes. */
    public Engine reborn() {
        return reborn(100);
    }

    public Engine reborn(int weightGib) {
        loop.clear();
        store.dropHeld();
        engine = newEngine(weightGib);
        return engine;
    }

    /** Another life of the node, serving. */
    public Ended<Outcome> restart() {
        reborn();
        return act(engine::start);
    }

    /** Makes a call and runs the loop until it rests. */
    public <T> Ended<T> end(Consumer<Completion<T>> call) {
        Ended<T> ended = begin(call);
        loop.run();
        return ended;
    }

    /** Makes a call without a result and runs the loop until it rests. */
    public Ended<Outcome> act(Consumer<Completion<Outcome>> call) {
        return end(call);
    }

    /** Makes a call without running the loop. */
    public <T> Ended<T> begin(Consumer<Completion<T>> call) {
        Ended<T> ended = new Ended<>();
        call.accept(ended);
        return ended;
    }

    public VdiEntry create(String name, long sizeBytes) {
        CreateRequest request = new CreateRequest(name, sizeBytes, 0, 0);
        return this.<VdiEntry>end(completion -> engine.createVdi(request, completion))
                .result();
    }

    public Volume open(VdiId vdi) {
        return this.<Volume>end(completion -> engine.openVolume(vdi, completion))
                .result();
    }

    public Volume volume(String name, long sizeBytes) {
        return open(create(name, sizeBytes).id());
    }

    public Ended<Outcome> write(Volume volume, long offset, int length, int value) {
        return begin(completion ->
                volume.write(offset, payloads.filled(length, value), false, completion));
    }

    public byte[] read(Volume volume, long offset, int length) {
        VolumeData data = this.<VolumeData>end(
                        completion -> volume.read(offset, length, completion))
                .result();
        ByteBuffer bytes = ByteBuffer.allocate(length);
        data.pieces().forEach(piece -> {
            var payload = piece.payload();
            bytes.put(payload == null ? new byte[piece.length()] : Payloads.bytesOf(payload));
        });
        data.release();
        return bytes.array();
    }

    /** The one value that every byte of a range has. */
    public int valueOf(Volume volume, long offset, int length) {
        byte[] bytes = read(volume, offset, length);
        for (byte each : bytes) {
            if (each != bytes[0]) {
                throw new AssertionError("a range has bytes " + bytes[0] + " and " + each);
            }
        }
        return bytes[0];
    }

    /** An entry of the data index as it is stored. */
    public int storedEntry(VdiId vdi, int extent) {
        byte[] bytes =
                store.bytes(ObjectId.inode(vdi), InodeLayout.entryOffset(extent), Integer.BYTES);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    /** A client's write of entries of the data index. */
    public Ended<Outcome> writeEntries(VdiId vdi, int firstExtent, int... owners) {
        ByteBuffer bytes =
                ByteBuffer.allocate(owners.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int owner : owners) {
            bytes.putInt(owner);
        }
        return begin(completion -> engine.writeObject(
                ObjectId.inode(vdi),
                InodeLayout.entryOffset(firstExtent),
                payloads.of(bytes.array()),
                false,
                completion));
    }
}
