package io.kelpie.system;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * How long writers waited between two acknowledged writes, by the fault that came last. Any thread.
 */
final class PauseClock {
    private final long[] lastOfWriter;
    private final Map<FaultKind, long[]> longest = new EnumMap<>(FaultKind.class);
    private FaultKind kind = FaultKind.NONE;
    private long lastOfAll = System.nanoTime();

    PauseClock(int writers) {
        lastOfWriter = new long[writers];
        java.util.Arrays.fill(lastOfWriter, lastOfAll);
        for (FaultKind each : FaultKind.values()) {
            longest.put(each, new long[3]);
        }
    }

    /** From now on pauses are put down to this fault. */
    synchronized void begin(FaultKind fault) {
        kind = fault;
        longest.get(fault)[2]++;
    }

    /** A write of a writer was acknowledged. */
    synchronized void acknowledged(int writer) {
        long now = System.nanoTime();
        long[] entry = longest.get(kind);
        entry[0] = Math.max(entry[0], now - lastOfAll);
        entry[1] = Math.max(entry[1], now - lastOfWriter[writer]);
        lastOfAll = now;
        lastOfWriter[writer] = now;
    }

    /** A table for the report. */
    synchronized String table() {
        StringBuilder text = new StringBuilder(
                "fault                  times  longest pause of all  of one writer\n");
        longest.forEach((each, entry) -> text.append("%-20s %7d %18.2f s %13.2f s%n"
                .formatted(
                        each.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '),
                        entry[2],
                        seconds(entry[0]),
                        seconds(entry[1]))));
        return text.toString();
    }

    private static double seconds(long nanos) {
        return nanos / (double) TimeUnit.SECONDS.toNanos(1);
    }
}
