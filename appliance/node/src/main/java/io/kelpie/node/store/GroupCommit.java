package io.kelpie.node.store;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.node.runtime.NamedThreads;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreException;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One thread that syncs the store for all who wait: while a sync runs, the next ones gather and
 * share the following sync. What was applied before {@link #await} is covered.
 */
final class GroupCommit implements AutoCloseable {
    static final String THREAD_NAME = "kelpie-sync";

    private static final long CLOSE_SECONDS = 30;
    /** Ends the thread; never answered. */
    private static final Waiter END = error -> {};

    private final ObjectStore store;
    private final Consumer<Runnable> post;
    /** Bounded by the batches that the stripes took. */
    private final LinkedBlockingQueue<Waiter> waiting = new LinkedBlockingQueue<>();

    private final Thread thread;

    /** Told once, in a task given to {@code post}. */
    interface Waiter {
        /** The sync is done, or failed with an error. */
        void synced(@Nullable ErrorCode error);
    }

    GroupCommit(ObjectStore store, Consumer<Runnable> post) {
        this.store = store;
        this.post = post;
        this.thread = NamedThreads.named(THREAD_NAME, this::run);
        this.thread.start();
    }

    /** Any thread, after the batch was applied. */
    void await(Waiter waiter) {
        waiting.add(waiter);
    }

    /** Syncs for those who wait, then ends the thread. */
    @Override
    public void close() {
        waiting.add(END);
        try {
            thread.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        List<Waiter> group = new ArrayList<>();
        try {
            while (true) {
                group.add(waiting.take());
                waiting.drainTo(group);
                boolean isLast = group.remove(END);
                answer(List.copyOf(group));
                group.clear();
                if (isLast) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void answer(List<Waiter> group) {
        if (group.isEmpty()) {
            return;
        }
        ErrorCode error = sync();
        post.accept(() -> group.forEach(waiter -> waiter.synced(error)));
    }

    private @Nullable ErrorCode sync() {
        try {
            store.syncOnce();
            return null;
        } catch (StoreException e) {
            return StoreErrors.codeOf(e);
        }
    }
}
