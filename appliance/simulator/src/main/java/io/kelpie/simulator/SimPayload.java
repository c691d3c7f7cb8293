package io.kelpie.simulator;

import io.kelpie.cluster.port.Payload;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A payload that does not forgive: any use of a handle after its last release ends the run, and the
 * bytes are overwritten when the last handle to them is gone, so that a view kept too long shows
 * rubbish.
 */
final class SimPayload implements Payload {
    /** Fills freed memory; no stamp of a client consists of it. */
    private static final byte POISON = (byte) 0xDB;

    private final Memory memory;
    private final int from;
    private final int length;
    private int references = 1;

    private SimPayload(Memory memory, int from, int length) {
        this.memory = memory;
        this.from = from;
        this.length = length;
        memory.handles++;
    }

    static SimPayload create(PayloadLedger ledger, long number, byte[] bytes) {
        return new SimPayload(new Memory(ledger, number, bytes), 0, bytes.length);
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public SimPayload slice(int sliceFrom, int sliceLength) {
        checkLive("slice");
        if (sliceFrom < 0 || sliceLength < 0 || sliceFrom > length - sliceLength) {
            throw memory.ledger.misuse(
                    "a slice lies inside its payload",
                    sliceFrom + " + " + sliceLength + " of " + length);
        }
        return new SimPayload(memory, from + sliceFrom, sliceLength);
    }

    @Override
    public SimPayload retain() {
        checkLive("retain");
        references++;
        return this;
    }

    @Override
    public void release() {
        checkLive("release");
        if (--references > 0) {
            return;
        }
        if (--memory.handles == 0) {
            Arrays.fill(memory.bytes, POISON);
            memory.ledger.onFreed(memory.number);
        }
    }

    @Override
    public ByteBuffer view() {
        checkLive("view");
        return ByteBuffer.wrap(memory.bytes, from, length)
                .slice()
                .asReadOnlyBuffer()
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Copies the bytes into an array of the caller. */
    void copyTo(byte[] target, int targetFrom) {
        checkLive("copy");
        System.arraycopy(memory.bytes, from, target, targetFrom, length);
    }

    /** Ends the run if the payload was released, naming who needed it. */
    void checkLive(String use) {
        if (references <= 0) {
            throw memory.ledger.misuse(
                    "a payload is not used after its release",
                    use + " of payload " + memory.number + " of " + length + " bytes");
        }
    }

    private static final class Memory {
        private final PayloadLedger ledger;
        private final long number;
        private final byte[] bytes;
        private int handles;

        private Memory(PayloadLedger ledger, long number, byte[] bytes) {
            this.ledger = ledger;
            this.number = number;
            this.bytes = bytes;
        }
    }
}
