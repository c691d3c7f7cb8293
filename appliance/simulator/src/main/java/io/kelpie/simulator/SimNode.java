package io.kelpie.simulator;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;

import org.jspecify.annotations.Nullable;

import java.util.Objects;
import java.util.function.Consumer;

/** A node: a disk that stays and one process after another that runs the real engine on it. */
final class SimNode {
    private final World world;
    private final String name;
    private final Endpoint endpoint;
    private final SimCoordinator coordinator;
    private final @Nullable SimNetwork network;
    private final EngineMaker maker;
    private final boolean alwaysDurable;
    private final RandomSource random;
    private SimDisk disk;
    private NodeId id;
    private long incarnation;
    private int lifetimes;
    /** Whether the host lost power since the last process started. */
    private boolean unclean;

    private @Nullable Lifetime lifetime;
    private boolean serving;

    /**
     * Makes a node that was never started.
     *
     * @param endpoint where its processes listen
     * @param network how they reach others, or null if there are none
     */
    SimNode(
            World world,
            String name,
            Endpoint endpoint,
            SimDisk disk,
            SimCoordinator coordinator,
            @Nullable SimNetwork network,
            EngineMaker maker,
            boolean alwaysDurable) {
        this.world = world;
        this.name = name;
        this.endpoint = endpoint;
        this.disk = disk;
        this.coordinator = coordinator;
        this.network = network;
        this.maker = maker;
        this.alwaysDurable = alwaysDurable;
        this.random = world.random(name);
        this.id = new NodeId(random.next(), random.next());
    }

    String name() {
        return name;
    }

    NodeId id() {
        return id;
    }

    Endpoint endpoint() {
        return endpoint;
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

    /** Replaces a lost disk: the node is a new one, without a past. */
    void replaceDisk(SimDisk empty) {
        world.check(lifetime == null, "a disk is replaced while no process runs", name);
        disk = empty;
        id = new NodeId(random.next(), random.next());
        incarnation = 0;
        unclean = false;
        world.note(name, "new disk", 0, 0);
    }

    /**
     * Starts a process with the next incarnation.
     *
     * @param started runs when the engine serves or has failed to
     */
    void start(CompletionLedger.Receiver<Outcome> started) {
        start(started, reason -> {});
    }

    /**
     * Starts a process with the next incarnation.
     *
     * @param started runs when the engine serves or has failed to
     * @param onStop told when the engine wants its process to end
     */
    void start(CompletionLedger.Receiver<Outcome> started, Consumer<String> onStop) {
        world.check(lifetime == null, "one process runs at a time", name);
        incarnation++;
        SimProcess process = new SimProcess(
                world,
                name + "." + ++lifetimes,
                random.between(0, 1L << 40),
                random.between(980, 1020) / 1000.0);
        PayloadLedger payloads = new PayloadLedger(world);
        RandomSource entropy = world.random(process.name() + " entropy");
        PeerId self = new PeerId(id, incarnation);
        SimPeers peers =
                network == null ? null : network.connect(process, self, endpoint, payloads);
        SimCoordinator.Session session = coordinator.connect(process, name);
        Ports ports = new Ports(
                process,
                process,
                entropy::next,
                payloads,
                new SimStore(world, process, disk, payloads),
                session,
                peers == null ? Peers.NONE : peers,
                (level, text) -> world.tell(process.name(), level + " " + text));
        Engine engine = maker.make(new Start(id, incarnation, endpoint, !unclean), ports, onStop);
        unclean = false;
        CompletionLedger completions = new CompletionLedger(world, process);
        lifetime = new Lifetime(process, engine, payloads, completions, peers, session);
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
        SimPeers peers = lifetime().peers();
        kill();
        if (powerLoss) {
            unclean = true;
            world.note(name, "power loss", disk.losePower(), incarnation);
        } else {
            disk.loseProcess();
            world.note(name, "crash", incarnation, 0);
        }
        if (network != null && peers != null) {
            if (powerLoss) {
                network.onHostDied(peers);
            } else {
                network.onProcessDied(peers);
            }
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
        ended.session().close();
        SimPeers peers = ended.peers();
        if (network != null && peers != null) {
            network.onProcessDied(peers);
        }
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
     * @param peers its way to other nodes, or null
     * @param session its way to the coordinator
     */
    record Lifetime(
            SimProcess process,
            Engine engine,
            PayloadLedger payloads,
            CompletionLedger completions,
            @Nullable SimPeers peers,
            SimCoordinator.Session session) {}

    /**
     * What a process is started with.
     *
     * @param id the node
     * @param incarnation its number of lives
     * @param endpoint where it listens
     * @param clean whether the host has not lost power meanwhile
     */
    record Start(NodeId id, long incarnation, Endpoint endpoint, boolean clean) {}

    /** Composes an engine. */
    interface EngineMaker {
        /**
         * Composes the engine of a process.
         *
         * @param onStop told when the engine wants its process to end
         */
        Engine make(Start start, Ports ports, Consumer<String> onStop);
    }
}
