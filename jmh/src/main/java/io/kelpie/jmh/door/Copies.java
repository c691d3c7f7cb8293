package io.kelpie.jmh.door;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Programs that move a fixed amount and are timed. */
final class Copies {
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final double NANOS = 1e9;
    private static final int NBDCOPY_REQUEST_BYTES = 256 << 10;
    private static final int PAGE_BYTES = 4096;

    /** A stride that is no multiple of the object's size, so that all objects are met. */
    private static final int STRIDE_BYTES = (1 << 20) + PAGE_BYTES;

    private static final int REQUESTS_PER_SECOND = 6000;
    private static final Pattern BENCH_SECONDS =
            Pattern.compile("Run completed in ([0-9.]+) seconds");

    private Copies() {}

    /** The whole disk from a file of random bytes, with a flush at the end. */
    static Result nbdcopyIn(World world, Peer peer, int seconds) {
        return timed(
                world, Tool.NBDCOPY.program(), "--flush", world.source().toString(), peer.target());
    }

    /** The whole disk to nowhere. */
    static Result nbdcopyOut(World world, Peer peer, int seconds) {
        return timed(world, Tool.NBDCOPY.program(), peer.target(), "null:");
    }

    private static Result timed(World world, String... words) {
        long start = System.nanoTime();
        Command.run(world.scratch(), LIMIT, List.of(words));
        double passed = (System.nanoTime() - start) / NANOS;
        long bytes = world.options().sizeBytes();
        return new Result(passed, bytes / NBDCOPY_REQUEST_BYTES, bytes);
    }

    /** QEMU 5.2's block layer, 4 KiB at depth 32; the number of requests is fixed, not the time. */
    static Workload.Action qemuBench(boolean writes) {
        return (world, peer, seconds) -> {
            Path program = world.oldQemu().resolve("qemu-img");
            long count = (long) seconds * REQUESTS_PER_SECOND;
            List<String> words = List.of(
                    program.toString(),
                    "bench",
                    "-f",
                    "raw",
                    "-c",
                    Long.toString(count),
                    "-d",
                    "32",
                    "-s",
                    Integer.toString(PAGE_BYTES),
                    "-S",
                    Integer.toString(STRIDE_BYTES),
                    peer.target());
            if (writes) {
                words = new java.util.ArrayList<>(words);
                words.add(2, "-w");
            }
            String output = Command.run(world.scratch(), LIMIT, words);
            Matcher found = BENCH_SECONDS.matcher(output);
            if (!found.find()) {
                throw new DoorsException("qemu-img bench told no time: " + output);
            }
            return new Result(Double.parseDouble(found.group(1)), count, count * PAGE_BYTES);
        };
    }
}
