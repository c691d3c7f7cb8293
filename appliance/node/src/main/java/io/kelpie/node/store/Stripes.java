package io.kelpie.node.store;

import io.kelpie.node.runtime.NamedThreads;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The store threads. Tasks of one stripe run one after the other in the order they were given; a
 * task of several stripes runs when all of them have come to it, and holds them until it is done.
 * Tasks are given by one thread only (the core), so two such tasks are in the same order in every
 * stripe and cannot wait for each other; that thread hands over what it gave at the end of its
 * turn.
 */
final class Stripes implements AutoCloseable {
    /** Most tasks that wait in one stripe; doors have fewer in flight. */
    static final int QUEUE_BOUND = 1 << 16;

    private static final long CLOSE_SECONDS = 30;
    private static final Runnable END = () -> {};

    private final List<TaskQueue> queues = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    /** What was given and not handed over yet, for each stripe. The giving thread only. */
    private final List<List<Runnable>> given = new ArrayList<>();

    /** Carries out what a store thread found in its queue. */
    interface Worker {
        /** Tasks in their order, at least one; the list is the caller's. */
        void run(List<Runnable> tasks);
    }

    Stripes(String threadPrefix, int count, Worker worker) {
        NamedThreads names = NamedThreads.numbered(threadPrefix);
        for (int i = 0; i < count; i++) {
            TaskQueue queue = new TaskQueue();
            queues.add(queue);
            given.add(new ArrayList<>());
            Thread thread = names.newThread(() -> work(queue, worker));
            threads.add(thread);
            thread.start();
        }
    }

    int count() {
        return queues.size();
    }

    /** Stripe of a key; neighbouring ids go to different stripes. */
    int of(long key) {
        // Fibonacci hashing: the high bits of the product depend on all bits of the key.
        return (int) (((key * 0x9E3779B97F4A7C15L) >>> 32) % queues.size());
    }

    /** Gives a task to one stripe; false if its queue is full. */
    boolean run(int stripe, Runnable task) {
        return hasRoom(stripe) && given.get(stripe).add(task);
    }

    private boolean hasRoom(int stripe) {
        return unfinished(stripe) < QUEUE_BOUND;
    }

    private int unfinished(int stripe) {
        return queues.get(stripe).unfinished() + given.get(stripe).size();
    }

    /**
     * Hands over what was given; until then no thread knows of it. By the giving thread, when it
     * has nothing more to give for now.
     */
    void handOver() {
        for (int stripe = 0; stripe < given.size(); stripe++) {
            List<Runnable> tasks = given.get(stripe);
            if (!tasks.isEmpty()) {
                queues.get(stripe).give(tasks);
                tasks.clear();
            }
        }
    }

    /** Gives a task to several stripes; false if one's queue is full, then it never runs. */
    boolean runExclusively(SortedSet<Integer> stripes, Runnable task) {
        if (stripes.size() == 1) {
            return run(stripes.first(), task);
        }
        for (int stripe : stripes) {
            if (!hasRoom(stripe)) {
                return false;
            }
        }
        Meeting meeting = new Meeting(stripes.size(), task);
        // Only this thread adds tasks, so the room seen above is still there.
        stripes.forEach(stripe -> given.get(stripe).add(meeting::arrive));
        return true;
    }

    /**
     * Runs a task after everything that was given before: on a store thread, or at once if nothing
     * is under way, which spares waking idle threads for each flush of a guest.
     */
    void afterAll(Runnable task) {
        if (!runBehindBusy(task)) {
            task.run();
        }
    }

    /** As {@link #afterAll}, but always on a store thread, for a task that takes its time. */
    void workAfterAll(Runnable task) {
        if (!runBehindBusy(task)) {
            given.get(0).add(task);
        }
    }

    /** False if nothing is under way. */
    private boolean runBehindBusy(Runnable task) {
        List<List<Runnable>> busy = new ArrayList<>();
        for (int stripe = 0; stripe < queues.size(); stripe++) {
            if (unfinished(stripe) > 0) {
                busy.add(given.get(stripe));
            }
        }
        if (busy.isEmpty()) {
            return false;
        }
        AtomicInteger left = new AtomicInteger(busy.size());
        busy.forEach(tasks -> tasks.add(() -> {
            if (left.decrementAndGet() == 0) {
                task.run();
            }
        }));
        return true;
    }

    /** Runs what was handed over, then ends the threads. Waits at most half a minute. */
    @Override
    public void close() {
        queues.forEach(queue -> queue.give(List.of(END)));
        try {
            for (Thread thread : threads) {
                thread.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void work(TaskQueue queue, Worker worker) {
        try {
            boolean ended = false;
            while (!ended) {
                List<Runnable> tasks = queue.take();
                int end = tasks.indexOf(END);
                ended = end >= 0;
                List<Runnable> last = ended ? tasks.subList(0, end) : tasks;
                if (!last.isEmpty()) {
                    worker.run(last);
                }
                queue.finished(tasks.size());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Where the stripes of one task wait for each other. */
    private static final class Meeting {
        private final AtomicInteger missing;
        private final CountDownLatch done = new CountDownLatch(1);
        private final Runnable task;

        private Meeting(int stripes, Runnable task) {
            this.missing = new AtomicInteger(stripes);
            this.task = task;
        }

        private void arrive() {
            if (missing.decrementAndGet() > 0) {
                try {
                    done.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                return;
            }
            try {
                task.run();
            } finally {
                done.countDown();
            }
        }
    }
}
