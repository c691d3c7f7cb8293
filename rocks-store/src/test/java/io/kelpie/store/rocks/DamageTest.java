package io.kelpie.store.rocks;

import static io.kelpie.store.StoreFixtures.PAGE;
import static io.kelpie.store.StoreFixtures.content;
import static io.kelpie.store.StoreFixtures.dataKey;
import static io.kelpie.store.StoreFixtures.direct;
import static io.kelpie.store.StoreFixtures.read;
import static io.kelpie.store.StoreFixtures.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreException.Kind;
import io.kelpie.store.format.KeyLayout;
import io.kelpie.store.format.PageLayout;
import io.kelpie.store.format.RecordBuffer;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Bits that flip on the disk: what is hit is reported, the rest goes on. */
class DamageTest {
    private static final ObjectKey KEY = dataKey(1);
    private static final int PAGES = 200;

    /** A block of a table has 4 pages and one checksum, so damage may reach so far. */
    private static final int BLOCK_PAGES = 4;

    @TempDir
    private Path parent;

    private Path directory;

    @BeforeEach
    void nameDirectory() {
        directory = parent.resolve("store");
    }

    private StoreConfig config() {
        return StoreConfig.small(directory);
    }

    private static void assertFails(Kind kind, String text, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(StoreException.class, e -> {
            assertThat(e.kind()).isEqualTo(kind);
            assertThat(e.getMessage()).contains(text);
        });
    }

    /** Pages with a content each, synced, one batch a page. */
    private void fill() {
        try (ObjectStore store = RocksObjectStore.open(config())) {
            store.write(new StoreBatch().create(KEY, PAGES * PAGE, version(1)));
            for (int page = 0; page < PAGES; page++) {
                store.write(new StoreBatch()
                        .write(KEY, (long) page * PAGE, direct(content(page, PAGE))));
            }
        }
    }

    @Test
    void flippedBitInATableHitsItsBlockOnly() throws Exception {
        fill();
        // Opening replays the log into tables.
        RocksObjectStore.open(config()).close();
        int hit = 100;
        flipInFiles(".sst", content(hit, PAGE));

        try (ObjectStore store = RocksObjectStore.open(config())) {
            assertFails(
                    Kind.CORRUPTION,
                    "cannot read " + KEY,
                    () -> read(store, KEY, (long) hit * PAGE, PAGE));
            assertFails(
                    Kind.CORRUPTION, "cannot read " + KEY, () -> read(store, KEY, 0, PAGES * PAGE));
            for (int page = 0; page < PAGES; page++) {
                if (Math.abs(page - hit) >= BLOCK_PAGES) {
                    assertThat(read(store, KEY, (long) page * PAGE, PAGE))
                            .isEqualTo(content(page, PAGE));
                }
            }
            assertThat(store.stats().corruptPages()).isEqualTo(2);
            assertThat(store.failure()).isEmpty();
            assertFails(
                    Kind.CORRUPTION,
                    "cannot read",
                    () -> store.write(new StoreBatch()
                            .write(KEY, (long) hit * PAGE + 1, direct(content(1, 10)))));

            store.write(new StoreBatch().write(KEY, (long) hit * PAGE, direct(content(7, PAGE))));
            assertThat(read(store, KEY, (long) hit * PAGE, PAGE)).isEqualTo(content(7, PAGE));
        }
    }

    @Test
    void pageThatDoesNotMatchItsTrailerIsNotHandedOut() throws Exception {
        fill();
        int hit = 100;
        byte[] value = new byte[PageLayout.VALUE_BYTES];
        System.arraycopy(content(hit, PAGE), 0, value, 0, PAGE);
        putPage(hit, value);
        putPage(hit + 50, new byte[] {1, 2, 3, 4});

        try (ObjectStore store = RocksObjectStore.open(config())) {
            assertFails(
                    Kind.CORRUPTION,
                    "page 100 of 7/data/0000000000000001 is damaged",
                    () -> read(store, KEY, (long) hit * PAGE, PAGE));
            assertFails(
                    Kind.CORRUPTION,
                    "page 100 of",
                    () -> read(store, KEY, (long) (hit - 20) * PAGE, 40 * PAGE));
            assertFails(
                    Kind.CORRUPTION,
                    "page 150 of",
                    () -> read(store, KEY, (long) (hit + 50) * PAGE, PAGE));
            assertThat(read(store, KEY, (long) (hit - 1) * PAGE, PAGE))
                    .isEqualTo(content(hit - 1, PAGE));
            assertThat(read(store, KEY, (long) (hit + 1) * PAGE, PAGE))
                    .isEqualTo(content(hit + 1, PAGE));
            assertThat(store.stats().corruptPages()).isEqualTo(3);
        }
    }

    @Test
    void flippedBitInTheLogIsReportedAtOpen() throws Exception {
        fill();
        flipInFiles(".log", content(100, PAGE));

        assertFails(Kind.CORRUPTION, "has lost data", () -> RocksObjectStore.open(config()));
        assertFails(
                Kind.CORRUPTION,
                "open it with the loss accepted",
                () -> RocksObjectStore.open(config()));
        try (ObjectStore store = RocksObjectStore.open(config().withAcceptLoss(true))) {
            assertThat(store.openReport().lossAccepted()).isTrue();
            assertThat(read(store, KEY, 99 * PAGE, PAGE)).isEqualTo(content(99, PAGE));
            assertThat(read(store, KEY, 150 * PAGE, PAGE)).isEqualTo(new byte[PAGE]);
            store.write(new StoreBatch().write(KEY, 0, direct(content(5, PAGE))));
        }
        try (ObjectStore store = RocksObjectStore.open(config())) {
            assertThat(store.openReport().lossAccepted()).isFalse();
            assertThat(read(store, KEY, 0, PAGE)).isEqualTo(content(5, PAGE));
        }
    }

    @Test
    void cutAndMissingLogsAreReportedAtOpen() throws Exception {
        fill();
        Path log = files(".log").get(0);
        byte[] whole = Files.readAllBytes(log);
        Files.write(log, java.util.Arrays.copyOf(whole, whole.length / 2));

        assertFails(Kind.CORRUPTION, "synced", () -> RocksObjectStore.open(config()));
        directory = parent.resolve("other");
        fill();
        Files.delete(files(".log").get(0));

        assertFails(Kind.CORRUPTION, "has lost data", () -> RocksObjectStore.open(config()));
    }

    @Test
    void damagedHeadIsReportedForItsObjectOnly() throws Exception {
        fill();
        try (ObjectStore store = RocksObjectStore.open(config())) {
            store.write(new StoreBatch().create(dataKey(2), PAGE, version(1)));
        }
        try (RecordBuffer record = new RecordBuffer(KeyLayout.PAGE_END_BYTES)) {
            KeyLayout.headKey(record, KEY);
            put("head", record.toArray(KeyLayout.HEAD_KEY_BYTES), new byte[64]);
        }

        try (ObjectStore store = RocksObjectStore.open(config())) {
            assertFails(Kind.CORRUPTION, "checksum of the head", () -> store.head(KEY));
            assertFails(Kind.CORRUPTION, "checksum of the head", () -> store.heads(7, 0, 10));
            assertThat(store.head(dataKey(2))).isPresent();
        }
    }

    private List<Path> files(String suffix) throws Exception {
        try (var files = Files.list(directory.resolve("db"))) {
            return files.filter(file -> file.toString().endsWith(suffix)).toList();
        }
    }

    /** Flips one bit in the middle of where a page's content lies. */
    private void flipInFiles(String suffix, byte[] content) throws Exception {
        String wanted = new String(content, 0, 64, StandardCharsets.ISO_8859_1);
        for (Path file : files(suffix)) {
            byte[] bytes = Files.readAllBytes(file);
            int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(wanted);
            if (at >= 0) {
                bytes[at + 32] ^= 0x10;
                Files.write(file, bytes);
                return;
            }
        }
        throw new AssertionError("content is in no file " + suffix);
    }

    private void putPage(int page, byte[] value) throws Exception {
        try (RecordBuffer record = new RecordBuffer(KeyLayout.PAGE_END_BYTES)) {
            KeyLayout.pageKey(record, KEY, 0, page);
            put("data", record.toArray(KeyLayout.PAGE_KEY_BYTES), value);
        }
    }

    /** Writes behind the store's back. */
    private void put(String family, byte[] key, byte[] value) throws Exception {
        String database = directory.resolve("db").toString();
        List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
        List<ColumnFamilyHandle> handles = new ArrayList<>();
        try (Options listing = new Options()) {
            for (byte[] name : RocksDB.listColumnFamilies(listing, database)) {
                descriptors.add(new ColumnFamilyDescriptor(name));
            }
        }
        try (DBOptions options = new DBOptions();
                RocksDB db = RocksDB.open(options, database, descriptors, handles)) {
            for (ColumnFamilyHandle handle : handles) {
                if (new String(handle.getName(), StandardCharsets.US_ASCII).equals(family)) {
                    db.put(handle, key, value);
                }
                handle.close();
            }
        }
    }
}
