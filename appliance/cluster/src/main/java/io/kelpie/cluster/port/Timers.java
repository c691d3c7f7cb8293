package io.kelpie.cluster.port;

/** Starts timers that run on the core loop. Core loop only. */
public interface Timers {
    /**
     * Runs a task once, not before the given time has passed.
     *
     * @param nanos delay, at least 0
     * @param task what to run on the core loop
     * @return a handle that cancels it
     */
    Timer after(long nanos, Runnable task);

    /** A started timer. */
    interface Timer {
        /** Prevents the task from running if it has not run yet; idempotent. */
        void cancel();
    }
}
