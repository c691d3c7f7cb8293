package io.kelpie.cluster.testing;

import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PayloadAllocator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Payloads that count their references and refuse use after the last. */
public final class Payloads implements PayloadAllocator {
    private int references;

    /** References held by anybody; 0 when every payload was released as often as it was taken. */
    public int references() {
        return references;
    }

    @Override
    public Payload copyOf(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return of(copy);
    }

    public Payload of(byte[] bytes) {
        return new Part(bytes, 0, bytes.length);
    }

    public Payload of(String text) {
        return of(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** A payload of one value. */
    public Payload filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return of(bytes);
    }

    public static byte[] bytesOf(Payload payload) {
        byte[] bytes = new byte[payload.length()];
        payload.view().get(bytes);
        return bytes;
    }

    private final class Part implements Payload {
        private final byte[] bytes;
        private final int from;
        private final int length;
        private int held = 1;

        Part(byte[] bytes, int from, int length) {
            this.bytes = bytes;
            this.from = from;
            this.length = length;
            references++;
        }

        @Override
        public int length() {
            return length;
        }

        @Override
        public Payload slice(int sliceFrom, int sliceLength) {
            check("sliced");
            if (sliceFrom < 0 || sliceLength < 0 || sliceFrom + sliceLength > length) {
                throw new IndexOutOfBoundsException(sliceFrom + "+" + sliceLength);
            }
            return new Part(bytes, from + sliceFrom, sliceLength);
        }

        @Override
        public Payload retain() {
            check("retained");
            held++;
            references++;
            return this;
        }

        @Override
        public void release() {
            check("released");
            held--;
            references--;
        }

        @Override
        public ByteBuffer view() {
            check("read");
            return ByteBuffer.wrap(bytes, from, length)
                    .slice()
                    .asReadOnlyBuffer()
                    .order(ByteOrder.LITTLE_ENDIAN);
        }

        private void check(String use) {
            if (held <= 0) {
                throw new IllegalStateException("a payload is " + use + " after its last release");
            }
        }
    }
}
