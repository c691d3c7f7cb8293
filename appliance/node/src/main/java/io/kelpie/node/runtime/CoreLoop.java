package io.kelpie.node.runtime;

import io.kelpie.cluster.model.InvariantViolation;
import io.kelpie.cluster.port.Clock;
import io.kelpie.cluster.port.Timers;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The one thread, {@value #THREAD_NAME}, that runs all cluster logic of a node: tasks that any
 * thread posts, in the order of the posts of each thread, and timers. Tasks must not block.
 *
 * <p>A task that throws is a broken invariant: the loop calls its {@code onBroken} on the core
 * thread and runs nothing more, because logic that goes on with a broken state may confirm a lie.
 *
 * <pre>{@code
 * try (CoreLoop loop = CoreLoop.start(clock, 1 << 16, failure -> Runtime.getRuntime().halt(70))) {
 *     loop.post(() -> engine.flush(completion));
 * }
 * }</pre>
 */
public final class CoreLoop implements AutoCloseable {
    /** Name of the thread. */
    public static final String THREAD_NAME = "kelpie-core";

    /** Tasks taken from the queue at once, so that timers are looked at in between. */
    private static final int BATCH = 256;

    /** Longest sleep without a timer; nothing depends on it, it only bounds a mistake. */
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** How long {@link #close} waits for the tasks that are queued. */
    private static final long CLOSE_MILLIS = TimeUnit.SECONDS.toMillis(10);

    private final Clock clock;
    private final Consumer<Throwable> onBroken;
    private final LinkedBlockingQueue<Runnable> queue;
    private final int queueBound;
    private final LoopTimers timers;
    private final List<Runnable> turnEnds = new CopyOnWriteArrayList<>();
    private final Thread thread;
    private volatile boolean closing;
    private volatile boolean ended;
    /** Changed by the core thread only. */
    private volatile long busyNanos;

    private CoreLoop(Clock clock, int queueBound, Consumer<Throwable> onBroken) {
        this.clock = clock;
        this.queueBound = queueBound;
        this.onBroken = onBroken;
        this.queue = new LinkedBlockingQueue<>(queueBound);
        this.timers = new LoopTimers(clock);
        this.thread = NamedThreads.named(THREAD_NAME, this::run);
    }

    /**
     * Starts a loop.
     *
     * @param clock time for the timers
     * @param queueBound most tasks that may wait: at least the sum of what all doors and adapters
     *     may have in flight; one more is a broken invariant
     * @param onBroken told of the exception that ended the loop, on the thread that met it; in a
     *     daemon it must end the process
     * @return the running loop
     */
    public static CoreLoop start(Clock clock, int queueBound, Consumer<Throwable> onBroken) {
        CoreLoop loop = new CoreLoop(clock, queueBound, onBroken);
        loop.thread.start();
        return loop;
    }

    /**
     * Has a task run on the core thread, never inside this call. Any thread; does not block.
     *
     * @param task what to run
     * @return false if the loop has ended: the task will never run
     */
    public boolean post(Runnable task) {
        if (ended) {
            return false;
        }
        if (!queue.offer(task)) {
            onBroken.accept(new InvariantViolation(
                    "the core queue holds at most what doors have in flight: " + queueBound));
            return false;
        }
        // The loop may have ended between the two looks; then the task may still lie there.
        return !ended || !queue.remove(task);
    }

    /**
     * Has a task run on the core thread at the end of every turn, behind the posted tasks that were
     * found waiting and the timers that were due: for what is cheaper to hand on together. Any
     * thread.
     *
     * @param task what to run; often there will be nothing for it to do
     */
    public void atTurnEnds(Runnable task) {
        turnEnds.add(task);
    }

    /**
     * Timers of this loop, to be used on the core thread only.
     *
     * @return always the same object
     */
    public Timers timers() {
        return timers;
    }

    /**
     * Whether the caller is the core thread.
     *
     * @return true on the core thread
     */
    public boolean isCoreThread() {
        return Thread.currentThread() == thread;
    }

    /**
     * Time spent running tasks since the start; divided by the time passed it is the load of the
     * core.
     *
     * @return nanoseconds
     */
    public long busyNanos() {
        return busyNanos;
    }

    /**
     * Tasks that wait now.
     *
     * @return a number that may be outdated at once
     */
    public int queuedCount() {
        return queue.size();
    }

    /**
     * Runs what is queued, then ends the thread; timers that are not due are forgotten. Waits at
     * most ten seconds. Not from the core thread. A second call does nothing.
     */
    @Override
    public void close() {
        closing = true;
        // Wakes the loop; when the queue is full it is awake anyway.
        if (!queue.offer(() -> {})) {
            Thread.onSpinWait();
        }
        try {
            thread.join(CLOSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        List<Runnable> batch = new ArrayList<>(BATCH);
        try {
            while (!closing || !queue.isEmpty()) {
                takeTasks(batch);
                long startNanos = clock.nanos();
                timers.runDue();
                for (Runnable task : batch) {
                    task.run();
                }
                batch.clear();
                turnEnds.forEach(Runnable::run);
                busyNanos += clock.nanos() - startNanos;
            }
        } catch (Throwable failure) {
            ended = true;
            onBroken.accept(failure);
        } finally {
            ended = true;
        }
    }

    private void takeTasks(List<Runnable> batch) {
        if (queue.drainTo(batch, BATCH) > 0) {
            return;
        }
        try {
            Runnable first = queue.poll(timers.nanosToNext(IDLE_NANOS), TimeUnit.NANOSECONDS);
            if (first != null) {
                batch.add(first);
                queue.drainTo(batch, BATCH - 1);
            }
        } catch (InterruptedException e) {
            throw new InvariantViolation("nobody interrupts the core thread");
        }
    }
}
