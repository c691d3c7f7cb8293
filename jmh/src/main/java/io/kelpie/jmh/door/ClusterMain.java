package io.kelpie.jmh.door;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The command {@code jmh/cluster}. */
public final class ClusterMain {
    private static final String USAGE = """
            usage: jmh/cluster [OPTION]...

            Starts three Kelpie nodes on one disk that form a cluster and keep three copies, and measures 4 KiB
            requests through the first, round by round, beside writes to a plain file with fdatasync after each.

              --rounds=N      runs of each workload; default 3
              --seconds=S     length of a run; default 5
              --size=MIB      size of the disk; default 256
              --only=WORD,..  only workloads whose name contains a word
              --dir=DIR       where the stores are made and removed again; default /var/tmp
              --tsv=FILE      one line for each run; default cluster.tsv
              --list          print the workloads and end
              --help          this text
            """;

    /** Until a JVM has compiled what it runs often, it is measured and not the node. */
    private static final int WARM_UP_SECONDS = 15;

    private static final int IDLE_SETTLE_MILLIS = 3000;

    private final Options options;
    private final Trio trio;
    private final PrintWriter tsv;

    private ClusterMain(Options options, Trio trio, PrintWriter tsv) {
        this.options = options;
        this.trio = trio;
        this.tsv = tsv;
    }

    /**
     * Runs the command.
     *
     * @param words see {@code --help}; the checkout is in the property {@code kelpie.checkout}
     */
    public static void main(String[] words) {
        Locale.setDefault(Locale.ROOT);
        List<String> arguments = List.of(words);
        if (arguments.contains("--help")) {
            System.out.print(USAGE);
            return;
        }
        if (arguments.contains("--list")) {
            ClusterWorkload.all().forEach(workload -> System.out.println(workload.name()));
            return;
        }
        int status = 0;
        try {
            run(
                    Options.parse(Options.ofCluster(), arguments),
                    Path.of(System.getProperty("kelpie.checkout", ".")));
        } catch (DoorsException e) {
            System.err.println("jmh/cluster: " + e.getMessage());
            status = 1;
        }
        System.exit(status);
    }

    private static void run(Options options, Path checkout) {
        Tool.require(Set.of(Tool.FIO));
        try (PrintWriter tsv = new PrintWriter(Files.newBufferedWriter(options.tsv()));
                Trio trio = new Trio(options, checkout)) {
            // A Ctrl-C must not leave nodes behind.
            Runtime.getRuntime().addShutdownHook(new Thread(trio::close, "cluster-end"));
            trio.start();
            new ClusterMain(options, trio, tsv).measureAll();
        } catch (IOException e) {
            throw new DoorsException("cannot write " + options.tsv() + ": " + e, e);
        }
    }

    private void measureAll() {
        List<ClusterWorkload> workloads = ClusterWorkload.all().stream()
                .filter(workload -> options.wants(workload.name()))
                .toList();
        tsv.println(ClusterRun.tsvHeader());
        for (String direction : List.of("randwrite", "randread")) {
            Fio.run(
                    trio.directory(),
                    options.mebibytes(),
                    WARM_UP_SECONDS,
                    trio.target(),
                    "--rw=" + direction,
                    "--bs=4k",
                    "--iodepth=16");
        }
        Map<String, List<ClusterRun>> runs = new LinkedHashMap<>();
        for (int round = 1; round <= options.rounds(); round++) {
            for (ClusterWorkload workload : workloads) {
                ClusterRun run = measure(workload);
                tsv.println(round + "\t" + run.toTsv());
                tsv.flush();
                runs.computeIfAbsent(workload.name(), name -> new ArrayList<>()).add(run);
            }
        }
        print(runs);
    }

    private ClusterRun measure(ClusterWorkload workload) {
        Command.run(trio.directory(), Duration.ofMinutes(1), List.of("sync"));
        if (workload.isIdle()) {
            Pause.millis(IDLE_SETTLE_MILLIS);
        }
        double before = trio.cpuSeconds();
        KernelCounts.Counter counter = KernelCounts.start(trio.directory(), trio.processes());
        Result result = workload.run(trio, options);
        KernelCounts counts = counter.stop();
        return new ClusterRun(workload, result, trio.cpuSeconds() - before, counts);
    }

    private static void print(Map<String, List<ClusterRun>> runs) {
        System.out.printf(
                "%-16s %30s %20s %12s %12s %12s %10s%n",
                "workload",
                "each second, median (min-max)",
                "ratio to disk",
                "CPU us/req",
                "calls/req",
                "switches/req",
                "syncs/req");
        List<ClusterRun> disk = runs.get(ClusterWorkload.DISK);
        runs.forEach((name, own) -> System.out.println(ClusterRun.line(name, own, disk)));
        if (runs.values().stream().flatMap(List::stream).anyMatch(run -> run.counts() == null)) {
            System.out.println("no counts: perf is missing or not allowed"
                    + " (kernel.perf_event_paranoid, package linux-perf)");
        }
        System.out.flush();
    }
}
