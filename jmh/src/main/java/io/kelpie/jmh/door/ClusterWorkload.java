package io.kelpie.jmh.door;

import java.util.ArrayList;
import java.util.List;

/**
 * What {@code jmh/cluster} measures: requests to the cluster, to a plain file on the same disk, or
 * nothing at all.
 *
 * @param name of the row
 * @param words for fio; empty for a time without requests
 */
record ClusterWorkload(String name, List<String> words) {
    /** Synced writes to a plain file that is there in full; what others are compared with. */
    static final String DISK = "disk-fdatasync";

    private static final String IDLE = "idle";

    /** Copies. */
    ClusterWorkload {
        words = List.copyOf(words);
    }

    static List<ClusterWorkload> all() {
        List<ClusterWorkload> all = new ArrayList<>();
        all.add(new ClusterWorkload(DISK, List.of("--rw=randwrite", "--fdatasync=1")));
        for (String direction : List.of("write", "read")) {
            for (int depth : List.of(1, 32)) {
                all.add(new ClusterWorkload(
                        direction + "-qd" + depth,
                        List.of("--rw=rand" + direction, "--iodepth=" + depth)));
            }
        }
        all.add(new ClusterWorkload(IDLE, List.of()));
        return all;
    }

    boolean isIdle() {
        return name.equals(IDLE);
    }

    boolean isDisk() {
        return name.equals(DISK);
    }

    /** The result of a time without requests counts the seconds as requests. */
    Result run(Trio trio, Options options) {
        if (isIdle()) {
            Pause.millis(options.seconds() * 1000L);
            return new Result(options.seconds(), options.seconds(), 0);
        }
        List<String> target = isDisk()
                ? List.of(
                        "--ioengine=psync",
                        "--filename=" + trio.directory().resolve("plain"),
                        "--overwrite=1")
                : trio.target();
        List<String> all = new ArrayList<>(words);
        all.add("--bs=4k");
        return Fio.run(
                trio.directory(),
                options.mebibytes(),
                options.seconds(),
                target,
                all.toArray(String[]::new));
    }
}
