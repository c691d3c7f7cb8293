package io.kelpie.simulator;

import org.jspecify.annotations.Nullable;

import java.util.PriorityQueue;
import java.util.function.BooleanSupplier;

/**
 * Virtual time: one queue of events ordered by time and, at one time, by the order in which they
 * were scheduled. One thread runs them; nothing else happens.
 */
final class World {
    /** More waiting events than this mean that something schedules without end. */
    private static final int MAX_WAITING = 1 << 20;

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final RandomSource random;
    private final Trace trace = new Trace();
    private long nowNanos;
    private long sequence;
    private long steps;
    private @Nullable SimulationFailure failure;

    World(long seed) {
        random = new RandomSource(seed);
    }

    long now() {
        return nowNanos;
    }

    long steps() {
        return steps;
    }

    Trace trace() {
        return trace;
    }

    /** The random stream of one purpose. */
    RandomSource random(String purpose) {
        return random.fork(purpose);
    }

    /** Records a fact with two values in the trace. */
    void note(String where, String name, long first, long second) {
        trace.add(nowNanos, where, name, first, second);
    }

    /** Records what somebody says. */
    void tell(String where, String text) {
        trace.add(nowNanos, where, text, text.hashCode(), 0);
    }

    /**
     * Runs a task at {@code nowNanos + delayNanos}.
     *
     * @return the event, to cancel it
     */
    Event schedule(long delayNanos, String where, String name, Runnable task) {
        if (events.size() >= MAX_WAITING) {
            throw fail(
                    SimulationFailure.Kind.LIVENESS,
                    "the number of waiting events is bounded",
                    where + " schedules " + name);
        }
        Event event = new Event(nowNanos + Math.max(0, delayNanos), sequence++, where, name, task);
        events.add(event);
        return event;
    }

    /**
     * Runs events until the condition holds.
     *
     * @param limitNanos virtual time to wait at most
     * @return whether the condition holds; false when the time is over or nothing is left to run
     */
    boolean runUntil(BooleanSupplier condition, long limitNanos) {
        long end = nowNanos + limitNanos;
        while (!condition.getAsBoolean()) {
            Event next = events.peek();
            if (next == null || next.timeNanos > end) {
                nowNanos = end;
                return false;
            }
            step();
        }
        return true;
    }

    private void step() {
        Event event = events.remove();
        if (event.cancelled) {
            return;
        }
        nowNanos = event.timeNanos;
        steps++;
        note(event.where, event.name, event.sequence, 0);
        event.task.run();
        if (failure != null) {
            // Somebody between the failed check and this loop swallowed it.
            throw failure;
        }
    }

    /**
     * Makes a failure to throw; the run ends with the first one even if the code under test catches
     * it.
     */
    SimulationFailure fail(SimulationFailure.Kind kind, String rule, String detail) {
        SimulationFailure made = new SimulationFailure(kind, rule, detail);
        if (failure == null) {
            failure = made;
        }
        return made;
    }

    /** Throws a {@link SimulationFailure.Kind#CORRECTNESS} failure unless the condition holds. */
    void check(boolean condition, String rule, Object detail) {
        if (!condition) {
            throw fail(SimulationFailure.Kind.CORRECTNESS, rule, String.valueOf(detail));
        }
    }

    /** Something that will happen. */
    static final class Event implements Comparable<Event> {
        private final long timeNanos;
        private final long sequence;
        private final String where;
        private final String name;
        private final Runnable task;
        private boolean cancelled;

        private Event(long timeNanos, long sequence, String where, String name, Runnable task) {
            this.timeNanos = timeNanos;
            this.sequence = sequence;
            this.where = where;
            this.name = name;
            this.task = task;
        }

        void cancel() {
            cancelled = true;
        }

        @Override
        public int compareTo(Event other) {
            int order = Long.compare(timeNanos, other.timeNanos);
            return order != 0 ? order : Long.compare(sequence, other.sequence);
        }
    }
}
