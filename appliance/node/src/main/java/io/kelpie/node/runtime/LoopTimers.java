package io.kelpie.node.runtime;

import io.kelpie.cluster.port.Clock;
import io.kelpie.cluster.port.Timers;

import java.util.TreeSet;

/**
 * The timers of a core loop, which asks for due tasks between two posted ones. Core loop only.
 *
 * <p>Kept in a sorted set and not in a heap: nearly every timer is a deadline that is cancelled
 * when its operation ends, and a cancelled one must leave at once, or deadlines of half a minute
 * would pile up by the million.
 */
final class LoopTimers implements Timers {
    private final Clock clock;
    private final TreeSet<LoopTimer> waiting = new TreeSet<>();
    private long nextSequence;

    LoopTimers(Clock clock) {
        this.clock = clock;
    }

    @Override
    public Timer after(long nanos, Runnable task) {
        if (nanos < 0) {
            throw new IllegalArgumentException("a delay is at least 0, not " + nanos + " ns");
        }
        LoopTimer timer = new LoopTimer(this, clock.nanos() + nanos, nextSequence++, task);
        waiting.add(timer);
        return timer;
    }

    /** Nanoseconds until the next timer is due, 0 if one is, {@code idleNanos} if none waits. */
    long nanosToNext(long idleNanos) {
        if (waiting.isEmpty()) {
            return idleNanos;
        }
        return Math.min(idleNanos, Math.max(0, waiting.first().dueNanos - clock.nanos()));
    }

    /** Runs the timers that are due now; those they start wait for the next call. */
    void runDue() {
        if (waiting.isEmpty()) {
            return;
        }
        long now = clock.nanos();
        long startedBefore = nextSequence;
        while (!waiting.isEmpty()) {
            LoopTimer first = waiting.first();
            if (first.dueNanos - now > 0 || first.sequence >= startedBefore) {
                return;
            }
            waiting.remove(first);
            first.task.run();
        }
    }

    int count() {
        return waiting.size();
    }

    private static final class LoopTimer implements Timer, Comparable<LoopTimer> {
        private final LoopTimers owner;
        private final long dueNanos;
        private final long sequence;
        private final Runnable task;

        private LoopTimer(LoopTimers owner, long dueNanos, long sequence, Runnable task) {
            this.owner = owner;
            this.dueNanos = dueNanos;
            this.sequence = sequence;
            this.task = task;
        }

        @Override
        public void cancel() {
            owner.waiting.remove(this);
        }

        @Override
        public int compareTo(LoopTimer other) {
            // A difference and not a comparison: the clock's origin is arbitrary and may wrap.
            int order = Long.signum(dueNanos - other.dueNanos);
            return order != 0 ? order : Long.compare(sequence, other.sequence);
        }

        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return Long.hashCode(sequence);
        }
    }
}
