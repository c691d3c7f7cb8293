package io.kelpie.system;

import io.kelpie.cluster.model.VdiId;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Writers and readers, each a thread with one connection to one node at a time. When its node dies,
 * refuses or stays silent a client goes to another. Writers share the registers of a VDI by
 * residue; a growing part of the registers is in use, so objects are allocated to the end.
 */
final class TortureLoad {
    private static final long PACE_NANOS = TimeUnit.MILLISECONDS.toNanos(8);
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final int STAMPS_A_WRITER_SHIFT = 40;
    private static final double FIRST_PART = 0.1;
    private static final double RECENT_PART = 0.7;

    private final List<NodeProcess> nodes;
    private final List<VdiId> vdis;
    private final BlockRegisters overNbd;
    private final BlockRegisters overSheepdog;
    private final int writersOfEach;
    private final PauseClock pauses;
    private final long startNanos = System.nanoTime();
    private final long lengthNanos;
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean isRunning = true;

    final LongAdder written = new LongAdder();
    final LongAdder read = new LongAdder();
    final LongAdder unanswered = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder silent = new LongAdder();
    final ConcurrentLinkedQueue<String> deaths = new ConcurrentLinkedQueue<>();

    TortureLoad(
            List<NodeProcess> nodes,
            List<VdiId> vdis,
            BlockRegisters overNbd,
            BlockRegisters overSheepdog,
            int writersOfEach,
            PauseClock pauses,
            long lengthNanos) {
        this.nodes = nodes;
        this.vdis = vdis;
        this.overNbd = overNbd;
        this.overSheepdog = overSheepdog;
        this.writersOfEach = writersOfEach;
        this.pauses = pauses;
        this.lengthNanos = lengthNanos;
    }

    /** Starts the threads. */
    void start(int readers, Random random) {
        for (int i = 0; i < writersOfEach; i++) {
            int residue = i;
            Random first = new Random(random.nextLong());
            Random second = new Random(random.nextLong());
            add("nbd writer " + i, () -> write(overNbd, false, residue, residue, first));
            add(
                    "sheepdog writer " + i,
                    () -> write(overSheepdog, true, writersOfEach + residue, residue, second));
        }
        for (int i = 0; i < readers; i++) {
            Random own = new Random(random.nextLong());
            add("reader " + i, () -> read(own));
        }
        threads.forEach(Thread::start);
    }

    private void add(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.setUncaughtExceptionHandler((dead, reason) -> {
            deaths.add(dead.getName() + ": " + reason);
            TortureLog.line(dead.getName() + " died: " + reason);
        });
        threads.add(thread);
    }

    /** Lets every client end what it does, and waits for that. */
    void stop() throws InterruptedException {
        isRunning = false;
        for (Thread thread : threads) {
            thread.join(3L * BlockDoor.ANSWER_MILLIS);
            if (thread.isAlive()) {
                deaths.add(thread.getName() + " does not end");
            }
        }
    }

    BlockDoor open(NodeProcess node, BlockRegisters registers, boolean isSheepdog)
            throws IOException {
        return isSheepdog
                ? new SheepdogDoor(node.address(), vdis.get(registers == overNbd ? 0 : 1))
                : new NbdDoor(node.address(), registers.vdi());
    }

    private void write(
            BlockRegisters registers, boolean isSheepdog, int writer, int residue, Random random) {
        long stamp = (long) (writer + 1) << STAMPS_A_WRITER_SHIFT;
        @Nullable BlockDoor door = null;
        @Nullable NodeProcess node = null;
        while (isRunning) {
            if (door == null) {
                node = other(node, random);
                door = tryOpen(node, registers, isSheepdog);
                continue;
            }
            int register =
                    random.nextInt(inUse(registers)) / writersOfEach * writersOfEach + residue;
            if (registers.isRetired(register)) {
                continue;
            }
            byte[] bytes = registers.issue(register, ++stamp);
            try {
                door.write(registers.block(register), bytes);
                registers.acknowledge(register, stamp);
                pauses.acknowledged(writer);
                written.increment();
            } catch (IOException e) {
                registers.retire(register);
                unanswered.increment();
                note(
                        e,
                        "write of block " + registers.block(register) + " of " + registers.vdi(),
                        node);
                door.close();
                door = null;
            }
            LockSupport.parkNanos(PACE_NANOS);
        }
        if (door != null) {
            door.close();
        }
    }

    private void read(Random random) {
        while (isRunning) {
            boolean isSheepdog = random.nextInt(3) == 0;
            BlockRegisters registers =
                    isSheepdog || random.nextInt(3) == 0 ? overSheepdog : overNbd;
            NodeProcess node = nodes.get(random.nextInt(nodes.size()));
            BlockDoor door = tryOpen(node, registers, isSheepdog);
            // Not for long: each connection sees its node from the beginning.
            for (int i = 0; i < 50 && door != null && isRunning; i++) {
                int register = random.nextDouble() < RECENT_PART
                        ? registers.recent()
                        : random.nextInt(inUse(registers));
                BlockRegisters.Floor floor = registers.floor(register);
                try {
                    byte[] bytes = door.read(registers.block(register));
                    read.increment();
                    registers.returned(
                            register, bytes, floor, (isSheepdog ? "7000 at " : "NBD at ") + node);
                } catch (IOException e) {
                    note(
                            e,
                            "read of block " + registers.block(register) + " of " + registers.vdi(),
                            node);
                    door.close();
                    door = null;
                }
                LockSupport.parkNanos(PACE_NANOS);
            }
            if (door != null) {
                door.close();
            }
        }
    }

    private int inUse(BlockRegisters registers) {
        double part = (double) (System.nanoTime() - startNanos) / lengthNanos;
        int count = (int) (registers.count() * Math.min(1, FIRST_PART + part));
        return count / writersOfEach * writersOfEach;
    }

    private void note(IOException reason, String what, @Nullable NodeProcess node) {
        if (reason instanceof BlockDoor.RefusedException refusal) {
            refused.increment();
            if (refusal.isStartUp()) {
                return;
            }
            TortureLog.line(node + " answered " + reason.getMessage() + " to a " + what);
        } else if (reason instanceof java.net.SocketTimeoutException) {
            silent.increment();
            TortureLog.line(node + " was silent to a " + what);
        }
    }

    private NodeProcess other(@Nullable NodeProcess node, Random random) {
        NodeProcess next = nodes.get(random.nextInt(nodes.size()));
        return next == node ? nodes.get((next.index() + 1) % nodes.size()) : next;
    }

    private @Nullable BlockDoor tryOpen(
            NodeProcess node, BlockRegisters registers, boolean isSheepdog) {
        try {
            return open(node, registers, isSheepdog);
        } catch (IOException e) {
            LockSupport.parkNanos(RETRY_NANOS);
            return null;
        }
    }
}
