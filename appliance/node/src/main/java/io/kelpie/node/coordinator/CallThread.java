package io.kelpie.node.coordinator;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.NamedThreads;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The thread on which a coordinator carries out the calls of the core, one after the other, and
 * looks after itself in between. Calls come from any thread, completions are posted to the core.
 */
final class CallThread implements AutoCloseable {
    /** Name of the thread. */
    static final String NAME = "kelpie-coordinator";

    /** Most calls that wait; the core has a handful in flight. */
    private static final int QUEUE_BOUND = 1 << 16;

    private static final long CLOSE_SECONDS = 30;

    private final CoreLoop loop;
    private final Tracer tracer;
    private final Runnable tick;
    private final long tickNanos;
    private final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>(QUEUE_BOUND);
    private final Thread thread = NamedThreads.named(NAME, this::run);
    private volatile boolean closed;
    /** Changed on the thread only. */
    private boolean ending;

    /** What a call does; on the thread, may block. */
    interface Work {
        /** Does it and posts the completion. */
        void run() throws CallFailedException;
    }

    /**
     * @param tick run on the thread every so often, also when calls never cease
     * @param tickMillis how often
     */
    CallThread(CoreLoop loop, Tracer tracer, Runnable tick, long tickMillis) {
        this.loop = loop;
        this.tracer = tracer;
        this.tick = tick;
        this.tickNanos = TimeUnit.MILLISECONDS.toNanos(tickMillis);
    }

    void start() {
        thread.start();
    }

    /** Carries out a call; if it fails its completion is told. */
    void call(Completion<?> completion, Work work) {
        if (closed) {
            post(() -> completion.failed(ErrorCode.SHUTTING_DOWN));
            return;
        }
        boolean accepted = queue.offer(() -> {
            try {
                work.run();
            } catch (CallFailedException e) {
                // What the core tries again by itself would fill the log while it does.
                boolean isRetried = e.error().category() == ErrorCode.Category.RETRY;
                tracer.event(
                        isRetried ? Tracer.Level.DEBUG : Tracer.Level.ERROR,
                        "the coordinator: " + e.getMessage());
                post(() -> completion.failed(e.error()));
            }
        });
        if (!accepted) {
            post(() -> completion.failed(ErrorCode.BUSY));
        }
    }

    /** Runs a task of the coordinator itself, behind the calls before it. */
    void run(Runnable task) {
        if (!closed && !queue.offer(task)) {
            tracer.event(Tracer.Level.WARN, "the coordinator has too many calls to look about");
        }
    }

    <T> void finish(Completion<T> completion, T result) {
        post(() -> completion.done(result));
    }

    void post(Runnable task) {
        if (!loop.post(task)) {
            tracer.event(Tracer.Level.DEBUG, "the core loop has ended before the coordinator");
        }
    }

    boolean isClosed() {
        return closed;
    }

    /** Refuses new calls, carries out those given before and ends the thread. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            queue.put(() -> ending = true);
            thread.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        long nextTick = System.nanoTime() + tickNanos;
        try {
            while (!ending) {
                long left = nextTick - System.nanoTime();
                Runnable task = queue.poll(Math.max(0, left), TimeUnit.NANOSECONDS);
                if (task != null) {
                    task.run();
                }
                if (!ending && System.nanoTime() - nextTick >= 0) {
                    tick.run();
                    nextTick = System.nanoTime() + tickNanos;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
