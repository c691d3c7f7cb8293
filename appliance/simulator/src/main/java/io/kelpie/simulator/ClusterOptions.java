package io.kelpie.simulator;

import io.kelpie.simulator.Workload.WorkloadOptions;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What a run of several nodes is made of, drawn from its seed. Each run has some kinds of faults
 * only, because a mixture of everything hides what few can do.
 *
 * @param nodes how many nodes
 * @param copies how many copies of everything
 * @param partBits 2^partBits groups
 * @param loadNanos virtual time under load and faults
 * @param workload who there is
 * @param faults what goes wrong, in the order of time
 * @param crashPoint a scripted fault besides, or null
 * @param missingRule the rule that is left out, or null
 */
record ClusterOptions(
        int nodes,
        int copies,
        int partBits,
        long loadNanos,
        WorkloadOptions workload,
        List<PlannedFault> faults,
        @Nullable CrashPoint crashPoint,
        @Nullable MissingRule missingRule) {
    private static final long MILLISECOND = 1_000_000L;
    private static final long SECOND = 1_000 * MILLISECOND;
    /** Longest list of faults; a run of 30 seconds has some dozens. */
    private static final int MAX_FAULTS = 200;

    /** Copies the list. */
    ClusterOptions {
        faults = List.copyOf(faults);
    }

    /** Draws what a seed is made of. */
    static ClusterOptions draw(long seed, int wantedNodes, @Nullable MissingRule missingRule) {
        RandomSource random = new RandomSource(seed).fork("cluster options");
        int drawn = random.chance(0.1) ? 2 : (int) random.between(3, 5);
        int nodes = wantedNodes == 0 ? drawn : wantedNodes;
        int copies = Math.min(nodes, random.chance(0.2) ? 2 : 3);
        boolean busy = random.chance(0.3);
        long load = busy ? random.between(4, 10) * SECOND : random.between(8, 25) * SECOND;
        WorkloadOptions workload = new WorkloadOptions(
                (int) random.between(2, 6),
                (int) random.between(0, 2),
                busy ? 5 * MILLISECOND : 60 * MILLISECOND,
                (int) random.between(1, 3));
        List<PlannedFault> faults = plan(random.fork("faults"), nodes, load);
        int partBits = random.chance(0.7) ? 4 : 5;
        return new ClusterOptions(
                nodes, copies, partBits, load, workload, faults, null, missingRule);
    }

    /** What a scripted run is made of: one restart, so that there is something to catch up. */
    static ClusterOptions scripted(CrashPoint point, @Nullable MissingRule missingRule) {
        PlannedFault restart =
                new PlannedFault(1500 * MILLISECOND, ClusterFault.CRASH, 1, 1, 2 * SECOND, 0);
        return new ClusterOptions(
                3,
                3,
                4,
                8 * SECOND,
                new WorkloadOptions(3, 1, 40 * MILLISECOND, 1),
                List.of(restart),
                point,
                missingRule);
    }

    private static List<PlannedFault> plan(RandomSource random, int nodes, long loadNanos) {
        List<ClusterFault> kinds = new ArrayList<>();
        double share = random.between(10, 60) / 100.0;
        for (ClusterFault kind : ClusterFault.values()) {
            if (random.chance(share)) {
                kinds.add(kind);
            }
        }
        List<PlannedFault> faults = new ArrayList<>();
        for (ClusterFault kind : kinds) {
            long gap = random.between(1, 12) * SECOND;
            for (long time = random.below(2 * gap);
                    time < loadNanos && faults.size() < MAX_FAULTS;
                    time += 1 + random.below(2 * gap)) {
                int first = random.below(nodes);
                int second = nodes == 1 ? first : (first + 1 + random.below(nodes - 1)) % nodes;
                faults.add(new PlannedFault(
                        time, kind, first, second, lengthOf(random), random.next()));
            }
        }
        faults.sort(Comparator.comparingLong(PlannedFault::timeNanos));
        return faults;
    }

    private static long lengthOf(RandomSource random) {
        return switch (random.below(4)) {
            case 0 -> random.between(1, 200) * MILLISECOND;
            case 1 -> random.between(200, 1500) * MILLISECOND;
            case 2 -> random.between(1500, 4000) * MILLISECOND;
            default -> random.between(4, 15) * SECOND;
        };
    }

    ClusterOptions withFaults(List<PlannedFault> kept) {
        return new ClusterOptions(
                nodes, copies, partBits, loadNanos, workload, kept, crashPoint, missingRule);
    }

    ClusterOptions withWorkload(WorkloadOptions smaller) {
        return new ClusterOptions(
                nodes, copies, partBits, loadNanos, smaller, faults, crashPoint, missingRule);
    }

    ClusterOptions withLoad(long nanos) {
        return new ClusterOptions(
                nodes, copies, partBits, nanos, workload, faults, crashPoint, missingRule);
    }
}
