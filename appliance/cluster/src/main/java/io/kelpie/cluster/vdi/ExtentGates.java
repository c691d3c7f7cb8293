package io.kelpie.cluster.vdi;

import io.kelpie.cluster.model.Invariant;

import java.util.ArrayDeque;
import java.util.TreeMap;

/**
 * Keeps changes of one extent's allocation (creation, discard) apart from writes to it. Writes to
 * an allocated extent pass together (shared); allocating or freeing it passes alone (exclusive).
 * Waiters go in the order they came. An operation takes gates before it queues at the inode, and
 * several in ascending order, so that no two wait for each other. Core loop only.
 */
final class ExtentGates {
    private final TreeMap<Integer, Gate> gates = new TreeMap<>();

    /** Runs the action, at once or later, when the gate is open to it; it must be left once. */
    void enter(int index, boolean exclusive, Runnable action) {
        Gate gate = gates.computeIfAbsent(index, i -> new Gate());
        if (gate.waiting.isEmpty() && gate.admits(exclusive)) {
            gate.take(exclusive);
            action.run();
        } else {
            gate.waiting.add(new Waiter(exclusive, action));
        }
    }

    void leave(int index, boolean exclusive) {
        Gate gate = Invariant.present(gates.get(index), "a gate that is left was entered");
        gate.give(exclusive);
        if (gate.admitting) {
            // A waiter left inside its action: the loop that let it in goes on with the next.
            return;
        }
        gate.admitting = true;
        Waiter next = gate.waiting.peek();
        while (next != null && gate.admits(next.exclusive())) {
            gate.waiting.remove();
            gate.take(next.exclusive());
            next.action().run();
            next = gate.waiting.peek();
        }
        gate.admitting = false;
        if (gate.isFree()) {
            gates.remove(index);
        }
    }

    boolean isEmpty() {
        return gates.isEmpty();
    }

    /** First extent from the given one on whose gate somebody holds or waits for, or -1. */
    int firstInUse(int from) {
        Integer found = gates.ceilingKey(from);
        return found == null ? -1 : found;
    }

    private record Waiter(boolean exclusive, Runnable action) {}

    private static final class Gate {
        private final ArrayDeque<Waiter> waiting = new ArrayDeque<>();
        private int shared;
        private boolean taken;
        /** While waiters are let in, one after the other and never one inside another. */
        private boolean admitting;

        boolean admits(boolean exclusive) {
            return !taken && (!exclusive || shared == 0);
        }

        void take(boolean exclusive) {
            if (exclusive) {
                taken = true;
            } else {
                shared++;
            }
        }

        void give(boolean exclusive) {
            Invariant.check(exclusive ? taken : shared > 0, "a gate is left as it was entered");
            if (exclusive) {
                taken = false;
            } else {
                shared--;
            }
        }

        boolean isFree() {
            return !taken && shared == 0 && waiting.isEmpty();
        }
    }
}
