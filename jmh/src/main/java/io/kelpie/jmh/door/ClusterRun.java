package io.kelpie.jmh.door;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * One run of {@code jmh/cluster}.
 *
 * @param workload which
 * @param result what the client saw
 * @param cpuSeconds what the nodes spent together
 * @param counts what the kernel counted for them together, null if it could not be had
 */
record ClusterRun(
        ClusterWorkload workload,
        Result result,
        double cpuSeconds,
        @Nullable KernelCounts counts) {
    private static final double MICROS = 1e6;

    private double cost() {
        return cpuSeconds * MICROS / result.requests();
    }

    private double count(ToDoubleFunction<KernelCounts> which) {
        return counts == null ? Double.NaN : which.applyAsDouble(counts) / result.requests();
    }

    static String tsvHeader() {
        return "round\tworkload\tseconds\trequests\tcpu_us\tcalls\tswitches\tsyncs";
    }

    String toTsv() {
        return String.format(
                "%s\t%.3f\t%d\t%.1f\t%.2f\t%.2f\t%.3f",
                workload.name(),
                result.seconds(),
                result.requests(),
                cost(),
                count(KernelCounts::systemCalls),
                count(KernelCounts::switches),
                count(KernelCounts::syncs));
    }

    /**
     * A row of the table; the disk's runs, of the same rounds, to compare with if there are any.
     */
    static String line(String name, List<ClusterRun> runs, @Nullable List<ClusterRun> disk) {
        Figures speed = speeds(runs);
        boolean isServed = !runs.get(0).workload.isDisk();
        boolean isIdle = runs.get(0).workload.isIdle();
        return String.format(
                "%-16s %30s %20s %12s %12s %12s %10s",
                name,
                isIdle ? "(a request is a second)" : Report.range(speed, "%.0f"),
                disk == null || isIdle ? "-" : Report.range(speed.dividedBy(speeds(disk)), "%.2f"),
                isServed ? median(runs, ClusterRun::cost, "%.0f") : "-",
                isServed ? median(runs, run -> run.count(KernelCounts::systemCalls), "%.1f") : "-",
                isServed ? median(runs, run -> run.count(KernelCounts::switches), "%.1f") : "-",
                isServed ? median(runs, run -> run.count(KernelCounts::syncs), "%.2f") : "-");
    }

    private static Figures speeds(List<ClusterRun> runs) {
        return new Figures(
                runs.stream().map(run -> run.result.requestsPerSecond()).toList());
    }

    private static String median(
            List<ClusterRun> runs, ToDoubleFunction<ClusterRun> figure, String format) {
        double median = new Figures(runs.stream().map(figure::applyAsDouble).toList()).median();
        return Double.isNaN(median) ? "-" : String.format(format, median);
    }
}
