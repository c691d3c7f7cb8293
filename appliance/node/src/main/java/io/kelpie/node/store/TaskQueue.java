package io.kelpie.node.store;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Tasks on their way to one store thread: given many at a time, so that the thread is woken once,
 * and taken all at a time, so that it sees what it can do together. Its owner bounds it by
 * {@link #unfinished}.
 */
final class TaskQueue {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition filled = lock.newCondition();

    /** Guarded by {@link #lock}; never changed after it was taken by {@link #take}. */
    private List<Runnable> waiting = new ArrayList<>();

    private final AtomicInteger unfinished = new AtomicInteger();

    /** Adds tasks behind all others. Any thread. */
    void give(List<Runnable> tasks) {
        lock.lock();
        try {
            unfinished.addAndGet(tasks.size());
            waiting.addAll(tasks);
            filled.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for tasks and takes all there are; the list is the caller's. One thread only. */
    List<Runnable> take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (waiting.isEmpty()) {
                filled.await();
            }
            List<Runnable> taken = waiting;
            waiting = new ArrayList<>();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** Tells that tasks which were taken are carried out. */
    void finished(int count) {
        unfinished.addAndGet(-count);
    }

    /** Tasks that wait or are under way; outdated at once but for the thread that gives. */
    int unfinished() {
        return unfinished.get();
    }
}
