package io.kelpie.simulator;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.engine.EngineConfig;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;

import org.jspecify.annotations.Nullable;

import java.util.Objects;

/** A node: a disk that stays and one process after another that runs the real engine on it. */
final class SimNode {
    private static final int PART_BITS = 4;
    private static final long LOOPBACK = 0x7F000001L;

    private final World world;
    private final String name;
    private final SimDisk disk;
    private final SimCoordinator coordinator;
    private final boolean alwaysDurable;
    private final RandomSource random;
    private final NodeId id;
    private long incarnation;
    private @Nullable Lifetime lifetime;
    private boolean serving;

    SimNode(
            World world,
            String name,
            SimDisk disk,
            SimCoordinator coordinator,
            boolean alwaysDurable) {
        this.world = world;
        this.name = name;
        this.disk = disk;
        this.coordinator = coordinator;
        this.alwaysDurable = alwaysDurable;
        this.random = world.random(name);
        this.id = new NodeId(random.next(), random.next());
    }

    SimDisk disk() {
        return disk;
    }

    boolean isAlwaysDurable() {
        return alwaysDurable;
    }

    /** Whether a process runs, serving or not. */
    boolean isUp() {
        return lifetime != null;
    }

    /** Whether the engine has told that it serves and nobody has begun to stop it. */
    boolean isServing() {
        return serving;
    }

    /** The running process. */
    Lifetime lifetime() {
        return Objects.requireNonNull(lifetime, "no process runs");
    }

    Engine engine() {
        return lifetime().engine();
    }

    /**
     * Starts a process with the next incarnation.
     *
     * @param started runs when the engine serves or has failed to
     */
    void start(CompletionLedger.Receiver<Outcome> started) {
        world.check(lifetime == null, "one process runs at a time", name);
        incarnation++;
        SimProcess process = new SimProcess(
                world,
                name + "." + incarnation,
                random.between(0, 1L << 40),
                random.between(980, 1020) / 1000.0);
        PayloadLedger payloads = new PayloadLedger(world);
        RandomSource entropy = world.random(process.name() + " entropy");
        Ports ports = new Ports(
                process,
                process,
                entropy::next,
                payloads,
                new SimStore(world, process, disk, payloads),
                coordinator.connect(process),
                Peers.NONE,
                (level, text) ->
                        world.note(process.name(), level + " " + text, text.hashCode(), 0));
        EngineConfig config = new EngineConfig(
                id, incarnation, new Endpoint(0, LOOPBACK, 7000), 1, 100, PART_BITS, alwaysDurable);
        Engine engine = new Engine(config, ports);
        CompletionLedger completions = new CompletionLedger(world, process);
        lifetime = new Lifetime(process, engine, payloads, completions);
        world.note(name, "start", incarnation, 0);
        process.post(
                0,
                "engine start",
                () -> completions.call("start", engine::start, ended -> {
                    serving = ended.isDone();
                    started.onEnd(ended);
                }));
    }

    /**
     * Kills the process.
     *
     * @param powerLoss whether the host goes down with it
     */
    void crash(boolean powerLoss) {
        kill();
        if (powerLoss) {
            world.note(name, "power loss", disk.losePower(), incarnation);
        } else {
            disk.loseProcess();
            world.note(name, "crash", incarnation, 0);
        }
    }

    /** Begins a clean stop; the process is still there when it has ended. */
    void stop(CompletionLedger.Receiver<Outcome> stopped) {
        serving = false;
        Lifetime stopping = lifetime();
        stopping.process()
                .post(
                        0,
                        "engine stop",
                        () -> stopping.completions()
                                .call("stop", stopping.engine()::stop, stopped));
    }

    /** Ends a process that has stopped, after a look at what it left behind. */
    void endStopped() {
        Lifetime ended = lifetime();
        if (ended.completions().openCount() > 0) {
            throw world.fail(
                    SimulationFailure.Kind.LIVENESS,
                    "every call has ended when the engine has stopped",
                    ended.completions().openCalls().toString());
        }
        if (ended.payloads().liveCount() > 0) {
            throw world.fail(
                    SimulationFailure.Kind.LIVENESS,
                    "every payload is given back when the engine has stopped",
                    ended.payloads().liveCount() + " left: " + ended.payloads().liveOrigins());
        }
        kill();
        world.note(name, "ended", incarnation, 0);
    }

    private void kill() {
        lifetime().process().kill();
        lifetime = null;
        serving = false;
    }

    /**
     * One process lifetime.
     *
     * @param process its core loop
     * @param engine what runs there
     * @param payloads its payloads
     * @param completions its calls
     */
    record Lifetime(
            SimProcess process,
            Engine engine,
            PayloadLedger payloads,
            CompletionLedger completions) {}
}
