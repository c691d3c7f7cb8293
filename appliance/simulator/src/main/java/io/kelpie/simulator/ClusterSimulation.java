package io.kelpie.simulator;

import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.cluster.vdi.VdiEntry.VdiState;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/**
 * One run of several nodes: load and faults, then peace, then the questions: has every call ended,
 * has the cluster come to rest, is everything there that was acknowledged, are all copies equal?
 */
final class ClusterSimulation {
    private static final long SECOND = 1_000_000_000L;
    private static final long LOOPBACK = 0x7F000001L;
    private static final int FIRST_PORT = 7000;
    /** Virtual time in which calls must have ended and the cluster must have come to rest. */
    private static final long QUIET_NANOS = 240 * SECOND;

    private static final long REST_POLL_NANOS = SECOND / 4;

    private final long seed;
    private final ClusterOptions options;
    private final World world;
    private final SimCoordinator coordinator;
    private final SimNetwork network;
    private final ClusterErrors errors = new ClusterErrors();
    private final ClusterNodes nodes;
    private final Workload workload;
    private final ClusterChecker checker;
    private final ClusterFaults faults;
    private final RandomSource random;
    private int inconclusive;
    private String phase = "start";

    private ClusterSimulation(long seed, ClusterOptions options) {
        this.seed = seed;
        this.options = options;
        this.world = new World(seed);
        this.random = world.random("simulation");
        this.coordinator = new SimCoordinator(world, Mutation.NONE);
        this.network = new SimNetwork(world, new CopyCarrier());
        this.nodes = new ClusterNodes(world, network, errors);
        ClusterEngines engines = new ClusterEngines(options);
        for (int i = 0; i < options.nodes(); i++) {
            String name = "n" + i;
            SimDisk disk = new SimDisk(world, name, Mutation.NONE);
            Endpoint endpoint = new Endpoint(0, LOOPBACK, FIRST_PORT + i);
            nodes.add(
                    new SimNode(world, name, endpoint, disk, coordinator, network, engines, true));
        }
        this.workload = new Workload(world, nodes.all(), errors, options.workload());
        nodes.serve(workload);
        this.checker = new ClusterChecker(world, coordinator, workload.vdis());
        for (SimNode node : nodes.all()) {
            checker.addDisk(node.id(), node.name(), node.disk());
        }
        workload.observe(checker::onEnded);
        coordinator.observe(checker);
        this.faults = new ClusterFaults(
                world, options, nodes, network, coordinator, checker, errors, workload);
        network.tap(faults);
    }

    /**
     * Runs a seed.
     *
     * @param seed decides everything that the options leave open
     * @param options what the run is made of
     * @return what came of it
     */
    static Report run(long seed, ClusterOptions options) {
        return new ClusterSimulation(seed, options).run();
    }

    private Report run() {
        try {
            begin();
            loadAndFaults();
            checkRest();
            checkColdStart();
            checkHistories();
            return report(null);
        } catch (SimulationFailure failure) {
            return report(failure);
        } catch (RuntimeException thrown) {
            return report(new SimulationFailure(
                    SimulationFailure.Kind.CRASH,
                    "the code under test does not throw",
                    thrown + "\n" + firstFrames(thrown)));
        }
    }

    private static String firstFrames(RuntimeException thrown) {
        StringBuilder text = new StringBuilder();
        StackTraceElement[] frames = thrown.getStackTrace();
        for (int i = 0; i < Math.min(20, frames.length); i++) {
            text.append("    at ").append(frames[i]).append('\n');
        }
        return text.toString();
    }

    /** All nodes start, one is asked to format. */
    private void begin() {
        for (SimNode node : nodes.all()) {
            nodes.start(node);
        }
        await("the first start ends", nodes::areAllServing);
        world.runUntil(() -> false, SECOND);
        phase = "format";
        format();
        await("a format ends", this::isRunningEverywhere);
    }

    private void format() {
        SimNode node = nodes.node(0);
        ClusterSettings settings = new ClusterSettings(
                node.lifetime().process().wallNanos(), 0, options.copies(), 20, "plain");
        node.lifetime()
                .process()
                .post(
                        0,
                        "format",
                        () -> node.lifetime()
                                .completions()
                                .<Outcome>call(
                                        "format", c -> node.engine().format(settings, c), ended -> {
                                            if (!ended.isDone()) {
                                                node.lifetime()
                                                        .process()
                                                        .post(SECOND, "format again", this::format);
                                            }
                                        }));
    }

    private boolean isRunningEverywhere() {
        for (SimNode node : nodes.all()) {
            if (!node.isServing()
                    || node.engine().map().status() != ClusterStatus.RUNNING
                    || node.engine().refusal() != null) {
                return false;
            }
        }
        return true;
    }

    private boolean isNothingUnfinished() {
        for (SimNode node : nodes.all()) {
            for (VdiEntry row : node.engine().vdis()) {
                if (row.state() != VdiState.READY && row.state() != VdiState.DELETED) {
                    return false;
                }
            }
        }
        return true;
    }

    private void loadAndFaults() {
        phase = "load";
        workload.resume();
        faults.start();
        world.runUntil(() -> false, options.loadNanos());
    }

    /** Faults end, the nodes serve again, all calls end, every block is read. */
    private void checkRest() {
        phase = "rest";
        faults.heal();
        world.runUntil(() -> false, 2 * SECOND);
        workload.quiesce();
        await("healed nodes serve", this::isRunningEverywhere);
        await("every call ends", workload::isQuiet);
        await("what was half made or half deleted is finished", this::isNothingUnfinished);
        checker.checkAll();
        awaitRest();
        checker.checkAll();
        readEverything();
        checkReplicas();
    }

    /** All power fails; the nodes come back in any order. */
    private void checkColdStart() {
        if (faults.hasRotten() || !random.chance(0.3)) {
            return;
        }
        phase = "cold start";
        for (SimNode node : nodes.all()) {
            nodes.crash(node, true, random.below(6 * SECOND));
        }
        await("a cluster without power starts again", this::isRunningEverywhere);
        awaitRest();
        checker.checkAll();
        readEverything();
        checkReplicas();
    }

    private void awaitRest() {
        if (faults.hasRotten()) {
            // A damaged page may be the only copy of a group whose other members learn.
            world.runUntil(() -> false, 10 * SECOND);
            return;
        }
        long end = world.now() + QUIET_NANOS;
        String unrest = "not looked";
        int calm = 0;
        while (calm < 4) {
            world.runUntil(() -> false, REST_POLL_NANOS);
            unrest = checker.unrest(options.copies());
            calm = unrest == null ? calm + 1 : 0;
            if (world.now() > end) {
                throw world.fail(
                        SimulationFailure.Kind.LIVENESS,
                        "I25: a healed cluster comes to rest",
                        String.valueOf(unrest));
            }
        }
    }

    private void checkReplicas() {
        if (!faults.hasRotten()) {
            world.runUntil(() -> false, 2 * SECOND);
            checker.checkReplicas();
            workload.checkNoGarbage(checker::isMemberOf);
        }
    }

    private void readEverything() {
        for (SimNode node : nodes.all()) {
            Seat seat = new Seat(workload, node);
            boolean[] looked = {false};
            TableCheck table = new TableCheck(world, workload, seat);
            node.lifetime()
                    .process()
                    .post(0, "table", () -> table.verifyTable(() -> looked[0] = true));
            await("every disk can be looked up", () -> looked[0]);
            FinalReader reader = new FinalReader(world, workload, seat);
            node.lifetime().process().post(0, "final reads", reader::start);
            await("every block can be read", reader::isDone);
        }
    }

    private void checkHistories() {
        phase = "histories";
        for (TestVdi vdi : workload.vdis()) {
            if (vdi.stage() != TestVdi.Stage.CREATING) {
                inconclusive += vdi.history().check(world, vdi.name(), vdi.blockCount());
            }
        }
    }

    private void await(String rule, BooleanSupplier condition) {
        if (!world.runUntil(condition, QUIET_NANOS)) {
            throw world.fail(SimulationFailure.Kind.LIVENESS, rule, whyNot());
        }
    }

    private String whyNot() {
        StringBuilder text = new StringBuilder();
        for (SimNode node : nodes.all()) {
            text.append("\n  ").append(node.name()).append(' ').append(node.id());
            if (!node.isUp()) {
                text.append(" is down");
                continue;
            }
            text.append(node.isServing() ? " serves" : " does not serve")
                    .append(" map ")
                    .append(node.engine().map().version())
                    .append(' ')
                    .append(node.engine().map().status())
                    .append(" refuses ")
                    .append(node.engine().refusal())
                    .append(' ')
                    .append(node.lifetime().completions().openCalls());
        }
        text.append("\n  map ").append(coordinator.map().version()).append(": ");
        text.append(checker.unrest(options.copies()));
        return text.toString();
    }

    private Report report(@Nullable SimulationFailure failure) {
        return new Report(
                seed,
                options,
                world.trace().hash(),
                world.steps(),
                world.now(),
                workload.endedCount(),
                network.delivered(),
                nodes.starts(),
                inconclusive,
                faults.wasCrashPointReached(),
                phase,
                failure,
                failure == null ? List.of() : tail(failure));
    }

    private List<String> tail(SimulationFailure failure) {
        String text = String.valueOf(failure.getMessage());
        List<String> places = new ArrayList<>(List.of("coord", "faults"));
        for (SimNode node : nodes.all()) {
            if (text.contains(node.name() + " ") || text.contains(node.name() + ".")) {
                places.add(node.name());
            }
        }
        return places.size() == 2 ? world.trace().lines() : world.trace().lines(places);
    }

    /**
     * What came of a run.
     *
     * @param seed what decided it
     * @param options what it was made of
     * @param hash over all its events
     * @param steps events run
     * @param virtualNanos time that passed in the world
     * @param calls calls of clients that ended
     * @param messages messages that arrived
     * @param starts process lifetimes
     * @param inconclusiveBlocks blocks whose history the checker gave up on
     * @param crashPointReached whether the scripted message was seen, if there is one
     * @param phase how far it came
     * @param failure what was found, null if nothing
     * @param tail the last events of the nodes concerned
     */
    record Report(
            long seed,
            ClusterOptions options,
            long hash,
            long steps,
            long virtualNanos,
            long calls,
            long messages,
            int starts,
            int inconclusiveBlocks,
            boolean crashPointReached,
            String phase,
            @Nullable SimulationFailure failure,
            List<String> tail) {
        /** One line for people. */
        String summary() {
            return String.format(
                    Locale.ROOT,
                    "seed %d: %s, hash %016x, %d nodes, %d copies, %d faults, %d steps, %.1f virtual"
                            + " s, %d calls, %d messages, %d starts%s%s",
                    seed,
                    failure == null ? "passed" : failure.kind().name() + " in " + phase,
                    hash,
                    options.nodes(),
                    options.copies(),
                    options.faults().size(),
                    steps,
                    virtualNanos / 1e9,
                    calls,
                    messages,
                    starts,
                    options.missingRule() == null ? "" : ", without " + options.missingRule(),
                    inconclusiveBlocks == 0 ? "" : ", inconclusive " + inconclusiveBlocks);
        }

        /** The same run, had it passed. */
        Report withoutFailure() {
            return new Report(
                    seed,
                    options,
                    hash,
                    steps,
                    virtualNanos,
                    calls,
                    messages,
                    starts,
                    inconclusiveBlocks,
                    crashPointReached,
                    phase,
                    null,
                    List.of());
        }

        /** What was found and what led to it, for people. */
        String describe() {
            StringBuilder text = new StringBuilder(summary());
            if (failure == null) {
                return text.toString();
            }
            text.append("\nbroken rule: ").append(failure.getMessage());
            text.append("\nfaults:");
            for (PlannedFault fault : options.faults()) {
                text.append("\n  ").append(fault.describe());
            }
            if (options.crashPoint() != null) {
                text.append("\n  ").append(options.crashPoint());
            }
            text.append("\nlast events:");
            for (String line : tail) {
                text.append('\n').append(line);
            }
            return text.toString();
        }
    }
}
