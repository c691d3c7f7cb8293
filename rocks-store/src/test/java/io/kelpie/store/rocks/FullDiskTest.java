package io.kelpie.store.rocks;

import static io.kelpie.store.StoreFixtures.content;
import static io.kelpie.store.StoreFixtures.dataKey;
import static io.kelpie.store.StoreFixtures.direct;
import static io.kelpie.store.StoreFixtures.read;
import static io.kelpie.store.StoreFixtures.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreException.Kind;
import io.kelpie.store.StoreListener;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A store on an ext4 of 160 MiB that fills up. Needs root, mkfs.ext4 and a loop device. */
@Tag("e2e")
class FullDiskTest {
    private static final long DISK_BYTES = 160L << 20;
    private static final int OBJECT_BYTES = 1 << 20;
    private static final int MAX_OBJECTS = (int) (DISK_BYTES / OBJECT_BYTES);

    @TempDir
    private Path parent;

    private Path disk;

    /** Counts what the listener heard. */
    private static final class Heard implements StoreListener {
        final AtomicInteger broken = new AtomicInteger();
        final AtomicInteger exhausted = new AtomicInteger();
        final AtomicInteger returned = new AtomicInteger();

        @Override
        public void onBroken(StoreException failure) {
            broken.incrementAndGet();
        }

        @Override
        public void onSpaceExhausted(long freeBytes) {
            exhausted.incrementAndGet();
        }

        @Override
        public void onSpaceReturned(long freeBytes) {
            returned.incrementAndGet();
        }
    }

    private final Heard heard = new Heard();

    @BeforeEach
    void mount() throws Exception {
        disk = Files.createDirectory(parent.resolve("disk"));
        Path image = parent.resolve("image");
        try (FileChannel channel =
                FileChannel.open(image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(java.nio.ByteBuffer.allocate(1), DISK_BYTES - 1);
        }
        run("mkfs.ext4", "-q", "-F", image.toString());
        run("mount", "-o", "loop", image.toString(), disk.toString());
    }

    @AfterEach
    void unmount() {
        // The kernel may hold the disk a moment longer than its last file was open.
        await().untilAsserted(() -> run("umount", disk.toString()));
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(
                process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(String.join(" ", command) + ": " + output)
                .isZero();
    }

    private StoreConfig config() {
        return StoreConfig.small(disk.resolve("store")).withListener(heard);
    }

    private static void writeObject(ObjectStore store, int id) {
        store.write(new StoreBatch()
                .create(dataKey(id), OBJECT_BYTES, version(1))
                .write(dataKey(id), 0, direct(content(id, OBJECT_BYTES))));
    }

    /** Writes objects until one is refused; returns how many there are. */
    private static int fill(ObjectStore store, int from) {
        int id = from;
        while (id < from + MAX_OBJECTS) {
            try {
                writeObject(store, id);
            } catch (StoreException e) {
                assertThat(e.kind()).isEqualTo(Kind.NO_SPACE);
                assertThat(e).hasMessageContaining("delete data or enlarge the file system");
                assertThat(store.stats().spaceExhausted()).isTrue();
                return id;
            }
            id++;
        }
        throw new AssertionError("the disk does not fill up");
    }

    private static void assertHolds(ObjectStore store, int from, int to) {
        for (int id = from; id < to; id++) {
            assertThat(read(store, dataKey(id), 0, OBJECT_BYTES))
                    .isEqualTo(content(id, OBJECT_BYTES));
        }
    }

    @Test
    void fullDiskRefusesWritesKeepsAllAndGoesOnAfterDeletes() {
        try (ObjectStore store = RocksObjectStore.open(config())) {
            int count = fill(store, 1);
            assertThat(count).isGreaterThan(30);
            assertHolds(store, 1, count);

            int kept = 5;
            int again = 2000;
            for (int id = kept; id < count; id++) {
                store.write(new StoreBatch().delete(dataKey(id)));
            }
            // Space comes back bit by bit, and writers see it full in between.
            AtomicInteger next = new AtomicInteger(again);
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> {
                next.set(fill(store, next.get()));
                return next.get() - again > count / 3;
            });

            store.syncAll();
            assertHolds(store, 1, kept);
            assertHolds(store, again, next.get());
        }
        assertThat(heard.broken).hasValue(0);
        assertThat(heard.exhausted.get()).isGreaterThanOrEqualTo(2);
        assertThat(heard.returned).hasPositiveValue();
    }

    @Test
    void diskFilledByOthersLosesNothingAcknowledged() throws Exception {
        int count = 21;
        int stopped;
        Path ballast = disk.resolve("ballast");
        try (ObjectStore store = RocksObjectStore.open(config())) {
            for (int id = 1; id < count; id++) {
                writeObject(store, id);
            }
            store.syncAll();
            fillBehindItsBack(ballast);

            stopped = fill(store, count);

            assertThat(store.failure()).isEmpty();
            assertHolds(store, 1, stopped);
        }
        Files.delete(ballast);
        try (ObjectStore store = RocksObjectStore.open(config())) {
            assertHolds(store, 1, stopped);
            writeObject(store, stopped);
            assertHolds(store, stopped, stopped + 1);
        }
    }

    private static void fillBehindItsBack(Path ballast) throws Exception {
        try (FileChannel channel = FileChannel.open(
                ballast, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            java.nio.ByteBuffer block = java.nio.ByteBuffer.allocate(1 << 16);
            while (true) {
                channel.write(block.clear());
            }
        } catch (java.io.IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }

    @Test
    void openingOnAFullDiskSaysSo() throws Exception {
        Path ballast = disk.resolve("ballast");
        fillBehindItsBack(ballast);

        assertThatThrownBy(() -> RocksObjectStore.open(config()))
                .isInstanceOfSatisfying(
                        StoreException.class, e -> assertThat(e.kind()).isEqualTo(Kind.NO_SPACE));
    }
}
