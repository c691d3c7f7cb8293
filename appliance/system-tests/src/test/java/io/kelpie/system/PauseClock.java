package io.kelpie.system;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * How long writers waited between two acknowledged writes, by the fault that came last. Any thread.
 */
final class PauseClock {
    private final long[] lastOfWriter;
    private final Map<FaultKind, Pause[]> longest = new EnumMap<>(FaultKind.class);
    private boolean wasWhole = true;
    private FaultKind kind = FaultKind.NONE;
    private long lastOfAll = System.nanoTime();

    PauseClock(int writers) {
        lastOfWriter = new long[writers];
        java.util.Arrays.fill(lastOfWriter, lastOfAll);
        for (FaultKind each : FaultKind.values()) {
            longest.put(each, new Pause[] {new Pause(), new Pause()});
        }
    }

    /**
     * From now on pauses are put down to this fault.
     *
     * @param isWhole every copy was in sync when it came; otherwise it may hit the last copy there
     *     is
     */
    synchronized void begin(FaultKind fault, boolean isWhole) {
        kind = fault;
        wasWhole = isWhole;
        current().times++;
    }

    private Pause current() {
        return Objects.requireNonNull(longest.get(kind))[wasWhole ? 0 : 1];
    }

    /** A write of a writer was acknowledged. */
    synchronized void acknowledged(int writer) {
        long now = System.nanoTime();
        Pause pause = current();
        pause.ofAll = Math.max(pause.ofAll, now - lastOfAll);
        pause.ofOne = Math.max(pause.ofOne, now - lastOfWriter[writer]);
        lastOfAll = now;
        lastOfWriter[writer] = now;
    }

    /** A table for the report. */
    synchronized String table() {
        StringBuilder text = new StringBuilder(
                "%-20s | whole before: times, longest pause of all".formatted("fault")
                        + " writers, of one | others: times, of all, of one\n");
        longest.forEach((each, pauses) -> text.append("%-20s |%s |%s%n"
                .formatted(
                        each.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '),
                        pauses[0],
                        pauses[1])));
        return text.toString();
    }

    private static final class Pause {
        private int times;
        private long ofAll;
        private long ofOne;

        @Override
        public String toString() {
            return "%6d %8.2f s %8.2f s".formatted(times, seconds(ofAll), seconds(ofOne));
        }
    }

    private static double seconds(long nanos) {
        return nanos / (double) TimeUnit.SECONDS.toNanos(1);
    }
}
