package io.kelpie.node.store;

import io.kelpie.store.ObjectStore;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreException;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The core's named records in the object store. A store thread only, one at a time for each name.
 *
 * <p>A record may be larger than a batch of the store. Then its pieces are written first, under the
 * next generation, and become the record when the head names that generation: the head changes in
 * the caller's batch, so a crash leaves the old record or the new one.
 *
 * <pre>
 * head, small:  u8 0, value
 * head, large:  u8 1, u64 generation, u32 count of pieces, u32 length, u32 CRC-32C of the value
 * piece:        part of the value
 * </pre>
 */
final class NamedRecords {
    /** Longest value; the port's bound. */
    static final int MAX_VALUE_BYTES = 64 << 20;
    /** Up to this length a value lies in its head. */
    static final int MAX_SMALL_BYTES = 1 << 20;

    private static final int PIECE_BYTES = 4 << 20;
    private static final byte SMALL = 0;
    private static final byte LARGE = 1;
    private static final int LARGE_HEAD_BYTES = 1 + 8 + 4 + 4 + 4;

    private final ObjectStore store;

    NamedRecords(ObjectStore store) {
        this.store = store;
    }

    /** Adds a put to a batch; writes the pieces of a large value at once. */
    void put(StoreBatch batch, String name, byte[] value) {
        if (value.length > MAX_VALUE_BYTES) {
            throw new IllegalArgumentException(
                    "record " + name + " of " + value.length + " bytes, at most 64 MiB");
        }
        long oldGeneration = generationOf(name);
        if (value.length <= MAX_SMALL_BYTES) {
            byte[] head = new byte[1 + value.length];
            head[0] = SMALL;
            System.arraycopy(value, 0, head, 1, value.length);
            batch.putRecord(RecordFamily.CLUSTER, StoreKeys.record(name), head);
            if (oldGeneration > 0) {
                batch.deleteRecords(
                        RecordFamily.CLUSTER,
                        StoreKeys.pieces(name, 0),
                        StoreKeys.pieces(name, oldGeneration + 1));
            }
            return;
        }
        long generation = oldGeneration + 1;
        int count = writePieces(name, generation, value);
        byte[] head = ByteBuffer.allocate(LARGE_HEAD_BYTES)
                .put(LARGE)
                .putLong(generation)
                .putInt(count)
                .putInt(value.length)
                .putInt(checksum(value))
                .array();
        batch.putRecord(RecordFamily.CLUSTER, StoreKeys.record(name), head);
        batch.deleteRecords(
                RecordFamily.CLUSTER,
                StoreKeys.pieces(name, 0),
                StoreKeys.pieces(name, generation));
    }

    byte @Nullable [] read(String name) {
        Optional<byte[]> found = store.readRecord(RecordFamily.CLUSTER, StoreKeys.record(name));
        if (found.isEmpty()) {
            return null;
        }
        byte[] head = found.get();
        if (head.length > 0 && head[0] == SMALL) {
            return Arrays.copyOfRange(head, 1, head.length);
        }
        if (head.length != LARGE_HEAD_BYTES || head[0] != LARGE) {
            throw damaged(name);
        }
        return readPieces(name, ByteBuffer.wrap(head, 1, LARGE_HEAD_BYTES - 1));
    }

    private int writePieces(String name, long generation, byte[] value) {
        int count = 0;
        for (int from = 0; from < value.length; from += PIECE_BYTES) {
            byte[] piece =
                    Arrays.copyOfRange(value, from, Math.min(value.length, from + PIECE_BYTES));
            store.write(new StoreBatch()
                    .putRecord(
                            RecordFamily.CLUSTER, StoreKeys.piece(name, generation, count), piece));
            count++;
        }
        return count;
    }

    private byte[] readPieces(String name, ByteBuffer head) {
        long generation = head.getLong();
        int count = head.getInt();
        int length = head.getInt();
        int checksum = head.getInt();
        if (length < 0 || length > MAX_VALUE_BYTES || count > MAX_VALUE_BYTES / PIECE_BYTES) {
            throw damaged(name);
        }
        ByteArrayOutputStream value = new ByteArrayOutputStream(length);
        for (int index = 0; index < count; index++) {
            byte[] piece = store.readRecord(
                            RecordFamily.CLUSTER, StoreKeys.piece(name, generation, index))
                    .orElseThrow(() -> damaged(name));
            value.writeBytes(piece);
        }
        byte[] bytes = value.toByteArray();
        if (bytes.length != length || checksum(bytes) != checksum) {
            throw damaged(name);
        }
        return bytes;
    }

    /** Generation of the pieces that the head names, 0 without pieces. */
    private long generationOf(String name) {
        Optional<byte[]> head = store.readRecord(RecordFamily.CLUSTER, StoreKeys.record(name));
        if (head.isEmpty() || head.get().length != LARGE_HEAD_BYTES || head.get()[0] != LARGE) {
            return 0;
        }
        return ByteBuffer.wrap(head.get(), 1, Long.BYTES).getLong();
    }

    private static StoreException damaged(String name) {
        return new StoreException(
                StoreException.Kind.CORRUPTION,
                "the record '" + name + "' is damaged: restore the store from a copy");
    }

    private static int checksum(byte[] value) {
        CRC32C checksum = new CRC32C();
        checksum.update(value);
        return (int) checksum.getValue();
    }
}
