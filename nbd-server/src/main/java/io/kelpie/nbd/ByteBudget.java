// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The payload bytes that all connections of a server may hold together. Who finds it spent waits in
 * a queue and is told when its turn has come, first come first served, so that a large request is
 * not starved by small ones.
 *
 * <p>Any thread. The queue is bounded by the number of connections: each waits for one request at
 * most. The lock is held for a few instructions and nothing is called under it, so no order of
 * locks is to be kept.
 */
final class ByteBudget {

    /** Who waits for bytes. */
    interface Waiter {
        /** The bytes asked for are reserved now; called once, from any thread, must not block. */
        void onGranted();
    }

    private record Wish(long bytes, Waiter waiter) {}

    private final long limitBytes;
    private final ArrayDeque<Wish> queue = new ArrayDeque<>();
    private long usedBytes;

    ByteBudget(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /**
     * Returns {@code true} if the bytes are reserved now, else queues the waiter. {@code bytes} is
     * at most the limit.
     */
    synchronized boolean reserve(long bytes, Waiter waiter) {
        if (bytes > limitBytes) {
            throw new IllegalArgumentException(
                    "asked for " + bytes + " bytes of a budget of " + limitBytes);
        }
        if (queue.isEmpty() && usedBytes + bytes <= limitBytes) {
            usedBytes += bytes;
            return true;
        }
        queue.add(new Wish(bytes, waiter));
        return false;
    }

    /** Gives reserved bytes back and lets those begin for whom there is room now. */
    void release(long bytes) {
        if (bytes == 0) {
            return;
        }
        List<Waiter> granted;
        synchronized (this) {
            usedBytes -= bytes;
            if (usedBytes < 0) {
                throw new IllegalStateException("more bytes released than reserved: " + usedBytes);
            }
            granted = grantFront();
        }
        granted.forEach(Waiter::onGranted);
    }

    /**
     * Takes a waiter out of the queue.
     *
     * @return {@code false} if it was not there any more: its bytes are reserved and
     *     {@link Waiter#onGranted} has come or will come
     */
    boolean cancel(Waiter waiter) {
        boolean removed;
        List<Waiter> granted;
        synchronized (this) {
            removed = queue.removeIf(wish -> wish.waiter() == waiter);
            granted = grantFront();
        }
        granted.forEach(Waiter::onGranted);
        return removed;
    }

    /** Returns the bytes reserved now. */
    synchronized long usedBytes() {
        return usedBytes;
    }

    // Called under the lock.
    private List<Waiter> grantFront() {
        if (queue.isEmpty()) {
            return List.of();
        }
        var granted = new ArrayList<Waiter>();
        for (var front = queue.peek();
                front != null && usedBytes + front.bytes() <= limitBytes;
                front = queue.peek()) {
            usedBytes += front.bytes();
            granted.add(front.waiter());
            queue.remove();
        }
        return granted;
    }
}
