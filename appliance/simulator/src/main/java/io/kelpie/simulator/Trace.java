package io.kelpie.simulator;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Everything that happened, as a hash over all events and the text of the last ones. Two runs are
 * the same if and only if their hashes are.
 */
final class Trace {
    /** How many events a failure report shows. */
    static final int TAIL_EVENTS = 200;

    /** How many events are kept, to choose those of some nodes from. */
    private static final int KEPT_EVENTS = 1 << 15;

    /** Places whose events are printed as they happen, for who looks for a cause. */
    private static final @Nullable String SHOWN = System.getProperty("kelpie.trace");

    private final Entry[] tail = new Entry[KEPT_EVENTS];
    private long count;
    private long hash = 0x4B656C706965L;

    void add(long timeNanos, String where, String name, long first, long second) {
        tail[(int) (count % KEPT_EVENTS)] = new Entry(timeNanos, where, name, first, second);
        if (SHOWN != null && where.startsWith(SHOWN)) {
            System.err.println(new Entry(timeNanos, where, name, first, second).line(count));
        }
        count++;
        absorb(timeNanos);
        // A String's hash code is fixed by the language, so it is the same in every JVM.
        absorb(((long) where.hashCode() << 32) ^ name.hashCode());
        absorb(first);
        absorb(second);
    }

    private void absorb(long value) {
        hash = RandomSource.mix(hash * 31 + value);
    }

    long hash() {
        return hash;
    }

    long count() {
        return count;
    }

    /** The last events, oldest first, one line each. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (long i = Math.max(0, count - TAIL_EVENTS); i < count; i++) {
            lines.add(tail[(int) (i % KEPT_EVENTS)].line(i));
        }
        return lines;
    }

    /** The last events of some places, oldest first: those whose names start with one of these. */
    List<String> lines(List<String> places) {
        ArrayDeque<String> lines = new ArrayDeque<>();
        for (long i = count - 1;
                i >= Math.max(0, count - KEPT_EVENTS) && lines.size() < TAIL_EVENTS;
                i--) {
            Entry entry = tail[(int) (i % KEPT_EVENTS)];
            for (String place : places) {
                if (entry.where.startsWith(place)) {
                    lines.addFirst(entry.line(i));
                    break;
                }
            }
        }
        return List.copyOf(lines);
    }

    private record Entry(long timeNanos, String where, String name, long first, long second) {
        String line(long number) {
            return String.format(
                    "%8d %12.6f ms %-10s %s %x %x",
                    number, timeNanos / 1e6, where, name, first, second);
        }
    }
}
