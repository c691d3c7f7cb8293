package io.kelpie.store.rocks;

import static io.kelpie.store.StoreFixtures.PAGE;
import static io.kelpie.store.StoreFixtures.read;
import static io.kelpie.store.StoreFixtures.version;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.store.ObjectStore;
import io.kelpie.store.OpenReport.PreviousEnd;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreBatch;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** A process is killed while it writes; then everything it had acknowledged is there. */
@Tag("crash")
class KillTest {
    private static final int ROUNDS = 8;
    private static final int PAGES = CrashChild.THREADS * CrashChild.PAGES_PER_THREAD;
    private static final long MAX_OPEN_NANOS = TimeUnit.SECONDS.toNanos(5);

    @TempDir
    private Path parent;

    private final long seed = Long.getLong("kelpie.seed", System.nanoTime());
    private final Random random = new Random(seed);

    /** The highest number acknowledged for each page. */
    private final int[] acknowledged = new int[PAGES];

    @Test
    void nothingAcknowledgedIsLost() throws Exception {
        Path directory = parent.resolve("store");
        try (ObjectStore store = RocksObjectStore.open(CrashChild.config(directory))) {
            for (int copy = 0; copy < 2; copy++) {
                store.write(new StoreBatch()
                        .create(CrashChild.key(copy), (long) PAGES * PAGE, version(1)));
            }
        }
        int from = 1;
        for (int round = 0; round < ROUNDS; round++) {
            int last = killWhileWriting(directory, from, 500 + random.nextInt(8000));
            verify(directory, "seed " + seed + ", round " + round);
            from = last + 1_000_000;
        }
    }

    private int killWhileWriting(Path directory, int from, int acknowledgements) throws Exception {
        Path errors = parent.resolve("errors-" + from);
        Process child = new ProcessBuilder(command(directory, from))
                .redirectError(errors.toFile())
                .start();
        int last = from;
        try (DataInputStream output =
                new DataInputStream(new java.io.BufferedInputStream(child.getInputStream()))) {
            for (int i = 0; i < acknowledgements; i++) {
                last = Math.max(last, note(output.readLong()));
            }
            child.destroyForcibly();
            // What was in the pipe when it died was acknowledged too.
            last = Math.max(last, noteRest(output));
        } finally {
            child.destroyForcibly();
            assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(errors).as("what the store printed").isEmptyFile();
        return last;
    }

    private static List<String> command(Path directory, int from) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument ->
                        argument.startsWith("--add-") || argument.startsWith("-Dchronicle"))
                .toList());
        command.addAll(List.of("-Xmx256m", "-cp"));
        command.add(System.getProperty(
                "surefire.test.class.path", System.getProperty("java.class.path")));
        command.addAll(
                List.of(CrashChild.class.getName(), directory.toString(), Integer.toString(from)));
        return command;
    }

    private int note(long message) {
        int page = (int) (message >>> 32);
        int number = (int) message;
        acknowledged[page] = number;
        return number;
    }

    private int noteRest(DataInputStream output) {
        int last = 0;
        try {
            while (true) {
                last = Math.max(last, note(output.readLong()));
            }
        } catch (EOFException e) {
            return last;
        } catch (IOException e) {
            // The stream of a killed process may be closed under us; what was read is what was
            // acknowledged.
            return last;
        }
    }

    private void verify(Path directory, String when) {
        try (ObjectStore store = RocksObjectStore.open(CrashChild.config(directory))) {
            assertThat(store.openReport().previousEnd())
                    .as(when)
                    .isEqualTo(PreviousEnd.PROCESS_CRASH);
            assertThat(store.openReport().tookNanos()).as(when).isLessThan(MAX_OPEN_NANOS);
            for (int page = 0; page < PAGES; page++) {
                verifyPage(store, page, when + ", page " + page);
            }
        }
    }

    private void verifyPage(ObjectStore store, int page, String where) {
        byte[] record = store.readRecord(RecordFamily.OPLOG, CrashChild.recordKey(page))
                .orElseGet(() -> new byte[4]);
        int number = ByteBuffer.wrap(record).getInt();
        assertThat(number).as(where).isGreaterThanOrEqualTo(acknowledged[page]);
        byte[] expected =
                number == 0 ? new byte[CrashChild.CHECKED_BYTES] : CrashChild.pattern(page, number);
        for (int copy = 0; copy < 2; copy++) {
            byte[] seen = read(store, CrashChild.key(copy), (long) page * PAGE, PAGE);
            assertThat(Arrays.copyOf(seen, CrashChild.CHECKED_BYTES)).as(where).isEqualTo(expected);
            assertThat(Arrays.copyOfRange(seen, CrashChild.CHECKED_BYTES, PAGE))
                    .as(where)
                    .containsOnly(0);
        }
    }
}
