package io.kelpie.simulator;

import io.kelpie.simulator.SimulationOptions.Fault;

import java.util.ArrayList;
import java.util.List;

/** Lets things go wrong at random times while the load runs, and puts them right at the end. */
final class FaultPlan {
    private static final long MILLISECOND = 1_000_000L;

    private final World world;
    private final SimNode node;
    private final SimCoordinator coordinator;
    private final SingleErrors errors;
    private final Restarts restarts;
    private final SimulationOptions options;
    private final List<Fault> kinds;
    private final RandomSource random;
    private boolean active = true;
    private int count;

    FaultPlan(
            World world,
            SimNode node,
            SimCoordinator coordinator,
            SingleErrors errors,
            Restarts restarts,
            SimulationOptions options) {
        this.world = world;
        this.node = node;
        this.coordinator = coordinator;
        this.errors = errors;
        this.restarts = restarts;
        this.options = options;
        this.kinds = new ArrayList<>(options.faults());
        this.random = world.random("faults");
    }

    /** Faults so far. */
    int count() {
        return count;
    }

    void start() {
        if (!kinds.isEmpty()) {
            later();
        }
    }

    private void later() {
        world.schedule(random.below(2 * options.faultGapNanos()), "faults", "fault", () -> {
            if (active) {
                happen(kinds.get(random.below(kinds.size())));
                later();
            }
        });
    }

    private void happen(Fault fault) {
        world.note("faults", fault.name(), 0, 0);
        count++;
        long shortTime = random.between(1, 400) * MILLISECOND;
        switch (fault) {
            case CRASH -> restarts.crash(false, shortTime);
            case POWER_LOSS -> restarts.crash(true, shortTime);
            case CLEAN_RESTART -> restarts.cleanly(shortTime);
            case PAUSE -> {
                if (node.isUp()) {
                    node.lifetime().process().pause(shortTime);
                }
            }
            case ROT -> world.note("faults", "rotten", node.disk().rotOnePage() ? 1 : 0, 0);
            case FULL_DISK -> {
                errors.noteFullDisk();
                node.disk().fillUpTo(random.below(256 << 10), random.chance(0.5));
                world.schedule(shortTime, "faults", "room again", node.disk()::giveRoom);
            }
            case BROKEN_DISK -> {
                node.disk().breakDown();
                world.schedule(
                        shortTime, "faults", "replace process", () -> replaceProcess(shortTime));
            }
            case LOST_ANSWERS -> {
                errors.noteLostAnswers();
                coordinator.loseAnswers(0.3);
                world.schedule(
                        shortTime, "faults", "answers again", () -> coordinator.loseAnswers(0));
            }
            default -> throw new IllegalStateException("unknown fault " + fault);
        }
    }

    private void replaceProcess(long downNanos) {
        if (active) {
            restarts.crash(random.chance(0.5), downNanos);
        }
    }

    /** No more faults; what lasts is put right. */
    void heal() {
        active = false;
        node.disk().giveRoom();
        coordinator.loseAnswers(0);
        if (node.disk().isBroken()) {
            restarts.crash(false, MILLISECOND);
        }
    }
}
