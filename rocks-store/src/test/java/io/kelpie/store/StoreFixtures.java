package io.kelpie.store;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/** Keys and content for tests. */
public final class StoreFixtures {
    /** One page. */
    public static final int PAGE = ObjectStore.PAGE_BYTES;

    private StoreFixtures() {}

    /** A data object in partition 7. */
    public static ObjectKey dataKey(long objectId) {
        return ObjectKey.of(7, ObjectKind.DATA, objectId);
    }

    /** A version in epoch 1. */
    public static ObjectVersion version(long sequence) {
        return new ObjectVersion(1, sequence);
    }

    /** Bytes that differ by seed and are never all zeros. */
    public static byte[] content(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        if (length > 0) {
            bytes[0] = 1;
        }
        return bytes;
    }

    /** So many bytes of one value. */
    public static byte[] filled(int value, int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    /** A direct buffer over a copy. */
    public static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    /** Reads a range into an array as long as what was read. */
    public static byte[] read(ObjectStore store, ObjectKey key, long offset, int length) {
        ByteBuffer destination = ByteBuffer.allocateDirect(length);
        int count = store.read(key, offset, destination);
        byte[] bytes = new byte[count];
        destination.flip().get(bytes);
        return bytes;
    }

    /** Reads all of an object. */
    public static byte[] readAll(ObjectStore store, ObjectKey key) {
        return read(store, key, 0, Math.toIntExact(store.head(key).orElseThrow().sizeBytes()));
    }
}
