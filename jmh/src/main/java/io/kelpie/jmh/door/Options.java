package io.kelpie.jmh.door;

import java.nio.file.Path;
import java.util.List;

/**
 * What the command line asked for.
 *
 * @param rounds how often each workload is measured on each peer, 1 to 100
 * @param seconds how long each run of fio lasts, 1 to 600
 * @param mebibytes size of the disks, 64 to 65536
 * @param only words; a workload is measured if its name contains one of them; empty for all
 * @param directory where disks and stores are made, on the disk to be measured
 * @param tsv file that gets one line for each run
 */
record Options(
        int rounds, int seconds, int mebibytes, List<String> only, Path directory, Path tsv) {
    static final String USAGE = """
            usage: jmh/doors [OPTION]...

            Measures the doors of one Kelpie node (one copy) beside nbdkit's file plugin, qemu-nbd and nbdfuse
            on preallocated files of the same disk, round by round, and prints medians, ratios and CPU time.

              --rounds=N      runs of each workload on each peer; default 5
              --seconds=S     length of a run; default 3
              --size=MIB      size of the disks; default 512
              --only=WORD,..  only workloads whose name contains a word, for example --only=rand,fuse
              --dir=DIR       where disks and stores are made and removed again; default /var/tmp
              --tsv=FILE      one line for each run; default doors.tsv
              --list          print the workloads and end
              --help          this text
            """;

    private static final int MAX_ROUNDS = 100;
    private static final int MAX_SECONDS = 600;
    private static final int MIN_MEBIBYTES = 64;
    private static final int MAX_MEBIBYTES = 65_536;

    /** What {@code jmh/doors} does unless told otherwise. */
    static Options ofDoors() {
        return new Options(5, 3, 512, List.of(), Path.of("/var/tmp"), Path.of("doors.tsv"));
    }

    /** What {@code jmh/cluster} does unless told otherwise. */
    static Options ofCluster() {
        return new Options(3, 5, 256, List.of(), Path.of("/var/tmp"), Path.of("cluster.tsv"));
    }

    /** Parses what changes the defaults; throws with a text for the user. */
    static Options parse(Options defaults, List<String> words) {
        Options options = defaults;
        for (String word : words) {
            int equals = word.indexOf('=');
            if (!word.startsWith("--") || equals < 0) {
                throw new DoorsException("unknown argument '" + word + "'; see --help");
            }
            options = options.with(word.substring(2, equals), word.substring(equals + 1));
        }
        return options;
    }

    private Options with(String name, String value) {
        return switch (name) {
            case "rounds" ->
                new Options(
                        number(name, value, 1, MAX_ROUNDS),
                        seconds,
                        mebibytes,
                        only,
                        directory,
                        tsv);
            case "seconds" ->
                new Options(
                        rounds,
                        number(name, value, 1, MAX_SECONDS),
                        mebibytes,
                        only,
                        directory,
                        tsv);
            case "size" ->
                new Options(
                        rounds,
                        seconds,
                        number(name, value, MIN_MEBIBYTES, MAX_MEBIBYTES),
                        only,
                        directory,
                        tsv);
            case "only" ->
                new Options(
                        rounds, seconds, mebibytes, List.of(value.split(",", -1)), directory, tsv);
            case "dir" -> new Options(rounds, seconds, mebibytes, only, Path.of(value), tsv);
            case "tsv" -> new Options(rounds, seconds, mebibytes, only, directory, Path.of(value));
            default -> throw new DoorsException("unknown option '--" + name + "'; see --help");
        };
    }

    private static int number(String name, String value, int min, int max) {
        if (value.matches("[0-9]{1,9}")) {
            int number = Integer.parseInt(value);
            if (number >= min && number <= max) {
                return number;
            }
        }
        throw new DoorsException("invalid --" + name + "='" + value + "': must be a number from "
                + min + " to " + max);
    }

    /** Whether a workload is asked for. */
    boolean wants(String workload) {
        return only.isEmpty() || only.stream().anyMatch(workload::contains);
    }

    long sizeBytes() {
        return (long) mebibytes << 20;
    }
}
