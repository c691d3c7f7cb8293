package io.kelpie.node.store;

import io.kelpie.node.runtime.NamedThreads;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The store threads. Tasks of one stripe run one after the other in the order they were given; a
 * task of several stripes runs when all of them have come to it, and holds them until it is done.
 * Tasks are given by one thread only (the core), so two such tasks are in the same order in every
 * stripe and cannot wait for each other.
 */
final class Stripes implements AutoCloseable {
    /** Most tasks that wait in one stripe; doors have fewer in flight. */
    static final int QUEUE_BOUND = 1 << 16;

    private static final long CLOSE_SECONDS = 30;
    private static final Runnable END = () -> {};

    private final List<LinkedBlockingQueue<Runnable>> queues = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    Stripes(String threadPrefix, int count) {
        NamedThreads names = NamedThreads.numbered(threadPrefix);
        for (int i = 0; i < count; i++) {
            LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>(QUEUE_BOUND + 1);
            queues.add(queue);
            Thread thread = names.newThread(() -> work(queue));
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
        LinkedBlockingQueue<Runnable> queue = queues.get(stripe);
        return queue.size() < QUEUE_BOUND && queue.offer(task);
    }

    /** Gives a task to several stripes; false if one's queue is full, then it never runs. */
    boolean runExclusively(SortedSet<Integer> stripes, Runnable task) {
        if (stripes.size() == 1) {
            return run(stripes.first(), task);
        }
        for (int stripe : stripes) {
            if (queues.get(stripe).size() >= QUEUE_BOUND) {
                return false;
            }
        }
        Meeting meeting = new Meeting(stripes.size(), task);
        // Only this thread adds tasks, so the room seen above is still there.
        stripes.forEach(stripe -> queues.get(stripe).add(meeting::arrive));
        return true;
    }

    /** Runs a task, on some store thread, after everything that was given before. */
    void afterAll(Runnable task) {
        AtomicInteger left = new AtomicInteger(queues.size());
        queues.forEach(queue -> queue.add(() -> {
            if (left.decrementAndGet() == 0) {
                task.run();
            }
        }));
    }

    /** Runs what was given, then ends the threads. Waits at most half a minute. */
    @Override
    public void close() {
        queues.forEach(queue -> queue.add(END));
        try {
            for (Thread thread : threads) {
                thread.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void work(LinkedBlockingQueue<Runnable> queue) {
        try {
            Runnable task = queue.take();
            while (task != END) {
                task.run();
                task = queue.take();
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
