package io.kelpie.store.rocks;

import static io.kelpie.store.StoreFixtures.PAGE;

import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.StoreFixtures;
import io.kelpie.store.SyncTicket;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;

/**
 * The process that {@link KillTest} kills: writes for ever, each batch to one page of two objects
 * and one record, and tells on stdout (page and number, 4 bytes each) what was acknowledged.
 */
final class CrashChild {
    static final int THREADS = 2;
    static final int PAGES_PER_THREAD = 600;
    static final int CHECKED_BYTES = 512;

    private static final int SYNC_EVERY = 40;

    private final ObjectStore store;
    private final DataOutputStream acknowledged =
            new DataOutputStream(new BufferedOutputStream(System.out, 8));

    private CrashChild(ObjectStore store) {
        this.store = store;
    }

    public static void main(String[] arguments) {
        // Small memtables, so that tables are written and compacted while the process dies.
        CrashChild child = new CrashChild(RocksObjectStore.open(config(Path.of(arguments[0]))));
        int from = Integer.parseInt(arguments[1]);
        for (int thread = 0; thread < THREADS; thread++) {
            int number = thread;
            new Thread(() -> child.write(number, from)).start();
        }
    }

    static StoreConfig config(Path directory) {
        return StoreConfig.small(directory).withMemory(16L << 20, 2L << 20);
    }

    static ObjectKey key(int copy) {
        return StoreFixtures.dataKey(1 + copy);
    }

    static byte[] recordKey(int page) {
        return ByteBuffer.allocate(4).putInt(page).array();
    }

    /** What the checked part of a page holds after a write with this number. */
    static byte[] pattern(int page, int number) {
        byte[] bytes = StoreFixtures.content(31L * page + number, CHECKED_BYTES);
        ByteBuffer.wrap(bytes).putInt(number);
        return bytes;
    }

    private void write(int thread, int from) {
        Random random = new Random(from + thread);
        for (int number = from; ; number++) {
            int page = thread * PAGES_PER_THREAD + random.nextInt(PAGES_PER_THREAD);
            byte[] bytes = pattern(page, number);
            // Whole pages and parts of pages by turns.
            ByteBuffer payload = StoreFixtures.direct(
                    random.nextBoolean() ? bytes : java.util.Arrays.copyOf(bytes, PAGE));
            SyncTicket ticket = store.write(new StoreBatch()
                    .write(key(0), (long) page * PAGE, payload)
                    .write(key(1), (long) page * PAGE, payload)
                    .putRecord(RecordFamily.OPLOG, recordKey(page), recordKey(number)));
            if (number % SYNC_EVERY == 0) {
                store.sync(ticket);
            }
            acknowledge(page, number);
        }
    }

    private void acknowledge(int page, int number) {
        synchronized (acknowledged) {
            try {
                acknowledged.writeLong((long) page << 32 | number);
                acknowledged.flush();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
