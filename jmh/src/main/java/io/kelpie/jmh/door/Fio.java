package io.kelpie.jmh.door;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Runs fio and reads what it counted. */
final class Fio {
    private static final Duration SLACK = Duration.ofMinutes(1);
    private static final double MILLIS = 1e3;

    private Fio() {}

    /** Over NBD. */
    static Workload.Action nbd(String... words) {
        return (world, peer, seconds) ->
                run(world, seconds, List.of("--ioengine=nbd", "--uri=" + peer.target()), words);
    }

    /** On a file, past the kernel's cache, so that each request reaches the server. */
    static Workload.Action file(String... words) {
        return (world, peer, seconds) -> run(
                world,
                seconds,
                List.of("--ioengine=psync", "--direct=1", "--filename=" + peer.target()),
                words);
    }

    private static Result run(World world, int seconds, List<String> target, String... words) {
        return run(world.scratch(), world.options().mebibytes(), seconds, target, words);
    }

    /** On any target; files of a moment go to the scratch directory. */
    static Result run(
            Path scratch, int mebibytes, int seconds, List<String> target, String... words) {
        List<String> command = new ArrayList<>(List.of(
                Tool.FIO.program(),
                "--name=run",
                "--output-format=json",
                "--thread",
                "--group_reporting",
                "--norandommap",
                "--randrepeat=0",
                "--time_based",
                "--size=" + mebibytes + "m",
                "--runtime=" + seconds));
        command.addAll(target);
        command.addAll(List.of(words));
        String json = Command.run(scratch, SLACK.plus(Duration.ofSeconds(seconds)), command);
        return resultIn(json);
    }

    /** Reads and writes together; a sync is part of its write. */
    static Result resultIn(String output) {
        try {
            // Warnings may stand before the object.
            JsonNode job = new ObjectMapper()
                    .readTree(output.substring(Math.max(0, output.indexOf('{'))))
                    .path("jobs")
                    .path(0);
            if (job.path("error").asInt(-1) != 0) {
                throw new DoorsException("fio met error " + job.path("error") + " in its run");
            }
            long requests = 0;
            long bytes = 0;
            double seconds = 0;
            for (String direction : List.of("read", "write")) {
                JsonNode counted = job.path(direction);
                requests += counted.path("total_ios").asLong();
                bytes += counted.path("io_bytes").asLong();
                seconds = Math.max(seconds, counted.path("runtime").asLong() / MILLIS);
            }
            if (requests == 0 || seconds == 0) {
                throw new DoorsException("fio finished no request; it printed: " + output);
            }
            return new Result(seconds, requests, bytes);
        } catch (JsonProcessingException e) {
            throw new DoorsException("fio printed no JSON: " + e.getOriginalMessage(), e);
        }
    }
}
