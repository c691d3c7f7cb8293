package io.kelpie.simulator;

import io.kelpie.simulator.RegisterEvent.Kind;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What clients did to the blocks of one virtual disk, and what they were told. */
final class VdiHistory {
    /** How many events of a block a report shows. */
    private static final int SHOWN_EVENTS = 40;

    private static final long NEVER = Long.MAX_VALUE;

    private final List<Operation> operations = new ArrayList<>();
    private final List<Operation> open = new ArrayList<>();
    private final List<Long> powerLosses = new ArrayList<>();
    /** Every write of bytes by its stamp; only looked up. */
    private final Map<Long, Operation> byStamp = new HashMap<>();
    /** Writes of zeros in the order of their starts. */
    private final List<Operation> zeroWrites = new ArrayList<>();
    /** By block: the start of the latest write that was acknowledged or read, or none. */
    private final TreeMap<Integer, Long> floors = new TreeMap<>();

    private Consumer<Operation> observer = operation -> {};
    private long clock;
    private boolean frozen;

    /** A write is called for. */
    Operation beginWrite(int firstBlock, int blockCount, long stamp, boolean durable) {
        Operation write = new Operation(Kind.WRITE_START, firstBlock, blockCount, stamp, durable);
        if (stamp == 0) {
            zeroWrites.add(write);
        } else {
            byStamp.put(stamp, write);
        }
        return begin(write);
    }

    /** A read is called for; it counts only once it has an answer. */
    Operation beginRead(int firstBlock, int blockCount) {
        return begin(new Operation(Kind.READ_START, firstBlock, blockCount, 0, false));
    }

    /** A flush of the whole disk is called for. */
    Operation beginFlush() {
        return begin(new Operation(Kind.FLUSH_START, 0, Integer.MAX_VALUE, 0, false));
    }

    /** A read of some of the blocks that another one asked for, as old as that one. */
    Operation partOf(Operation whole, int firstBlock, int blockCount) {
        Operation part = new Operation(Kind.READ_START, firstBlock, blockCount, 0, false);
        part.start = whole.start;
        open.add(part);
        return part;
    }

    private Operation begin(Operation operation) {
        operation.start = clock++;
        open.add(operation);
        return operation;
    }

    /**
     * Whether a copy that must have every value that was acknowledged or read may hold this one: it
     * was not surely overwritten by one of them.
     */
    boolean mayHold(int block, long stamp) {
        Long floor = floors.get(block);
        if (stamp != 0) {
            Operation write = byStamp.get(stamp);
            return write != null
                    && !write.isRefused
                    && write.covers(block)
                    && (floor == null || write.end >= floor);
        }
        if (floor == null) {
            return true;
        }
        for (int i = zeroWrites.size() - 1; i >= 0; i--) {
            Operation write = zeroWrites.get(i);
            if (write.covers(block) && write.end >= floor && !write.isRefused) {
                return true;
            }
        }
        return false;
    }

    /** Whether nothing is promised any more. */
    boolean isFrozen() {
        return frozen;
    }

    /** What happened to a block lately, for a report. */
    String describe(int block) {
        List<Operation> found = new ArrayList<>();
        for (Operation operation : operations) {
            if (operation.covers(block)) {
                found.add(operation);
            }
        }
        for (Operation operation : open) {
            if (operation.covers(block)) {
                found.add(operation);
            }
        }
        found.sort(Comparator.comparingLong(operation -> operation.start));
        StringBuilder text = new StringBuilder("floor " + floors.get(block) + "\n");
        for (Operation operation :
                found.subList(Math.max(0, found.size() - SHOWN_EVENTS), found.size())) {
            long value = operation.kind == Kind.READ_START && operation.end == NEVER
                    ? 0
                    : operation.valueAt(block);
            text.append(String.format(
                    "  %-11s %x from %d to %s%n",
                    operation.kind,
                    value,
                    operation.start,
                    operation.end == NEVER ? "?" : operation.end));
        }
        return text.toString();
    }

    /** The write or flush succeeded. */
    void endDone(Operation operation) {
        if (operation.kind == Kind.WRITE_START) {
            for (int i = 0; i < operation.blockCount; i++) {
                floors.merge(operation.firstBlock + i, operation.start, Math::max);
            }
        }
        close(operation, operation.kind == Kind.READ_START ? Fate.NONE : Fate.DONE);
    }

    /** The read returned these values, one for each block. */
    void endRead(Operation operation, long[] values) {
        operation.values = values;
        for (int i = 0; i < values.length; i++) {
            Operation write = values[i] == 0 ? null : byStamp.get(values[i]);
            if (write != null) {
                floors.merge(operation.firstBlock + i, write.start, Math::max);
            }
        }
        close(operation, Fate.DONE);
    }

    /** The operation failed and had no effect. */
    void endWithoutEffect(Operation operation) {
        operation.isRefused = operation.kind == Kind.WRITE_START;
        close(operation, Fate.NONE);
    }

    /** Nobody knows whether the operation had its effect before it ended. */
    void endUncertain(Operation operation) {
        close(operation, operation.kind == Kind.WRITE_START ? Fate.UNCERTAIN : Fate.NONE);
    }

    private void close(Operation operation, Fate fate) {
        if (operation.end != NEVER) {
            return;
        }
        operation.end = clock++;
        open.remove(operation);
        if (fate != Fate.NONE && !frozen) {
            operation.fate = fate;
            operations.add(operation);
        }
        if (fate == Fate.DONE && operation.kind != Kind.FLUSH_START) {
            observer.accept(operation);
        }
    }

    /** Sets who learns of writes and reads that ended well. */
    void observe(Consumer<Operation> newObserver) {
        observer = newObserver;
    }

    /** The serving process died; with it everything unsynced if power was lost. */
    void crash(boolean powerLoss) {
        for (Operation operation : new ArrayList<>(open)) {
            endUncertain(operation);
        }
        if (powerLoss && !frozen) {
            powerLosses.add(clock++);
        }
    }

    /** From now on nothing is promised: the disk is being deleted. */
    void freeze() {
        // What is under way may have been seen already.
        for (Operation operation : new ArrayList<>(open)) {
            endUncertain(operation);
        }
        frozen = true;
    }

    int openCount() {
        return open.size();
    }

    /**
     * Checks every block.
     *
     * @param world to fail with
     * @param name of the disk, for the report
     * @param blockCount blocks of the disk
     * @return how many blocks the checker gave up on
     */
    int check(World world, String name, int blockCount) {
        for (Operation operation : new ArrayList<>(open)) {
            endUncertain(operation);
        }
        operations.sort(Comparator.comparingLong(operation -> operation.start));
        List<List<Operation>> byBlock = new ArrayList<>();
        for (int i = 0; i < blockCount; i++) {
            byBlock.add(new ArrayList<>());
        }
        List<Operation> flushes = new ArrayList<>();
        for (Operation operation : operations) {
            if (operation.kind == Kind.FLUSH_START) {
                flushes.add(operation);
                continue;
            }
            for (int i = 0; i < operation.blockCount; i++) {
                byBlock.get(operation.firstBlock + i).add(operation);
            }
        }
        int inconclusive = 0;
        for (int block = 0; block < blockCount; block++) {
            List<RegisterEvent> events = eventsOf(block, byBlock.get(block), flushes);
            RegisterChecker.Verdict verdict = RegisterChecker.check(events);
            inconclusive += verdict.conclusive() ? 0 : 1;
            if (!verdict.fits()) {
                throw world.fail(
                        SimulationFailure.Kind.CORRECTNESS,
                        "each block is a register that keeps what was flushed",
                        name + " block " + block + ": " + verdict.reason() + "\n"
                                + describe(events, verdict.position()));
            }
        }
        return inconclusive;
    }

    private List<RegisterEvent> eventsOf(
            int block, List<Operation> ofBlock, List<Operation> flushes) {
        if (ofBlock.isEmpty()) {
            return List.of();
        }
        List<Timed> timed = new ArrayList<>();
        int number = 0;
        for (Operation operation : ofBlock) {
            add(timed, operation, number++, operation.valueAt(block));
        }
        long first = ofBlock.get(0).start;
        for (Operation flush : flushes) {
            if (flush.start > first) {
                add(timed, flush, number++, 0);
            }
        }
        for (long loss : powerLosses) {
            timed.add(new Timed(loss, RegisterEvent.of(Kind.POWER_LOSS, 0)));
        }
        timed.sort(Comparator.comparingLong(Timed::time));
        List<RegisterEvent> events = new ArrayList<>(timed.size());
        for (Timed entry : timed) {
            events.add(entry.event());
        }
        return events;
    }

    private static void add(List<Timed> timed, Operation operation, int number, long value) {
        int flags = (operation.durable ? RegisterEvent.DURABLE : 0)
                | (operation.fate == Fate.UNCERTAIN ? RegisterEvent.UNCERTAIN : 0);
        timed.add(new Timed(
                operation.start, new RegisterEvent(operation.kind, number, value, flags)));
        Kind end = operation.kind == Kind.FLUSH_START ? Kind.FLUSH_END : Kind.END;
        timed.add(new Timed(operation.end, RegisterEvent.of(end, number)));
    }

    private static String describe(List<RegisterEvent> events, int position) {
        StringBuilder text = new StringBuilder();
        for (int i = Math.max(0, position - SHOWN_EVENTS); i <= position; i++) {
            RegisterEvent event = events.get(i);
            text.append(String.format(
                    "  %4d %-11s #%d %x%s%s%n",
                    i,
                    event.kind(),
                    event.operation(),
                    event.value(),
                    event.isDurable() ? " durable" : "",
                    event.isUncertain() ? " uncertain" : ""));
        }
        return text.toString();
    }

    private enum Fate {
        DONE,
        UNCERTAIN,
        NONE
    }

    private record Timed(long time, RegisterEvent event) {}

    /** An operation of a client on consecutive blocks. */
    static final class Operation {
        private final Kind kind;
        private final int firstBlock;
        private final int blockCount;
        private final long stamp;
        private final boolean durable;
        private long start;
        private long end = NEVER;
        private long[] values = {};
        private Fate fate = Fate.NONE;
        private boolean effectless;
        private boolean isRefused;

        private Operation(Kind kind, int firstBlock, int blockCount, long stamp, boolean durable) {
            this.kind = kind;
            this.firstBlock = firstBlock;
            this.blockCount = blockCount;
            this.stamp = stamp;
            this.durable = durable;
        }

        /** The disk was broken before the call: it refuses everything until it is replaced. */
        void cannotHaveEffect() {
            effectless = true;
        }

        boolean hasNoEffect() {
            return effectless;
        }

        int firstBlock() {
            return firstBlock;
        }

        int blockCount() {
            return blockCount;
        }

        private boolean covers(int block) {
            return kind != Kind.FLUSH_START
                    && block >= firstBlock
                    && block < firstBlock + blockCount;
        }

        private long valueAt(int block) {
            return kind == Kind.READ_START ? values[block - firstBlock] : stamp;
        }
    }
}
