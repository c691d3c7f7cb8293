package io.kelpie.store.rocks;

import io.kelpie.store.ObjectKey;
import io.kelpie.store.StoreChange;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock for each object, by stripes. A write reads its head (and, for parts of pages, the pages)
 * and puts them back, so the writes to one object take turns; that covers its pages too. Stripes
 * are always taken in ascending order.
 */
final class Locks {
    private static final int STRIPES = 4096;
    private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;

    private final ReentrantLock[] stripes = new ReentrantLock[STRIPES];

    Locks() {
        Arrays.setAll(stripes, i -> new ReentrantLock());
    }

    /** Locks every object of a batch; the result goes to {@link #unlock}. */
    int[] lock(List<StoreChange> changes) {
        int[] taken = changes.stream()
                .filter(StoreChange.OfObject.class::isInstance)
                .mapToInt(change -> stripe(((StoreChange.OfObject) change).key()))
                .sorted()
                .distinct()
                .toArray();
        for (int stripe : taken) {
            stripes[stripe].lock();
        }
        return taken;
    }

    /** Locks all objects. */
    int[] lockAll() {
        int[] taken = new int[STRIPES];
        for (int i = 0; i < STRIPES; i++) {
            taken[i] = i;
            stripes[i].lock();
        }
        return taken;
    }

    void unlock(int[] taken) {
        for (int i = taken.length - 1; i >= 0; i--) {
            stripes[taken[i]].unlock();
        }
    }

    private static int stripe(ObjectKey key) {
        long mixed =
                (key.objectId() * GOLDEN + key.partition() * 256L + key.erasureIndex()) * GOLDEN;
        return (int) (mixed >>> 52);
    }
}
