package io.kelpie.store.rocks;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.store.ObjectEntry;
import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectKind;
import io.kelpie.store.ObjectPosition;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreFixtures;
import io.kelpie.store.memory.MemoryObjectStore;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * The same random batches against RocksDB, closed and opened now and then, and the store in memory:
 * outcomes and contents are equal. Repeat a failure with {@code -Dkelpie.seed=SEED}.
 */
class RandomOperationsTest {
    private static final int STEPS = 1500;
    private static final int OBJECTS = 12;
    private static final int MAX_PAGES = 150;
    private static final int PAGE = ObjectStore.PAGE_BYTES;

    @TempDir
    private Path directory;

    private final long seed = Long.getLong("kelpie.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final MemoryObjectStore model = new MemoryObjectStore();

    @Test
    void storeBehavesAsTheModel() {
        try {
            run();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("seed " + seed + "; repeat with -Dkelpie.seed=" + seed, e);
        }
    }

    private void run() {
        ObjectStore store = open();
        int applied = 0;
        try {
            for (int step = 0; step < STEPS; step++) {
                if (random.nextInt(100) == 0) {
                    store.close();
                    store = open();
                    compareAll(store);
                }
                StoreBatch batch = batch();
                String outcome = outcome(store, batch);
                assertThat(outcome).isEqualTo(outcome(model, batch));
                applied += outcome.equals("applied") ? 1 : 0;
                compareSome(store);
            }
            compareAll(store);
            assertThat(applied).as("batches that were not refused").isGreaterThan(STEPS / 4);
        } finally {
            store.close();
        }
    }

    private ObjectStore open() {
        // Small memtables, so that flushes and compactions take part.
        return RocksObjectStore.open(
                StoreConfig.small(directory.resolve("store")).withMemory(8L << 20, 1L << 20));
    }

    private StoreBatch batch() {
        StoreBatch batch = new StoreBatch();
        int changes = 1 + random.nextInt(random.nextBoolean() ? 1 : 6);
        for (int i = 0; i < changes; i++) {
            addChange(batch, key());
        }
        return batch;
    }

    private ObjectKey key() {
        int number = random.nextInt(OBJECTS);
        ObjectKind kind = ObjectKind.ofCode(1 + number % 4);
        // Ids from 1 up, because a base of 0 means none.
        return new ObjectKey(number % 3, kind, 1 + number / 3, number % 2);
    }

    private void addChange(StoreBatch batch, ObjectKey key) {
        long size = random.nextInt(MAX_PAGES * PAGE);
        long offset = random.nextBoolean() ? random.nextInt(MAX_PAGES) * (long) PAGE : size;
        switch (random.nextInt(16)) {
            case 0, 1 -> batch.create(key, size, StoreFixtures.version(random.nextInt()));
            case 2 -> batch.replace(key, size, StoreFixtures.version(random.nextInt()));
            case 3 -> batch.resize(key, size);
            case 4 -> batch.setBase(key, base(key));
            case 5 -> addRare(batch, key);
            case 6, 7 ->
                batch.writeZeroes(
                        key,
                        offset,
                        random.nextInt(1 + (int) Math.max(1, MAX_PAGES * PAGE - offset)));
            case 8 ->
                batch.putRecord(RecordFamily.OPLOG, recordKey(), new byte[random.nextInt(100)]);
            case 9 -> batch.setVersion(key, StoreFixtures.version(random.nextLong()));
            case 10, 11, 12 -> batch.write(key, offset, payload(random.nextInt(3 * PAGE)));
            default ->
                batch.write(key, offset, payload(random.nextInt(1 + random.nextInt(40)) * PAGE));
        }
    }

    private long base(ObjectKey key) {
        // Only older (smaller) ids, so that there are no rings; those have a test of their own.
        return random.nextInt(4) == 0 || key.objectId() == 1
                ? 0
                : 1 + random.nextInt((int) key.objectId() - 1);
    }

    private void addRare(StoreBatch batch, ObjectKey key) {
        switch (random.nextInt(5)) {
            case 0 -> batch.delete(key);
            case 1 -> batch.bury(key, StoreFixtures.version(random.nextInt()), random.nextInt());
            case 2 -> batch.setFlags(key, random.nextInt());
            case 3 -> batch.deleteRecord(RecordFamily.OPLOG, recordKey());
            default -> {
                byte[] a = recordKey();
                byte[] b = recordKey();
                boolean inOrder = java.util.Arrays.compareUnsigned(a, b) <= 0;
                batch.deleteRecords(RecordFamily.OPLOG, inOrder ? a : b, inOrder ? b : a);
            }
        }
    }

    private byte[] recordKey() {
        byte[] key = new byte[1 + random.nextInt(2)];
        random.nextBytes(key);
        return key;
    }

    private ByteBuffer payload(int length) {
        byte[] bytes = new byte[length];
        // Some pages of zeros among the others.
        for (int from = 0; from < length; from += PAGE) {
            if (random.nextInt(5) != 0) {
                byte[] page =
                        StoreFixtures.content(random.nextLong(), Math.min(PAGE, length - from));
                System.arraycopy(page, 0, bytes, from, page.length);
            }
        }
        return random.nextBoolean() ? StoreFixtures.direct(bytes) : ByteBuffer.wrap(bytes);
    }

    /** What a batch came to: applied, or how it was refused. */
    private static String outcome(ObjectStore store, StoreBatch batch) {
        try {
            store.write(batch);
            return "applied";
        } catch (StoreException e) {
            return e.kind().toString();
        } catch (IllegalArgumentException e) {
            return "illegal";
        }
    }

    private void compareSome(ObjectStore store) {
        ObjectKey key = key();
        assertThat(store.head(key).isPresent()).isEqualTo(model.head(key).isPresent());
        if (model.head(key).isPresent()) {
            long offset = random.nextInt(MAX_PAGES * PAGE);
            int length = random.nextInt(20 * PAGE);
            assertThat(StoreFixtures.read(store, key, offset, length))
                    .isEqualTo(StoreFixtures.read(model, key, offset, length));
            assertThat(store.extents(key, offset, length))
                    .isEqualTo(model.extents(key, offset, length));
        }
    }

    private void compareAll(ObjectStore store) {
        List<ObjectEntry> expected = model.heads(ObjectPosition.START, 1000);
        assertThat(store.heads(ObjectPosition.START, 1000))
                .usingRecursiveFieldByFieldElementComparatorIgnoringFields(
                        "head.createdMillis", "head.generation")
                .isEqualTo(expected);
        assertThat(store.partitions()).isEqualTo(model.partitions());
        for (ObjectEntry entry : expected) {
            assertThat(StoreFixtures.readAll(store, entry.key()))
                    .isEqualTo(StoreFixtures.readAll(model, entry.key()));
            assertThat(store.allocatedBytes(entry.key()))
                    .isEqualTo(model.allocatedBytes(entry.key()));
        }
        byte[] end = StoreFixtures.filled(0xff, 3);
        assertThat(store.scanRecords(RecordFamily.OPLOG, new byte[0], end, 1000))
                .usingRecursiveComparison()
                .isEqualTo(model.scanRecords(RecordFamily.OPLOG, new byte[0], end, 1000));
    }
}
