package io.kelpie.simulator;

import io.kelpie.cluster.port.Clock;
import io.kelpie.cluster.port.Timers;

/**
 * One lifetime of a node: its core loop, clock and timers. A killed process runs nothing any more;
 * a paused one runs late, while its clock and the rest of the world go on (a long garbage
 * collection).
 */
final class SimProcess implements Clock, Timers {
    private final World world;
    private final String name;
    private final long clockOffsetNanos;
    private final double clockRate;
    private boolean alive = true;
    private long pausedUntilNanos;
    private long wallOffsetNanos;

    /**
     * Starts a process.
     *
     * @param clockRate speed of its clock, 0.98 to 1.02
     */
    SimProcess(World world, String name, long clockOffsetNanos, double clockRate) {
        this.world = world;
        this.name = name;
        this.clockOffsetNanos = clockOffsetNanos;
        this.clockRate = clockRate;
    }

    String name() {
        return name;
    }

    boolean isAlive() {
        return alive;
    }

    void kill() {
        alive = false;
    }

    /** Whether it stands still now. */
    boolean isPaused() {
        return world.now() < pausedUntilNanos;
    }

    /** Sets the clock for people forward or back; intervals do not notice. */
    void jumpWallClock(long nanos) {
        wallOffsetNanos += nanos;
    }

    void pause(long nanos) {
        pausedUntilNanos = Math.max(pausedUntilNanos, world.now() + nanos);
    }

    /** Runs a task on the core loop after a delay, unless the process is dead by then. */
    World.Event post(long delayNanos, String what, Runnable task) {
        return world.schedule(delayNanos, name, what, () -> runOrWait(what, task));
    }

    private void runOrWait(String what, Runnable task) {
        if (!alive) {
            return;
        }
        if (world.now() < pausedUntilNanos) {
            // The order among the late ones stays: they are met and put back in their order.
            world.schedule(pausedUntilNanos - world.now(), name, what, () -> runOrWait(what, task));
            return;
        }
        task.run();
    }

    @Override
    public long nanos() {
        return clockOffsetNanos + (long) (world.now() * clockRate);
    }

    @Override
    public long wallNanos() {
        // 2026-01-01T00:00Z plus virtual time.
        return 1_767_225_600_000_000_000L + world.now() + wallOffsetNanos;
    }

    @Override
    public Timer after(long nanos, Runnable task) {
        if (nanos < 0) {
            throw new IllegalArgumentException("a timer's delay is not negative: " + nanos);
        }
        SimTimer timer = new SimTimer(task);
        // A timer never runs early by the node's own clock, so a slow clock waits longer.
        post((long) Math.ceil(nanos / clockRate), "timer", timer);
        return timer;
    }

    private static final class SimTimer implements Timer, Runnable {
        private final Runnable task;
        private boolean cancelled;

        private SimTimer(Runnable task) {
            this.task = task;
        }

        @Override
        public void cancel() {
            // Not taken out of the queue: a timer put back by a pause has another event.
            cancelled = true;
        }

        @Override
        public void run() {
            if (!cancelled) {
                task.run();
            }
        }
    }
}
