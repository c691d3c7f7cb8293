package io.kelpie.node.store;

import io.kelpie.cluster.port.StoreOperation;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What a store thread does with the tasks that waited for it: writes that stand next to each other
 * go to the store as one batch, which spares a write to its log, a call into RocksDB and a head for
 * each object, and completions go to the core together, which spares waking it for each. The order
 * of the tasks is kept. One turn for each time a thread looks at its queue; that thread only.
 */
final class StoreTurn {
    /** Most writes of one group, so that the first does not wait long for the last. */
    private static final int MAX_GROUP = 64;

    /** Most payload of one group: above it, sharing saves nothing and holds up the first. */
    private static final long MAX_GROUP_BYTES = 1 << 20;

    /**
     * No completion is held longer, one slow task apart: a few reads from the cache, while a read
     * from the disk takes longer by itself.
     */
    private static final long MAX_HELD_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

    private final Predicate<Runnable> post;
    private List<Completed> held = new ArrayList<>();
    private long heldSinceNanos;

    /** @param post has a task run on the core thread; false if it never will */
    StoreTurn(Predicate<Runnable> post) {
        this.post = post;
    }

    /** A task of one stripe. */
    interface Task extends Runnable {
        /** Carries it out; its completion is given to the turn. */
        void run(StoreTurn turn);

        @Override
        default void run() {
            throw new IllegalStateException("a task of a turn runs in one");
        }
    }

    /** A batch of writes to objects that exist. */
    interface WriteTask extends Task {
        /** What to write. */
        List<StoreOperation> operations();

        /** The sum of the payloads. */
        long payloadBytes();
    }

    /** Carries out writes as one, or none of them. */
    interface Group {
        /** False if nothing was done, so that each must be tried by itself. */
        boolean run(List<WriteTask> writes, StoreTurn turn);
    }

    private record Completed(Runnable told, Runnable lost) {}

    /** Carries out tasks in their order. */
    void run(List<Runnable> tasks, Group group) {
        int next = 0;
        while (next < tasks.size()) {
            int end = endOfGroup(tasks, next);
            if (end - next > 1) {
                runGroup(tasks.subList(next, end), group);
            } else {
                runOne(tasks.get(next));
            }
            next = end;
        }
        flush();
    }

    /**
     * Has a completion run on the core thread, soon.
     *
     * @param told the completion
     * @param lost run instead, on this thread, if the core has ended
     */
    void complete(Runnable told, Runnable lost) {
        if (held.isEmpty()) {
            heldSinceNanos = System.nanoTime();
        }
        held.add(new Completed(told, lost));
    }

    private void runGroup(List<Runnable> tasks, Group group) {
        List<WriteTask> writes = new ArrayList<>(tasks.size());
        tasks.forEach(task -> writes.add((WriteTask) task));
        if (!group.run(writes, this)) {
            writes.forEach(write -> write.run(this));
        }
        flushIfOld();
    }

    private void runOne(Runnable task) {
        if (task instanceof Task own) {
            own.run(this);
            flushIfOld();
        } else {
            // It may wait for other threads.
            flush();
            task.run();
        }
    }

    private static int endOfGroup(List<Runnable> tasks, int from) {
        int end = from;
        long bytes = 0;
        while (end < tasks.size() && tasks.get(end) instanceof WriteTask write) {
            bytes += write.payloadBytes();
            if (bytes > MAX_GROUP_BYTES || end - from == MAX_GROUP) {
                break;
            }
            end++;
        }
        return Math.max(end, from + 1);
    }

    private void flushIfOld() {
        if (!held.isEmpty() && System.nanoTime() - heldSinceNanos >= MAX_HELD_NANOS) {
            flush();
        }
    }

    private void flush() {
        if (held.isEmpty()) {
            return;
        }
        List<Completed> gone = held;
        held = new ArrayList<>();
        if (!post.test(() -> each(gone, Completed::told))) {
            each(gone, Completed::lost);
        }
    }

    private static void each(List<Completed> completed, Function<Completed, Runnable> what) {
        completed.forEach(one -> what.apply(one).run());
    }
}
