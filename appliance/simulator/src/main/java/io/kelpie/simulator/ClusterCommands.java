package io.kelpie.simulator;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.PrintWriter;
import java.util.function.LongFunction;

/** The commands that run several nodes. */
@Command(
        name = "cluster",
        description = "Runs several nodes in virtual time under faults drawn from a seed.",
        mixinStandardHelpOptions = true)
final class ClusterCommands {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private static int codeOf(ClusterSimulation.Report report) {
        SimulationFailure failure = report.failure();
        return failure == null ? 0 : failure.kind().exitCode();
    }

    @Command(name = "run", description = "Runs one seed.", mixinStandardHelpOptions = true)
    int run(
            @Parameters(paramLabel = "SEED") long seed,
            @Option(names = "--nodes", description = "how many (default: drawn)") int nodes,
            @Option(
                            names = "--without",
                            description = "leaves a rule out: ${COMPLETION-CANDIDATES}")
                    @Nullable
                    MissingRule missing) {
        ClusterSimulation.Report report =
                ClusterSimulation.run(seed, ClusterOptions.draw(seed, nodes, missing));
        out().println(report.describe());
        out().flush();
        return codeOf(report);
    }

    @Command(
            name = "shrink",
            description = "Makes a failing seed's run as small as it still fails.",
            mixinStandardHelpOptions = true)
    int shrink(
            @Parameters(paramLabel = "SEED") long seed,
            @Option(names = "--nodes", description = "how many (default: drawn)") int nodes,
            @Option(
                            names = "--without",
                            description = "leaves a rule out: ${COMPLETION-CANDIDATES}")
                    @Nullable
                    MissingRule missing) {
        ClusterSimulation.Report report = new Shrinker(seed, line -> {
                    out().println(line);
                    out().flush();
                })
                .shrink(ClusterOptions.draw(seed, nodes, missing));
        out().println(report.describe());
        out().flush();
        return codeOf(report);
    }

    @Command(
            name = "search",
            description = "Runs many seeds, two at a time, and tells which fail.",
            mixinStandardHelpOptions = true)
    int search(
            @Option(names = "--seeds", defaultValue = "1000", description = "how many") long seeds,
            @Option(names = "--from", description = "the first (default: from the clock)") @Nullable
                    Long from,
            @Option(names = "--nodes", description = "how many (default: drawn)") int nodes,
            @Option(names = "--threads", defaultValue = "2", description = "at a time") int threads,
            @Option(names = "--failures", defaultValue = "1", description = "stops after so many")
                    int failures) {
        long first = from == null ? System.currentTimeMillis() * 1000 : from;
        return search(
                first,
                seeds,
                threads,
                failures,
                seed -> ClusterSimulation.run(seed, ClusterOptions.draw(seed, nodes, null)));
    }

    @Command(
            name = "points",
            description = "Kills nodes at the k-th message of each type.",
            mixinStandardHelpOptions = true)
    int points(
            @Option(names = "--most", defaultValue = "300", description = "how many runs")
                    long most,
            @Option(names = "--threads", defaultValue = "2", description = "at a time") int threads,
            @Option(names = "--failures", defaultValue = "1", description = "stops after so many")
                    int failures) {
        return search(0, most, threads, failures, ScriptedRuns::run);
    }

    private int search(
            long first,
            long seeds,
            int threads,
            int failures,
            LongFunction<ClusterSimulation.Report> run) {
        SeedSearch.Result result = new SeedSearch(threads, failures, run)
                .run(first, seeds, report -> {
                    out().println(
                                    failures == 1
                                            ? report.describe()
                                            : report.summary() + "\n  "
                                                    + String.valueOf(report.failure())
                                                            .lines()
                                                            .findFirst()
                                                            .orElse(""));
                    out().flush();
                });
        out().println(result.describe());
        out().flush();
        return result.code();
    }

    @Command(
            name = "mutations",
            description = "Leaves each rule out and tells the first seed that notices.",
            mixinStandardHelpOptions = true)
    int mutations(
            @Option(names = "--seeds", defaultValue = "2000", description = "how many at most")
                    long seeds,
            @Option(names = "--from", defaultValue = "1", description = "the first") long from,
            @Option(names = "--threads", defaultValue = "2", description = "at a time") int threads,
            @Option(names = "--only", description = "one rule") @Nullable MissingRule only) {
        int survivors = 0;
        for (MissingRule rule : MissingRule.values()) {
            if (only == null || only == rule) {
                survivors += isCaught(rule, from, seeds, threads) ? 0 : 1;
            }
        }
        out().println(survivors + " survive");
        out().flush();
        return survivors == 0 ? 0 : SimulationFailure.Kind.CORRECTNESS.exitCode();
    }

    private boolean isCaught(MissingRule rule, long from, long seeds, int threads) {
        SeedSearch.Result result = new SeedSearch(threads, 1, seed -> MutationRuns.run(seed, rule))
                .run(from, seeds, report -> {
                    out().println(rule + ": " + report.summary() + "\n  "
                            + String.valueOf(report.failure())
                                    .lines()
                                    .findFirst()
                                    .orElse(""));
                    out().flush();
                });
        if (result.failed() == 0) {
            out().println(rule + ": survives " + result.describe());
            out().flush();
        }
        return result.failed() > 0;
    }
}
