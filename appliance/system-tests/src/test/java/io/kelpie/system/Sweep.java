package io.kelpie.system;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Reads many blocks through one node, several at once; every read must be answered. */
final class Sweep {
    private static final int THREADS = 6;
    private static final int MAX_FAILURES = 20;

    private final TortureLoad load;
    private final NodeProcess node;
    private final BlockRegisters registers;
    private final boolean isSheepdog;
    private final List<String> complaints;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger failures = new AtomicInteger();

    Sweep(
            TortureLoad load,
            NodeProcess node,
            BlockRegisters registers,
            boolean isSheepdog,
            List<String> complaints) {
        this.load = load;
        this.node = node;
        this.registers = registers;
        this.isSheepdog = isSheepdog;
        this.complaints = complaints;
    }

    void read(int[] numbers) throws InterruptedException {
        long begin = System.nanoTime();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            Thread thread = new Thread(() -> readSome(numbers), "sweep " + i);
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        TortureLog.line("%s: %d blocks of %s read in %.1f s, %d failures"
                .formatted(
                        name(),
                        numbers.length,
                        registers.vdi(),
                        (System.nanoTime() - begin) / 1e9,
                        failures.get()));
    }

    private void readSome(int[] numbers) {
        @Nullable BlockDoor door = null;
        int i = next.getAndIncrement();
        while (i < numbers.length && failures.get() < MAX_FAILURES) {
            int register = numbers[i];
            BlockRegisters.Floor floor = registers.floor(register);
            try {
                if (door == null) {
                    door = load.open(node, registers, isSheepdog);
                }
                byte[] bytes = door.read(registers.block(register));
                registers.returned(register, bytes, floor, name());
                i = next.getAndIncrement();
            } catch (IOException e) {
                failures.incrementAndGet();
                complain("%s does not answer for block %d of %s: %s"
                        .formatted(name(), registers.block(register), registers.vdi(), e));
                if (door != null) {
                    door.close();
                    door = null;
                }
            }
        }
        if (door != null) {
            door.close();
        }
    }

    private void complain(String text) {
        TortureLog.line(text);
        synchronized (complaints) {
            complaints.add(text);
        }
    }

    private String name() {
        return (isSheepdog ? "7000 at " : "NBD at ") + node;
    }
}
