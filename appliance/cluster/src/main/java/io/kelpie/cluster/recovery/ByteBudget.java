package io.kelpie.cluster.recovery;

import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.port.Clock;
import io.kelpie.cluster.port.Timers;
import io.kelpie.cluster.port.Timers.Timer;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;

/**
 * What recovery may send each second: a bucket that fills at the rate and may be overdrawn by one
 * push, so that an object larger than the bucket passes too. Core loop only.
 */
final class ByteBudget {
    private static final long SECOND = 1_000_000_000L;
    /** Bytes for a quarter of a second may be saved up. */
    private static final int BURST_PARTS = 4;

    private final Clock clock;
    private final Timers timers;
    /** At most one for each session that runs. */
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();

    private long bytesPerSecond;
    private long available;
    private long filledAt;
    private @Nullable Timer timer;

    ByteBudget(Clock clock, Timers timers, long bytesPerSecond) {
        this.clock = clock;
        this.timers = timers;
        this.filledAt = clock.nanos();
        setRate(bytesPerSecond);
    }

    /**
     * Sets another rate.
     *
     * @param rate bytes for each second; 0: no limit
     */
    void setRate(long rate) {
        Invariant.check(rate >= 0, "a rate is not negative", rate);
        fill();
        bytesPerSecond = rate;
        available = Math.min(available, burst());
        cancelTimer();
        serve();
    }

    /** Runs a task when something may be sent, perhaps at once; {@link #spend} tells how much. */
    void await(Runnable task) {
        waiting.add(task);
        serve();
    }

    /** Counts what was sent. */
    void spend(long bytes) {
        fill();
        available -= bytes;
    }

    void close() {
        waiting.clear();
        cancelTimer();
    }

    private void serve() {
        fill();
        while (!waiting.isEmpty() && (bytesPerSecond == 0 || available > 0)) {
            waiting.remove().run();
        }
        if (!waiting.isEmpty() && timer == null) {
            // Rounded up, so that there is something when it runs.
            long nanos = nanosFor(1 - available) + 1;
            timer = timers.after(nanos, () -> {
                timer = null;
                serve();
            });
        }
    }

    private void fill() {
        long now = clock.nanos();
        if (bytesPerSecond == 0) {
            available = 0;
            filledAt = now;
            return;
        }
        // Whole bytes only: what is left of the time counts the next time.
        long gained = (long) ((now - filledAt) / (double) SECOND * bytesPerSecond);
        if (gained > 0) {
            available = Math.min(burst(), available + gained);
            filledAt = now;
        }
    }

    private long nanosFor(long bytes) {
        return (long) Math.ceil(bytes * (double) SECOND / bytesPerSecond);
    }

    private long burst() {
        return Math.max(1, bytesPerSecond / BURST_PARTS);
    }

    private void cancelTimer() {
        Timer running = timer;
        if (running != null) {
            running.cancel();
            timer = null;
        }
    }
}
