package io.kelpie.simulator;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * Runs the engine in a virtual world from the command line. Exit codes: 0 nothing found, 1 the code
 * under test threw, 2 a wrong answer, 3 something did not end, 4 one seed gave two runs, 64 usage.
 */
@Command(
        name = "simulator",
        description = "Runs nodes in virtual time under faults drawn from a seed.",
        subcommands = {
            SimulatorMain.Run.class,
            SimulatorMain.Search.class,
            SimulatorMain.Twice.class,
            ClusterCommands.class
        },
        mixinStandardHelpOptions = true)
public final class SimulatorMain implements Callable<Integer> {
    private static final int USAGE = 64;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    /**
     * Starts the program.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new SimulatorMain());
        line.setExitCodeExceptionMapper(exception -> SimulationFailure.Kind.CRASH.exitCode());
        line.setParameterExceptionHandler((exception, arguments) -> {
            exception.getCommandLine().getErr().println(exception.getMessage());
            exception.getCommandLine().usage(exception.getCommandLine().getErr());
            return USAGE;
        });
        return line;
    }

    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getErr());
        return USAGE;
    }

    /** Prints what was found; returns the exit code. */
    private static int show(PrintWriter out, Simulation.Report report, Mutation mutation) {
        out.println(report.summary());
        SimulationFailure failure = report.failure();
        if (failure == null) {
            return 0;
        }
        for (String line : report.tail()) {
            out.println(line);
        }
        out.println("seed " + report.seed() + ", step " + report.steps() + ", " + failure.kind());
        out.println("broken rule: " + failure.getMessage());
        out.println("options: " + report.options());
        out.println("repeat with: simulator run " + report.seed()
                + (mutation == Mutation.NONE ? "" : " --plant=" + mutation));
        return failure.kind().exitCode();
    }

    @Command(name = "run", description = "Runs one seed.", mixinStandardHelpOptions = true)
    static final class Run implements Callable<Integer> {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

        @Parameters(paramLabel = "SEED", description = "any 64-bit number")
        private long seed;

        @Option(names = "--plant", description = "plants a fault: ${COMPLETION-CANDIDATES}")
        private Mutation mutation = Mutation.NONE;

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            int code = show(out, Simulation.run(seed, mutation), mutation);
            out.flush();
            return code;
        }
    }

    @Command(
            name = "twice",
            description = "Runs one seed twice and compares.",
            mixinStandardHelpOptions = true)
    static final class Twice implements Callable<Integer> {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

        @Parameters(paramLabel = "SEED", description = "any 64-bit number")
        private long seed;

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            Simulation.Report first = Simulation.run(seed, Mutation.NONE);
            Simulation.Report second = Simulation.run(seed, Mutation.NONE);
            int code = show(out, first, Mutation.NONE);
            if (first.hash() != second.hash()) {
                out.println("seed " + seed + " gave another run: " + second.summary());
                code = SimulationFailure.Kind.DETERMINISM.exitCode();
            }
            out.flush();
            return code;
        }
    }

    @Command(
            name = "search",
            description = "Runs seeds until one fails.",
            mixinStandardHelpOptions = true)
    static final class Search implements Callable<Integer> {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

        @Option(names = "--seeds", description = "how many seeds (default: no limit)")
        private long seeds = Long.MAX_VALUE;

        @Option(names = "--minutes", description = "how long (default: 10 unless --seeds is given)")
        private double minutes;

        @Option(names = "--from", description = "first seed (default: from the clock)")
        private long from = System.currentTimeMillis() * 1000;

        @Option(names = "--plant", description = "plants a fault: ${COMPLETION-CANDIDATES}")
        private Mutation mutation = Mutation.NONE;

        @Option(names = "--keep-going", description = "goes on after a failure")
        private boolean keepGoing;

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            if (minutes <= 0) {
                minutes = seeds == Long.MAX_VALUE ? 10 : Double.MAX_VALUE;
            }
            long start = System.nanoTime();
            double limitNanos = minutes * TimeUnit.MINUTES.toNanos(1);
            int code = 0;
            long run = 0;
            long failed = 0;
            long steps = 0;
            long inconclusive = 0;
            while (run < seeds && System.nanoTime() - start < limitNanos) {
                Simulation.Report report = Simulation.run(from + run, mutation);
                run++;
                steps += report.steps();
                inconclusive += report.inconclusiveBlocks();
                SimulationFailure failure = report.failure();
                if (failure != null && keepGoing) {
                    failed++;
                    code = failure.kind().exitCode();
                    out.println(report.summary() + ": " + firstLine(failure));
                } else if (failure != null) {
                    code = show(out, report, mutation);
                    failed++;
                    break;
                }
                out.flush();
            }
            out.printf(
                    "%d seeds from %d, %d failed, %d steps in %.1f s, %d blocks inconclusive%n",
                    run, from, failed, steps, (System.nanoTime() - start) / 1e9, inconclusive);
            out.flush();
            return code;
        }

        private static String firstLine(SimulationFailure failure) {
            return String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
        }
    }
}
