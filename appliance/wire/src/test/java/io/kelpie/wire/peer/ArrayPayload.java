package io.kelpie.wire.peer;

import io.kelpie.cluster.port.Payload;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A payload over an array that counts its references and equals one of the same bytes. */
final class ArrayPayload implements Payload {
    private final byte[] bytes;
    private int references = 1;

    ArrayPayload(byte[] bytes) {
        this.bytes = bytes;
    }

    int references() {
        return references;
    }

    @Override
    public int length() {
        return bytes.length;
    }

    @Override
    public Payload slice(int from, int length) {
        return new ArrayPayload(Arrays.copyOfRange(bytes, from, from + length));
    }

    @Override
    public Payload retain() {
        references++;
        return this;
    }

    @Override
    public void release() {
        references--;
    }

    @Override
    public ByteBuffer view() {
        return ByteBuffer.wrap(bytes).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ArrayPayload that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "payload of " + bytes.length + " bytes";
    }
}
