package io.kelpie.simulator;

import io.kelpie.simulator.RegisterEvent.Kind;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * Decides whether the history of one block can be explained by a register that takes each operation
 * in one instant between its start and its end, and that after a power loss holds the last flushed
 * or any later value and keeps it.
 *
 * <p>Method: walk through the events and keep every state the register may be in. A state is the
 * chain of writes from the last one that is surely on disk to the present one, and which of the
 * pending operations have had their effect. Operations get their effect as late as possible, that
 * is when an operation ends that needs it. Zones of values (Gibbons and Korach) would be faster but
 * need unique values, and zeros are written many times over; nor do they know of a power loss.
 * Discards are writes of zeros: the volume promises zeros after a discard, and a power loss may
 * bring back what was there before.
 *
 * <p>States are few because clients are few; a history that needs more than {@link #MAX_STATES} is
 * given up as inconclusive, which the caller counts.
 */
final class RegisterChecker {
    /** More than this would take longer than the rest of the run. */
    static final int MAX_STATES = 5_000;
    /** Operations pending at one time; one bit each. */
    private static final int MAX_PENDING = 62;

    private static final int INITIAL = -1;

    private final List<RegisterEvent> events;
    private final Set<Integer> unseen;
    /** Positions of all ends, to come and past. */
    private final TreeMap<Integer, Integer> ends = new TreeMap<>();
    /** Start events of writes by operation. */
    private final TreeMap<Integer, RegisterEvent> writes = new TreeMap<>();
    /** Position of the end of acknowledged writes that have ended. */
    private final TreeMap<Integer, Integer> endedAt = new TreeMap<>();
    /** Positions where the pending flushes started, by flush. */
    private final TreeMap<Integer, Integer> flushes = new TreeMap<>();

    private final TreeMap<Integer, RegisterEvent> pending = new TreeMap<>();
    private final TreeMap<Integer, Integer> slots = new TreeMap<>();
    private long usedSlots;
    private Set<State> states = new LinkedHashSet<>();

    private RegisterChecker(List<RegisterEvent> events) {
        this.events = events;
        this.unseen = unseen(events);
        for (int i = 0; i < events.size(); i++) {
            if (events.get(i).kind() == Kind.END) {
                ends.put(events.get(i).operation(), i);
            }
        }
    }

    /**
     * Checks a history.
     *
     * @param events what happened to the block, which holds zeros at first
     * @return the verdict
     */
    static Verdict check(List<RegisterEvent> events) {
        return new RegisterChecker(events).run();
    }

    /** Uncertain writes that nobody can have seen explain nothing, so they are left out. */
    private static Set<Integer> unseen(List<RegisterEvent> events) {
        Set<Long> read = new LinkedHashSet<>();
        for (RegisterEvent event : events) {
            if (event.kind() == Kind.READ_START) {
                read.add(event.value());
            }
        }
        Set<Integer> unseen = new LinkedHashSet<>();
        for (RegisterEvent event : events) {
            if (event.kind() == Kind.WRITE_START
                    && event.isUncertain()
                    && !read.contains(event.value())) {
                unseen.add(event.operation());
            }
        }
        return unseen;
    }

    private Verdict run() {
        states.add(new State(new int[] {INITIAL}, 0));
        for (int i = 0; i < events.size(); i++) {
            RegisterEvent event = events.get(i);
            if (event.kind() != Kind.END && pending.size() >= MAX_PENDING) {
                return Verdict.inconclusive(i, states.size());
            }
            apply(event, i);
            if (states.isEmpty()) {
                return new Verdict(false, true, i, reason(event));
            }
            if (states.size() > MAX_STATES) {
                return Verdict.inconclusive(i, states.size());
            }
        }
        return Verdict.FITS;
    }

    private void apply(RegisterEvent event, int position) {
        switch (event.kind()) {
            case WRITE_START -> {
                if (!unseen.contains(event.operation())) {
                    start(event);
                }
            }
            case READ_START -> {
                start(event);
                replaceStates(this::withReadsDone);
            }
            case END -> end(event.operation(), position);
            case FLUSH_START -> flushes.put(event.operation(), position);
            case FLUSH_END -> {
                int started = flushes.getOrDefault(event.operation(), 0);
                flushes.remove(event.operation());
                replaceStates(state -> state.from(lastCovered(state.chain, started)));
            }
            case POWER_LOSS -> losePower();
            default -> throw new IllegalStateException("unknown event " + event);
        }
        replaceStates(this::canonical);
    }

    private void start(RegisterEvent event) {
        int slot = Long.numberOfTrailingZeros(~usedSlots);
        usedSlots |= 1L << slot;
        slots.put(event.operation(), slot);
        pending.put(event.operation(), event);
        if (event.kind() == Kind.WRITE_START) {
            writes.put(event.operation(), event);
        }
    }

    private void end(int operation, int position) {
        RegisterEvent started = pending.get(operation);
        if (started == null) {
            return;
        }
        long bit = bit(operation);
        Set<State> next = new LinkedHashSet<>();
        for (State state : states) {
            if (started.isUncertain()) {
                next.add(state);
            }
            if (next.size() <= MAX_STATES) {
                collectWith(state, bit, next);
            }
        }
        pending.remove(operation);
        slots.remove(operation);
        usedSlots &= ~bit;
        boolean acknowledged = started.kind() == Kind.WRITE_START && !started.isUncertain();
        if (acknowledged) {
            endedAt.put(operation, position);
        }
        states = new LinkedHashSet<>();
        for (State state : next) {
            State freed = new State(state.chain, state.done & ~bit);
            if (acknowledged && started.isDurable()) {
                freed = freed.from(Math.max(0, indexOf(freed.chain, operation)));
            }
            states.add(freed);
        }
    }

    /** Adds every state in which the operation of a bit has had its effect, reached lazily. */
    private void collectWith(State state, long bit, Set<State> found) {
        if ((state.done & bit) != 0) {
            found.add(state);
            return;
        }
        if (found.size() > MAX_STATES) {
            return;
        }
        for (RegisterEvent write : pending.values()) {
            if (write.kind() == Kind.WRITE_START
                    && (state.done & bit(write.operation())) == 0
                    && !hasTwinThatEndsFirst(write, state)) {
                State written = state.with(write.operation(), bit(write.operation()));
                collectWith(withReadsDone(written), bit, found);
            }
        }
    }

    /**
     * Of uncertain writes of one value, zeros that is, the one that ends first is as good as any
     * other and the others can still serve later.
     */
    private boolean hasTwinThatEndsFirst(RegisterEvent write, State state) {
        if (!write.isUncertain()) {
            return false;
        }
        int end = endOf(write.operation());
        for (RegisterEvent other : pending.values()) {
            if (other.kind() == Kind.WRITE_START
                    && other.isUncertain()
                    && other.value() == write.value()
                    && (state.done & bit(other.operation())) == 0
                    && endOf(other.operation()) < end) {
                return true;
            }
        }
        return false;
    }

    private int endOf(int operation) {
        return ends.getOrDefault(operation, Integer.MAX_VALUE);
    }

    /** Pending reads that want the present value take it: waiting never helps a read. */
    private State withReadsDone(State state) {
        long done = state.done;
        long value = valueOf(state.chain[state.chain.length - 1]);
        for (RegisterEvent event : pending.values()) {
            if (event.kind() == Kind.READ_START && event.value() == value) {
                done |= bit(event.operation());
            }
        }
        return done == state.done ? state : new State(state.chain, done);
    }

    private void losePower() {
        Set<State> next = new LinkedHashSet<>();
        for (State state : states) {
            for (int write : state.chain) {
                next.add(withReadsDone(new State(new int[] {write}, state.done)));
            }
        }
        states = next;
    }

    /** Index in a chain of the last write acknowledged before a position, 0 if there is none. */
    private int lastCovered(int[] chain, int started) {
        for (int i = chain.length - 1; i > 0; i--) {
            Integer ended = endedAt.get(chain[i]);
            if (ended != null && ended < started) {
                return i;
            }
        }
        return 0;
    }

    /**
     * Sorts what can never be told apart: neighbours in the chain that every flush, pending or to
     * come, covers together. Only the last of such a run matters to a flush. Without this each pair
     * of overlapping writes would double the states until the next flush.
     */
    private State canonical(State state) {
        int[] chain = state.chain;
        if (chain.length < 3) {
            return state;
        }
        int[] sorted = chain.clone();
        int runStart = 0;
        for (int i = 1; i <= chain.length; i++) {
            if (i == chain.length || !sameFate(chain[runStart], chain[i])) {
                Arrays.sort(sorted, runStart, i - 1);
                runStart = i;
            }
        }
        return new State(sorted, state.done);
    }

    private boolean sameFate(int first, int second) {
        if (pending.containsKey(first) || pending.containsKey(second)) {
            return false;
        }
        Integer firstEnd = endedAt.get(first);
        Integer secondEnd = endedAt.get(second);
        if (firstEnd == null || secondEnd == null) {
            return firstEnd == null && secondEnd == null;
        }
        for (int started : flushes.values()) {
            if ((firstEnd < started) != (secondEnd < started)) {
                return false;
            }
        }
        return true;
    }

    private void replaceStates(UnaryOperator<State> change) {
        Set<State> next = new LinkedHashSet<>();
        for (State state : states) {
            next.add(change.apply(state));
        }
        states = next;
    }

    private long bit(int operation) {
        Integer slot = slots.get(operation);
        return slot == null ? 0 : 1L << slot;
    }

    private long valueOf(int write) {
        RegisterEvent event = writes.get(write);
        return event == null ? 0 : event.value();
    }

    private static int indexOf(int[] chain, int write) {
        for (int i = 0; i < chain.length; i++) {
            if (chain[i] == write) {
                return i;
            }
        }
        return -1;
    }

    private String reason(RegisterEvent event) {
        for (RegisterEvent started : events) {
            if (started.kind() == Kind.READ_START && started.operation() == event.operation()) {
                boolean known = started.value() == 0;
                for (RegisterEvent write : writes.values()) {
                    known |= write.value() == started.value();
                }
                return known
                        ? "a read returned a value that was lost, overwritten or not yet written"
                        : "a read returned a value that nobody wrote here";
            }
        }
        return "a write cannot have taken effect";
    }

    /**
     * What the checker found.
     *
     * @param fits false if no order of effects explains the history
     * @param conclusive false if the checker gave up
     * @param position index of the first event that cannot be explained, -1 if all can
     * @param reason why, for people
     */
    record Verdict(boolean fits, boolean conclusive, int position, String reason) {
        static final Verdict FITS = new Verdict(true, true, -1, "");

        static Verdict inconclusive(int position, int states) {
            return new Verdict(true, false, position, states + " states");
        }
    }

    /** What the register may be. */
    private static final class State {
        private final int[] chain;
        private final long done;

        private State(int[] chain, long done) {
            this.chain = chain;
            this.done = done;
        }

        State with(int write, long bit) {
            int[] longer = Arrays.copyOf(chain, chain.length + 1);
            longer[chain.length] = write;
            return new State(longer, done | bit);
        }

        State from(int index) {
            return index == 0
                    ? this
                    : new State(Arrays.copyOfRange(chain, index, chain.length), done);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof State state
                    && state.done == done
                    && Arrays.equals(state.chain, chain);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(chain) * 31 + Long.hashCode(done);
        }
    }
}
