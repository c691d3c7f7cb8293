package io.kelpie.store.rocks;

import java.util.concurrent.ArrayBlockingQueue;

/**
 * Scratches that wait for the next call. A pool and not a ThreadLocal: its size is bounded, and it
 * can be freed when the store closes.
 */
final class ScratchPool implements AutoCloseable {
    /** More threads than this may call at once; the surplus allocates and frees. */
    private static final int MAX_IDLE = 64;

    private final ArrayBlockingQueue<Scratch> idle = new ArrayBlockingQueue<>(MAX_IDLE);

    Scratch borrow() {
        Scratch scratch = idle.poll();
        return scratch != null ? scratch : new Scratch();
    }

    void give(Scratch scratch) {
        scratch.reset();
        if (!idle.offer(scratch)) {
            scratch.close();
        }
    }

    /** Frees all; nothing may be borrowed any more. */
    @Override
    public void close() {
        Scratch scratch = idle.poll();
        while (scratch != null) {
            scratch.close();
            scratch = idle.poll();
        }
    }
}
