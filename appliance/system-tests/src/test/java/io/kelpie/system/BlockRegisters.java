package io.kelpie.system;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What the blocks of one VDI may hold. Each block is written by one writer with rising stamps, one
 * write at a time, so a block behaves if no read returns an older stamp than one acknowledged or
 * returned before the read began.
 *
 * <p>A write without an answer may take effect at any later time, as far as its writer can know: it
 * retires its block, which is still read but never written again. Then the simple rule stays true
 * for it, too: the old stamp or the new one, and once the new one was seen never the old one again.
 * Any thread may call everything here.
 */
final class BlockRegisters {
    static final int BLOCK = 4096;

    private static final int CELL = 16;
    private static final int RECENT = 512;
    private static final int MAX_VIOLATIONS = 1000;

    private final int number;
    private final String vdi;
    private final int stride;
    private final AtomicLongArray issued;
    private final AtomicLongArray acknowledged;
    private final AtomicLongArray returned;
    private final AtomicIntegerArray retired;
    private final AtomicIntegerArray recent = new AtomicIntegerArray(RECENT);
    private final AtomicInteger writes = new AtomicInteger();
    private final Queue<String> violations = new ConcurrentLinkedQueue<>();
    private final AtomicInteger lost = new AtomicInteger();
    private final AtomicInteger backwards = new AtomicInteger();
    private final AtomicInteger foreign = new AtomicInteger();

    /**
     * Registers for a VDI of zeros.
     *
     * @param number distinguishes the VDIs in the stamped blocks
     * @param vdi its name
     * @param count how many blocks are used
     * @param stride every how many-th block is used
     */
    BlockRegisters(int number, String vdi, int count, int stride) {
        this.number = number;
        this.vdi = vdi;
        this.stride = stride;
        issued = new AtomicLongArray(count);
        acknowledged = new AtomicLongArray(count);
        returned = new AtomicLongArray(count);
        retired = new AtomicIntegerArray(count);
    }

    String vdi() {
        return vdi;
    }

    int count() {
        return issued.length();
    }

    long sizeBytes() {
        return (long) count() * stride * BLOCK;
    }

    /** Where in the VDI a register lies, in blocks. */
    int block(int register) {
        return register * stride;
    }

    /** One of those written a moment ago. */
    int recent() {
        return recent.get(ThreadLocalRandom.current().nextInt(RECENT));
    }

    boolean isRetired(int register) {
        return retired.get(register) != 0;
    }

    int retiredCount() {
        int count = 0;
        for (int i = 0; i < count(); i++) {
            count += retired.get(i);
        }
        return count;
    }

    /** The bytes of a write that is about to be sent. */
    byte[] issue(int register, long stamp) {
        if (issued.get(register) >= stamp || isRetired(register)) {
            throw new IllegalStateException("stamps of register " + register + " must rise");
        }
        issued.set(register, stamp);
        recent.set(Math.floorMod(writes.getAndIncrement(), RECENT), register);
        ByteBuffer bytes = ByteBuffer.allocate(BLOCK);
        while (bytes.hasRemaining()) {
            bytes.putLong(place(register)).putLong(stamp);
        }
        return bytes.array();
    }

    void acknowledge(int register, long stamp) {
        acknowledged.accumulateAndGet(register, stamp, Math::max);
    }

    void retire(int register) {
        retired.set(register, 1);
    }

    /** What a read that begins now must not fall behind. */
    Floor floor(int register) {
        return new Floor(acknowledged.get(register), returned.get(register));
    }

    /** Newest stamps that a read had to respect. */
    record Floor(long acknowledged, long returned) {}

    /**
     * Takes the result of a read.
     *
     * @param floor as it was when the read began
     * @param reader who read, for people
     */
    void returned(int register, byte[] bytes, Floor floor, String reader) {
        ByteBuffer cells = ByteBuffer.wrap(bytes);
        long place = cells.getLong(0);
        long stamp = cells.getLong(Long.BYTES);
        boolean isWhole = place == (stamp == 0 ? 0 : place(register));
        for (int i = 0; i < BLOCK && isWhole; i += CELL) {
            isWhole = cells.getLong(i) == place && cells.getLong(i + Long.BYTES) == stamp;
        }
        if (!isWhole || stamp < 0 || stamp > issued.get(register)) {
            foreign.incrementAndGet();
            violation(
                    register,
                    floor,
                    "place %x stamp %x, torn or foreign".formatted(place, stamp),
                    reader);
        } else if (stamp < floor.acknowledged) {
            lost.incrementAndGet();
            violation(
                    register,
                    floor,
                    "stamp %x, an acknowledged write is lost".formatted(stamp),
                    reader);
        } else if (stamp < floor.returned) {
            backwards.incrementAndGet();
            violation(
                    register,
                    floor,
                    "stamp %x, older than one read before".formatted(stamp),
                    reader);
        } else {
            returned.accumulateAndGet(register, stamp, Math::max);
        }
    }

    private void violation(int register, Floor floor, String what, String reader) {
        String text = "%s %s block %d (object %d): %s; acknowledged %x, returned %x, issued %x%s"
                .formatted(
                        reader,
                        vdi,
                        block(register),
                        block(register) / SheepdogDoor.BLOCKS_AN_OBJECT,
                        what,
                        floor.acknowledged,
                        floor.returned,
                        issued.get(register),
                        isRetired(register) ? ", retired" : "");
        if (violations.size() < MAX_VIOLATIONS) {
            violations.add(text);
        }
        TortureLog.line("VIOLATION " + text);
    }

    private long place(int register) {
        return ((long) number << Integer.SIZE) | block(register);
    }

    List<String> violations() {
        return List.copyOf(violations);
    }

    @Override
    public String toString() {
        return "%s: lost %d, backwards %d, torn or foreign %d, retired %d of %d"
                .formatted(
                        vdi, lost.get(), backwards.get(), foreign.get(), retiredCount(), count());
    }
}
