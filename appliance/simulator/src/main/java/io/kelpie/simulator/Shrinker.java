package io.kelpie.simulator;

import io.kelpie.simulator.Workload.WorkloadOptions;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Looks for the smallest run of a seed that still breaks the same rule. */
final class Shrinker {
    /** Runs at most; each takes about as long as the first. */
    private static final int MAX_RUNS = 300;

    private static final long SECOND = 1_000_000_000L;

    private final long seed;
    private final Consumer<String> progress;
    private int runs;

    Shrinker(long seed, Consumer<String> progress) {
        this.seed = seed;
        this.progress = progress;
    }

    /** Shrinks what the options describe; returns the report of the smallest run that fails. */
    ClusterSimulation.Report shrink(ClusterOptions options) {
        ClusterSimulation.Report best = ClusterSimulation.run(seed, options);
        SimulationFailure failure = best.failure();
        if (failure == null) {
            return best;
        }
        boolean smaller = true;
        while (smaller && runs < MAX_RUNS) {
            ClusterSimulation.Report before = best;
            best = withoutKinds(best, failure);
            best = withoutHalves(best, failure);
            best = withFewerClients(best, failure);
            smaller = best != before;
        }
        return best;
    }

    private ClusterSimulation.Report withoutKinds(
            ClusterSimulation.Report best, SimulationFailure failure) {
        ClusterSimulation.Report now = best;
        Set<ClusterFault> kinds = EnumSet.noneOf(ClusterFault.class);
        for (PlannedFault fault : best.options().faults()) {
            kinds.add(fault.kind());
        }
        for (ClusterFault kind : kinds) {
            List<PlannedFault> kept = new ArrayList<>(now.options().faults());
            kept.removeIf(fault -> fault.kind() == kind);
            now = tryOut(now, now.options().withFaults(kept), failure, "without " + kind);
        }
        return now;
    }

    /** Leaves out halves, then quarters, down to single faults. */
    private ClusterSimulation.Report withoutHalves(
            ClusterSimulation.Report best, SimulationFailure failure) {
        ClusterSimulation.Report now = best;
        for (int size = now.options().faults().size() / 2; size >= 1; size /= 2) {
            for (int from = 0; from < now.options().faults().size(); ) {
                List<PlannedFault> faults = now.options().faults();
                List<PlannedFault> kept = new ArrayList<>(faults.subList(0, from));
                kept.addAll(faults.subList(Math.min(faults.size(), from + size), faults.size()));
                ClusterSimulation.Report tried = tryOut(
                        now, now.options().withFaults(kept), failure, kept.size() + " faults");
                from += tried == now ? size : 0;
                now = tried;
            }
        }
        return now;
    }

    private ClusterSimulation.Report withFewerClients(
            ClusterSimulation.Report best, SimulationFailure failure) {
        WorkloadOptions had = best.options().workload();
        ClusterSimulation.Report now = best;
        WorkloadOptions fewer = new WorkloadOptions(
                Math.max(1, had.volumeClients() / 2),
                had.objectClients() / 2,
                had.thinkNanos(),
                Math.max(1, had.vdis() / 2));
        if (!fewer.equals(had)) {
            now = tryOut(now, now.options().withWorkload(fewer), failure, "fewer clients");
        }
        long load = now.options().loadNanos() / 2;
        return load < SECOND
                ? now
                : tryOut(now, now.options().withLoad(load), failure, "a shorter load");
    }

    private ClusterSimulation.Report tryOut(
            ClusterSimulation.Report best,
            ClusterOptions smaller,
            SimulationFailure failure,
            String what) {
        if (smaller.equals(best.options()) || ++runs > MAX_RUNS) {
            return best;
        }
        ClusterSimulation.Report tried = ClusterSimulation.run(seed, smaller);
        SimulationFailure found = tried.failure();
        boolean same = found != null && found.rule().equals(failure.rule());
        progress.accept((same ? "still fails " : "passes ") + what);
        return same ? tried : best;
    }
}
