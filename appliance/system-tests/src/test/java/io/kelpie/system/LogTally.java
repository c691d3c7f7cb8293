package io.kelpie.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Counts what the nodes' logs tell of. */
final class LogTally {
    private static final Pattern LINE = Pattern.compile("\\) (?<text>.*)$");
    private static final Pattern CAUGHT_UP =
            Pattern.compile("has everything, (\\d+) bytes of (\\d+) of");
    private static final Pattern EVICTION = Pattern.compile("map (\\d+): node .* is DOWN");

    private LogTally() {}

    /** Evictions, each once whoever tells of it, copies brought up to date, warnings and errors. */
    static String of(List<NodeProcess> nodes) throws IOException {
        TreeMap<String, Integer> loud = new TreeMap<>();
        java.util.TreeSet<String> evictions = new java.util.TreeSet<>();
        long caughtUp = 0;
        long objects = 0;
        long bytes = 0;
        for (NodeProcess node : nodes) {
            Path log = node.store().resolve("sheep.log");
            if (!Files.exists(log)) {
                continue;
            }
            try (Stream<String> lines = Files.lines(log)) {
                for (String line : (Iterable<String>) lines::iterator) {
                    var eviction = EVICTION.matcher(line);
                    if (eviction.find()) {
                        evictions.add(eviction.group(1));
                    }
                    var session = CAUGHT_UP.matcher(line);
                    if (session.find()) {
                        caughtUp++;
                        bytes += Long.parseLong(session.group(1));
                        objects += Long.parseLong(session.group(2));
                    }
                    if (line.contains("  WARN ") || line.contains(" ERROR ")) {
                        loud.merge(shape(line), 1, Integer::sum);
                    }
                }
            }
        }
        StringBuilder text = new StringBuilder(
                "maps with an eviction %d; learners added %d, for them %d bytes of %d objects copied; warnings:"
                        .formatted(evictions.size(), caughtUp, bytes, objects));
        loud.forEach((shape, count) -> text.append("\n%7d %s".formatted(count, shape)));
        return text.toString();
    }

    /** A line without its numbers. */
    private static String shape(String line) {
        var matcher = LINE.matcher(line);
        String text = matcher.find() ? matcher.group("text") : line;
        return text.replaceAll("[0-9a-f]{16,}", "X").replaceAll("[0-9]+", "N");
    }
}
