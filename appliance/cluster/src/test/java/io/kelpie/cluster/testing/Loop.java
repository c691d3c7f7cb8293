package io.kelpie.cluster.testing;

import io.kelpie.cluster.port.Clock;
import io.kelpie.cluster.port.Timers;

import java.util.ArrayDeque;
import java.util.TreeMap;

/** The core loop of a test: posted tasks run when the test says so, time moves by hand. */
public final class Loop implements Clock, Timers {
    private static final int MAX_STEPS = 10_000_000;
    private static final long WALL_START = 1_700_000_000_000_000_000L;

    private final ArrayDeque<Runnable> posted = new ArrayDeque<>();
    private final TreeMap<Long, ArrayDeque<Task>> timers = new TreeMap<>();
    private long now;

    public void post(Runnable task) {
        posted.add(task);
    }

    /** Runs what is posted, and what that posts, but no timer. */
    public void run() {
        int steps = 0;
        for (Runnable task = posted.poll(); task != null; task = posted.poll()) {
            task.run();
            if (++steps > MAX_STEPS) {
                throw new IllegalStateException("the loop does not come to rest");
            }
        }
    }

    /** Forgets what was to run, as the death of a process does. */
    public void clear() {
        posted.clear();
        timers.clear();
    }

    /** Moves time and runs everything that is due by then. */
    public void pass(long nanos) {
        long until = now + nanos;
        run();
        while (!timers.isEmpty() && timers.firstKey() <= until) {
            var first = timers.pollFirstEntry();
            now = first.getKey();
            for (Task task : first.getValue()) {
                if (!task.cancelled) {
                    task.work.run();
                }
                run();
            }
        }
        now = until;
    }

    @Override
    public long nanos() {
        return now;
    }

    @Override
    public long wallNanos() {
        return WALL_START + now;
    }

    @Override
    public Timer after(long nanos, Runnable work) {
        Task task = new Task(work);
        if (nanos == 0) {
            post(() -> {
                if (!task.cancelled) {
                    work.run();
                }
            });
        } else {
            timers.computeIfAbsent(now + nanos, at -> new ArrayDeque<>()).add(task);
        }
        return task;
    }

    private static final class Task implements Timer {
        private final Runnable work;
        private boolean cancelled;

        Task(Runnable work) {
            this.work = work;
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }
}
