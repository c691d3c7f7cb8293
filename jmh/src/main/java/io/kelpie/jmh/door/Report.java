package io.kelpie.jmh.door;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Prints a workload's runs: medians with range, ratios to the first peer of the same round. */
final class Report {
    private final PrintStream out;

    Report(PrintStream out) {
        this.out = out;
    }

    void header() {
        out.printf(
                "%-27s %-12s %28s %20s %22s%n",
                "workload", "peer", "median (min-max)", "ratio (min-max)", "CPU of the servers");
    }

    /** One block; {@code runs} in the order of the rounds. */
    void workload(Workload workload, List<Run> runs) {
        Map<String, List<Run>> byPeer = new LinkedHashMap<>();
        for (Run run : runs) {
            byPeer.computeIfAbsent(run.peer(), peer -> new ArrayList<>()).add(run);
        }
        List<String> names =
                workloadOrder(runs.stream().map(Run::peer).distinct().sorted().toList(), runs);
        Figures first = speeds(Objects.requireNonNull(byPeer.get(names.get(0))));
        String label = workload.name();
        for (String name : names) {
            List<Run> own = Objects.requireNonNull(byPeer.get(name));
            Figures speed = speeds(own);
            Figures cost = new Figures(own.stream().map(Run::cost).toList());
            out.printf(
                    "%-27s %-12s %28s %20s %22s%n",
                    label,
                    name,
                    range(speed, "%.0f") + " " + workload.unit().speed(),
                    range(speed.dividedBy(first), "%.2f"),
                    String.format("%.2f", cost.median()) + " " + workload.unit().cost());
            label = "";
        }
        out.flush();
    }

    /** Rounds begin with another peer each, the first one with the one to compare with. */
    private static List<String> workloadOrder(List<String> names, List<Run> runs) {
        List<String> order = new ArrayList<>();
        for (Run run : runs) {
            if (!order.contains(run.peer()) && names.contains(run.peer())) {
                order.add(run.peer());
            }
        }
        return order;
    }

    private static Figures speeds(List<Run> runs) {
        return new Figures(runs.stream().map(Run::speed).toList());
    }

    static String range(Figures figures, String format) {
        return String.format(
                format + " (" + format + "-" + format + ")",
                figures.median(),
                figures.min(),
                figures.max());
    }
}
