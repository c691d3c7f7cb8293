package io.kelpie.node.coordinator;

import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Which lock files this process holds. The kernel's file locks are those of a process, not of a
 * node in it, and closing any channel of a file gives its lock up; so a file that is held here is
 * not opened a second time. The one thing in the daemon that all nodes of a process share, because
 * the locks are shared as well. Bounded by two for each node.
 */
final class ProcessLocks {
    private static final ReentrantLock GUARD = new ReentrantLock();
    private static final Condition RELEASED = GUARD.newCondition();
    private static final Set<Path> HELD = new TreeSet<>();

    private ProcessLocks() {}

    /** Waits until nobody in the process holds a file, then holds it. */
    static void hold(Path file) {
        GUARD.lock();
        try {
            while (!HELD.add(file)) {
                RELEASED.awaitUninterruptibly();
            }
        } finally {
            GUARD.unlock();
        }
    }

    /** Holds a file unless somebody in the process does. */
    static boolean tryHold(Path file) {
        GUARD.lock();
        try {
            return HELD.add(file);
        } finally {
            GUARD.unlock();
        }
    }

    static void release(Path file) {
        GUARD.lock();
        try {
            HELD.remove(file);
            RELEASED.signalAll();
        } finally {
            GUARD.unlock();
        }
    }
}
