package io.kelpie.simulator;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.engine.EngineConfig;
import io.kelpie.cluster.model.Endpoint;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/**
 * One run: a node under load and faults, then peace, then the questions: have all calls ended, was
 * nothing lost, was everything borrowed given back?
 */
final class Simulation {
    private static final long SECOND = 1_000_000_000L;
    private static final int PART_BITS = 4;
    private static final long LOOPBACK = 0x7F000001L;
    /** Virtual time in which a healed node must be ready and all calls must have ended. */
    private static final long QUIET_NANOS = 120 * SECOND;

    private final long seed;
    private final SimulationOptions options;
    private final World world;
    private final SimCoordinator coordinator;
    private final SimNode node;
    private final Workload workload;
    private final Restarts restarts;
    private final FaultPlan faults;
    private int inconclusive;

    private Simulation(long seed, Mutation mutation) {
        this.seed = seed;
        this.world = new World(seed);
        this.options = SimulationOptions.draw(world.random("options"), mutation);
        this.coordinator = new SimCoordinator(world, mutation);
        SimDisk disk = new SimDisk(world, "node", mutation);
        this.node = loneNode(world, disk, coordinator, options.alwaysDurable());
        SingleErrors errors = new SingleErrors(node);
        this.workload = new Workload(world, List.of(node), errors, options.workload());
        this.restarts = new Restarts(world, node, workload);
        this.faults = new FaultPlan(world, node, coordinator, errors, restarts, options);
    }

    /** A node that is the whole cluster. */
    static SimNode loneNode(
            World world, SimDisk disk, SimCoordinator coordinator, boolean alwaysDurable) {
        return new SimNode(
                world,
                "node",
                new Endpoint(0, LOOPBACK, 7000),
                disk,
                coordinator,
                null,
                (start, ports, onStop) -> new Engine(
                        new EngineConfig(
                                start.id(),
                                start.incarnation(),
                                start.endpoint(),
                                1,
                                100,
                                PART_BITS,
                                alwaysDurable),
                        ports),
                alwaysDurable);
    }

    /**
     * Runs a seed.
     *
     * @param seed decides everything
     * @param mutation what to plant
     * @return what came of it
     */
    static Report run(long seed, Mutation mutation) {
        return new Simulation(seed, mutation).run();
    }

    private Report run() {
        try {
            loadAndFaults();
            checkRest();
            checkAfterPowerLoss();
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

    private void loadAndFaults() {
        restarts.startNode();
        await("the first start ends", restarts::isReady);
        faults.start();
        world.runUntil(() -> false, options.loadNanos());
    }

    /** Faults end, the node serves again, all calls end, every block is read, the node stops. */
    private void checkRest() {
        faults.heal();
        await("a healed node serves", restarts::isReady);
        workload.quiesce();
        await("every call ends", workload::isQuiet);
        readEverything();
        stopNode();
    }

    /** A node that was stopped in an orderly way loses nothing when power fails afterwards. */
    private void checkAfterPowerLoss() {
        node.disk().losePower();
        for (TestVdi vdi : workload.vdis()) {
            vdi.onDown(true);
        }
        restarts.startNode();
        await("a stopped node serves again", restarts::isReady);
        workload.quiesce();
        await("every call ends", workload::isQuiet);
        readEverything();
        workload.checkNoGarbage();
        stopNode();
    }

    private void readEverything() {
        FinalReader reader = new FinalReader(world, workload, new Seat(workload, node));
        node.lifetime().process().post(0, "final reads", reader::start);
        await("every block can be read", reader::isDone);
    }

    private void stopNode() {
        boolean[] stopped = {false};
        restarts.stop(() -> stopped[0] = true);
        await("a quiet node stops", () -> stopped[0]);
    }

    private void checkHistories() {
        for (TestVdi vdi : workload.vdis()) {
            if (vdi.stage() != TestVdi.Stage.CREATING) {
                inconclusive += vdi.history().check(world, vdi.name(), vdi.blockCount());
            }
        }
    }

    private void await(String rule, BooleanSupplier condition) {
        if (!world.runUntil(condition, QUIET_NANOS)) {
            String open = node.isUp()
                    ? node.lifetime().completions().openCalls().toString()
                    : "no process runs";
            throw world.fail(SimulationFailure.Kind.LIVENESS, rule, open);
        }
    }

    private Report report(@Nullable SimulationFailure failure) {
        return new Report(
                seed,
                world.trace().hash(),
                world.steps(),
                world.now(),
                workload.endedCount(),
                restarts.starts(),
                inconclusive,
                options,
                failure,
                failure == null ? List.of() : world.trace().lines());
    }

    /**
     * What came of a run.
     *
     * @param seed what decided it
     * @param hash over all its events
     * @param steps events run
     * @param virtualNanos time that passed in the world
     * @param calls calls of clients that ended
     * @param starts process lifetimes
     * @param inconclusiveBlocks blocks whose history the checker gave up on
     * @param options what the run was made of
     * @param failure what was found, null if nothing
     * @param tail the last events before the failure
     */
    record Report(
            long seed,
            long hash,
            long steps,
            long virtualNanos,
            long calls,
            int starts,
            int inconclusiveBlocks,
            SimulationOptions options,
            @Nullable SimulationFailure failure,
            List<String> tail) {
        /** One line for people. */
        String summary() {
            return String.format(
                    Locale.ROOT,
                    "seed %d: %s, hash %016x, %d steps, %.1f virtual s, %d calls, %d starts%s",
                    seed,
                    failure == null ? "passed" : failure.kind().name(),
                    hash,
                    steps,
                    virtualNanos / 1e9,
                    calls,
                    starts,
                    inconclusiveBlocks == 0 ? "" : ", inconclusive " + inconclusiveBlocks);
        }
    }
}
