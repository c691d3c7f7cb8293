package io.kelpie.jmh.part;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/** Bytes that no layer can leave out: not zero, not compressible. */
final class Bytes {
    private static final long SEED = 42;

    private Bytes() {}

    /** A direct buffer full of random bytes, the same ones each time. */
    static ByteBuffer random(int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(SEED).nextBytes(bytes);
        return ByteBuffer.allocateDirect(length).put(bytes).flip();
    }
}
