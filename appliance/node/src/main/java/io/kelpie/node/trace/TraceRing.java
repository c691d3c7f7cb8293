package io.kelpie.node.trace;

import io.kelpie.cluster.port.Tracer.Level;

import org.jspecify.annotations.Nullable;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The last {@value #CAPACITY} events, debug ones too, for the report that is written when the node
 * ends on a broken invariant. Any thread.
 */
public final class TraceRing {
    /** Events kept: some seconds of a busy node, about half a megabyte. */
    public static final int CAPACITY = 4096;

    private final AtomicReferenceArray<@Nullable Entry> entries =
            new AtomicReferenceArray<>(CAPACITY);
    private final AtomicLong next = new AtomicLong();

    /** Creates an empty ring. */
    public TraceRing() {}

    void add(Level level, String text) {
        int slot = (int) (next.getAndIncrement() % CAPACITY);
        entries.set(slot, new Entry(Instant.now(), level, text));
    }

    /**
     * The events, oldest first.
     *
     * @return at most {@value #CAPACITY} lines: time, level, text
     */
    public List<String> lines() {
        long end = next.get();
        List<String> lines = new ArrayList<>();
        for (long i = Math.max(0, end - CAPACITY); i < end; i++) {
            Entry entry = entries.get((int) (i % CAPACITY));
            if (entry != null) {
                lines.add(entry.at + " " + entry.level + " " + entry.text);
            }
        }
        return List.copyOf(lines);
    }

    private record Entry(Instant at, Level level, String text) {}
}
