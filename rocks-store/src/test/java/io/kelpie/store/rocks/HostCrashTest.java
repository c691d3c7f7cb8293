package io.kelpie.store.rocks;

import static io.kelpie.store.StoreFixtures.PAGE;
import static io.kelpie.store.StoreFixtures.content;
import static io.kelpie.store.StoreFixtures.dataKey;
import static io.kelpie.store.StoreFixtures.direct;
import static io.kelpie.store.StoreFixtures.read;
import static io.kelpie.store.StoreFixtures.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.store.ObjectStore;
import io.kelpie.store.OpenReport.PreviousEnd;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.StoreException;
import io.kelpie.store.format.Watermark;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * A copy of an open store's files is what a crash leaves; another boot id makes it a crash of the
 * host.
 */
class HostCrashTest {
    private static final int SYNCED = 20;
    private static final int WRITTEN = 40;

    @TempDir
    private Path parent;

    private Path crashed;

    /** Pages up to SYNCED synced, up to WRITTEN acknowledged, and then the process is gone. */
    @BeforeEach
    void crash() throws Exception {
        Path directory = parent.resolve("store");
        crashed = parent.resolve("crashed");
        try (ObjectStore store = RocksObjectStore.open(StoreConfig.small(directory))) {
            store.write(new StoreBatch().create(dataKey(1), WRITTEN * PAGE, version(1)));
            write(store, 0, SYNCED);
            store.syncAll();
            write(store, SYNCED, WRITTEN);
            copy(directory, crashed);
        }
    }

    private static void write(ObjectStore store, int from, int to) {
        for (int page = from; page < to; page++) {
            store.write(new StoreBatch()
                    .write(dataKey(1), (long) page * PAGE, direct(content(page, PAGE))));
        }
    }

    private static void copy(Path from, Path to) throws Exception {
        try (var files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }

    /** The log without its last bytes, as it may be when only what was synced reached the disk. */
    private void cutLog(int pages) throws Exception {
        try (var files = Files.list(crashed.resolve("db"))) {
            Path log = files.filter(file -> file.toString().endsWith(".log"))
                    .filter(file -> file.toFile().length() > 0)
                    .findFirst()
                    .orElseThrow();
            try (FileChannel channel = FileChannel.open(log, StandardOpenOption.WRITE)) {
                channel.truncate(channel.size() - (long) pages * PAGE);
            }
        }
    }

    private void rebootHost() throws Exception {
        Path file = crashed.resolve("watermark");
        Watermark.Mark mark = Watermark.read(file).orElseThrow();
        Watermark.begin(
                        file,
                        new Watermark.Mark(
                                mark.storeId(),
                                UUID.randomUUID(),
                                mark.synced(),
                                mark.applied(),
                                mark.clean()))
                .close();
    }

    private ObjectStore open() {
        return RocksObjectStore.open(StoreConfig.small(crashed));
    }

    @Test
    void crashOfTheProcessKeepsUnsyncedWrites() {
        try (ObjectStore store = open()) {
            assertThat(store.openReport().previousEnd()).isEqualTo(PreviousEnd.PROCESS_CRASH);
            assertThat(read(store, dataKey(1), (WRITTEN - 1) * PAGE, PAGE))
                    .isEqualTo(content(WRITTEN - 1, PAGE));
        }
    }

    @Test
    void crashOfTheHostIsReported() throws Exception {
        rebootHost();

        try (ObjectStore store = open()) {
            assertThat(store.openReport().previousEnd()).isEqualTo(PreviousEnd.HOST_CRASH);
        }
    }

    @Test
    void crashOfTheHostMayLoseWhatWasNotSynced() throws Exception {
        cutLog(5);
        rebootHost();

        try (ObjectStore store = open()) {
            assertThat(store.openReport().previousEnd()).isEqualTo(PreviousEnd.HOST_CRASH);
            assertThat(store.openReport().lossAccepted()).isFalse();
            assertThat(read(store, dataKey(1), (SYNCED - 1) * PAGE, PAGE))
                    .isEqualTo(content(SYNCED - 1, PAGE));
            assertThat(read(store, dataKey(1), (WRITTEN - 1) * PAGE, PAGE))
                    .isEqualTo(new byte[PAGE]);
        }
    }

    @Test
    void crashOfTheProcessMayNotLoseUnsyncedWrites() throws Exception {
        cutLog(5);

        assertThatThrownBy(this::open)
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("are missing, 0 of them synced");
    }

    @Test
    void crashOfTheHostMayNotLoseSyncedWrites() throws Exception {
        cutLog(WRITTEN - SYNCED + 5);
        rebootHost();

        assertThatThrownBy(this::open)
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("has lost data");
    }
}
