package io.kelpie.jmh.door;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The command {@code jmh/doors}. */
public final class DoorsMain {
    private static final int WARM_UP_SECONDS = 1;
    private static final Duration SETTLE_LIMIT = Duration.ofSeconds(10);
    private static final int SETTLE_LOOK_MILLIS = 250;
    /** A server that uses less than this share of a core has nothing left to do. */
    private static final double IDLE_SHARE = 0.05;

    private final Options options;
    private final World world;
    private final PrintWriter tsv;
    private final Report report = new Report(System.out);

    private DoorsMain(Options options, World world, PrintWriter tsv) {
        this.options = options;
        this.world = world;
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
            System.out.print(Options.USAGE);
            return;
        }
        if (arguments.contains("--list")) {
            Workloads.all().forEach(workload -> System.out.println(workload.name()));
            return;
        }
        int status = 0;
        try {
            run(
                    Options.parse(Options.ofDoors(), arguments),
                    Path.of(System.getProperty("kelpie.checkout", ".")));
        } catch (DoorsException e) {
            System.err.println("jmh/doors: " + e.getMessage());
            status = 1;
        }
        System.exit(status);
    }

    private static void run(Options options, Path checkout) {
        List<Workload> wanted = Workloads.all().stream()
                .filter(workload -> options.wants(workload.name()))
                .toList();
        if (wanted.isEmpty()) {
            throw new DoorsException(
                    "no workload's name contains " + options.only() + "; --list names them");
        }
        Set<Tool> tools = EnumSet.of(Tool.NBDCOPY, Tool.FIO);
        wanted.forEach(workload -> tools.addAll(workload.tools()));
        Tool.require(tools);
        try (PrintWriter tsv = new PrintWriter(Files.newBufferedWriter(options.tsv()));
                World world = new World(options, checkout)) {
            // A Ctrl-C must not leave servers and mounts behind.
            Runtime.getRuntime().addShutdownHook(new Thread(world::close, "doors-end"));
            new DoorsMain(options, world, tsv).measureAll(wanted);
        } catch (IOException e) {
            throw new DoorsException("cannot write " + options.tsv() + ": " + e, e);
        }
    }

    private void measureAll(List<Workload> workloads) {
        tsv.println(Run.tsvHeader());
        report.header();
        for (Workload workload : workloads) {
            List<Peer> peers = workload.peers().apply(world);
            for (Peer peer : peers) {
                workload.action().run(world, peer, WARM_UP_SECONDS);
                settle(peer);
            }
            report.workload(workload, measure(workload, peers));
        }
    }

    /** Each round begins with another peer, so that no one always follows the same. */
    private List<Run> measure(Workload workload, List<Peer> peers) {
        List<Run> runs = new ArrayList<>();
        for (int round = 0; round < options.rounds(); round++) {
            for (int i = 0; i < peers.size(); i++) {
                Peer peer = peers.get((round + i) % peers.size());
                Run run = measure(workload, round + 1, peer);
                tsv.println(run.toTsv());
                tsv.flush();
                runs.add(run);
            }
        }
        return runs;
    }

    private Run measure(Workload workload, int round, Peer peer) {
        double before = peer.cpuSeconds();
        Result result = workload.action().run(world, peer, options.seconds());
        settle(peer);
        return new Run(workload, round, peer.name(), result, peer.cpuSeconds() - before);
    }

    /** Waits, in bounded time, until a peer has done what it left for later and the disk has it. */
    private void settle(Peer peer) {
        Command.run(world.scratch(), Duration.ofMinutes(1), List.of("sync"));
        long deadline = System.nanoTime() + SETTLE_LIMIT.toNanos();
        double before;
        double after = peer.cpuSeconds();
        do {
            before = after;
            Pause.millis(SETTLE_LOOK_MILLIS);
            after = peer.cpuSeconds();
        } while (after - before > IDLE_SHARE * SETTLE_LOOK_MILLIS / 1e3
                && System.nanoTime() - deadline < 0);
    }
}
