package io.kelpie.jmh.part;

import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectVersion;
import io.kelpie.store.StoreBatch;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Durable 4 KiB writes: into the store, where one sync of the log serves all who wait, beside a
 * preallocated file on the same disk with a sync for each.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 1, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class SyncBenchmark {
    private static final Path PARENT = Path.of(System.getProperty("kelpie.bench.dir", "/var/tmp"));

    /** The store, shared by all threads. */
    @State(Scope.Benchmark)
    public static class Objects {
        private static final int COUNT = 16;

        private final AtomicLong sequence = new AtomicLong(2);
        private BenchmarkStore objects;

        /** Opens and fills the store. */
        @Setup
        public void open() {
            objects = new BenchmarkStore(PARENT, COUNT);
        }

        /** Closes and removes it. */
        @TearDown
        public void close() {
            objects.close();
        }
    }

    /** The file, shared by all threads. */
    @State(Scope.Benchmark)
    public static class PlainFile {
        private static final int MEBIBYTES = 64;

        private TemporaryDirectory directory;
        private FileChannel channel;

        /** Makes the file and writes all of it, so that no write has to allocate. */
        @Setup
        public void open() throws IOException {
            directory = TemporaryDirectory.below(PARENT);
            channel = FileChannel.open(
                    directory.path().resolve("file"),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
            ByteBuffer bytes = Bytes.random(1 << 20);
            for (int i = 0; i < MEBIBYTES; i++) {
                channel.write(bytes.clear(), (long) i << 20);
            }
            channel.force(true);
        }

        /** Closes and removes it. */
        @TearDown
        public void close() throws IOException {
            channel.close();
            directory.close();
        }
    }

    /** What a thread writes. */
    @State(Scope.Thread)
    public static class Own {
        private final ByteBuffer page = Bytes.random(BenchmarkStore.PAGE_BYTES);
    }

    private static void writeToStore(Objects shared, Own own) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        ObjectKey key = shared.objects.object(random.nextInt(Objects.COUNT));
        long offset = (long) random.nextInt(BenchmarkStore.PAGES) * BenchmarkStore.PAGE_BYTES;
        StoreBatch batch = new StoreBatch()
                .write(key, offset, own.page.duplicate())
                .setVersion(key, new ObjectVersion(1, shared.sequence.incrementAndGet()));
        shared.objects.store().sync(shared.objects.store().write(batch));
    }

    private static void writeToFile(PlainFile file, Own own) throws IOException {
        long page = ThreadLocalRandom.current()
                .nextLong(((long) PlainFile.MEBIBYTES << 20) / BenchmarkStore.PAGE_BYTES);
        file.channel.write(own.page.clear(), page * BenchmarkStore.PAGE_BYTES);
        file.channel.force(false);
    }

    /** Store, one thread. */
    @Benchmark
    @Threads(1)
    public void store1Thread(Objects shared, Own own) {
        writeToStore(shared, own);
    }

    /** Store, four threads. */
    @Benchmark
    @Threads(4)
    public void store4Threads(Objects shared, Own own) {
        writeToStore(shared, own);
    }

    /** Store, sixteen threads. */
    @Benchmark
    @Threads(16)
    public void store16Threads(Objects shared, Own own) {
        writeToStore(shared, own);
    }

    /** File, one thread. */
    @Benchmark
    @Threads(1)
    public void file1Thread(PlainFile file, Own own) throws IOException {
        writeToFile(file, own);
    }

    /** File, four threads. */
    @Benchmark
    @Threads(4)
    public void file4Threads(PlainFile file, Own own) throws IOException {
        writeToFile(file, own);
    }

    /** File, sixteen threads. */
    @Benchmark
    @Threads(16)
    public void file16Threads(PlainFile file, Own own) throws IOException {
        writeToFile(file, own);
    }
}
