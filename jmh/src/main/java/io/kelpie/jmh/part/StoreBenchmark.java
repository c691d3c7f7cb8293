package io.kelpie.jmh.part;

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

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The object store called directly: 4 KiB at random places by 1, 4 and 16 threads, 1 MiB in a row
 * by one. Unsynced, over 256 MiB that the cache holds.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class StoreBenchmark {
    private static final int LARGE_BYTES = 1 << 20;
    private static final int LARGE_PER_OBJECT = (int) (BenchmarkStore.OBJECT_BYTES / LARGE_BYTES);

    /** The store, shared by all threads. */
    @State(Scope.Benchmark)
    public static class Shared {
        private static final int OBJECTS = 64;

        private final AtomicLong sequence = new AtomicLong(2);
        private BenchmarkStore objects;

        /** Opens and fills the store below {@code -Dkelpie.bench.dir}, else {@code /var/tmp}. */
        @Setup
        public void open() {
            objects = new BenchmarkStore(
                    Path.of(System.getProperty("kelpie.bench.dir", "/var/tmp")), OBJECTS);
        }

        /** Closes and removes it. */
        @TearDown
        public void close() {
            objects.close();
        }
    }

    /** What a thread reads into and writes from. */
    @State(Scope.Thread)
    public static class Own {
        private final ByteBuffer page = Bytes.random(BenchmarkStore.PAGE_BYTES);
        private final ByteBuffer large = Bytes.random(LARGE_BYTES);
        private int next;
    }

    private static void writePage(Shared shared, Own own) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        long offset = (long) random.nextInt(BenchmarkStore.PAGES) * BenchmarkStore.PAGE_BYTES;
        shared.objects.write(
                shared.objects.object(random.nextInt(Shared.OBJECTS)),
                offset,
                own.page,
                shared.sequence.incrementAndGet());
    }

    private static int readPage(Shared shared, Own own) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        long offset = (long) random.nextInt(BenchmarkStore.PAGES) * BenchmarkStore.PAGE_BYTES;
        return shared.objects
                .store()
                .read(
                        shared.objects.object(random.nextInt(Shared.OBJECTS)),
                        offset,
                        own.page.clear());
    }

    /** Random 4 KiB writes, one thread. */
    @Benchmark
    @Threads(1)
    public void write4k1Thread(Shared shared, Own own) {
        writePage(shared, own);
    }

    /** Random 4 KiB writes, four threads. */
    @Benchmark
    @Threads(4)
    public void write4k4Threads(Shared shared, Own own) {
        writePage(shared, own);
    }

    /** Random 4 KiB writes, sixteen threads. */
    @Benchmark
    @Threads(16)
    public void write4k16Threads(Shared shared, Own own) {
        writePage(shared, own);
    }

    /** Random 4 KiB reads, one thread. */
    @Benchmark
    @Threads(1)
    public int read4k1Thread(Shared shared, Own own) {
        return readPage(shared, own);
    }

    /** Random 4 KiB reads, four threads. */
    @Benchmark
    @Threads(4)
    public int read4k4Threads(Shared shared, Own own) {
        return readPage(shared, own);
    }

    /** Random 4 KiB reads, sixteen threads. */
    @Benchmark
    @Threads(16)
    public int read4k16Threads(Shared shared, Own own) {
        return readPage(shared, own);
    }

    /** Writes of 1 MiB in a row; an operation is a MiB. */
    @Benchmark
    @Threads(1)
    public void write1mInARow(Shared shared, Own own) {
        int at = own.next++;
        shared.objects.write(
                shared.objects.object(at / LARGE_PER_OBJECT),
                (long) (at % LARGE_PER_OBJECT) * LARGE_BYTES,
                own.large,
                shared.sequence.incrementAndGet());
    }

    /** Reads of 1 MiB in a row; an operation is a MiB. */
    @Benchmark
    @Threads(1)
    public int read1mInARow(Shared shared, Own own) {
        int at = own.next++;
        return shared.objects
                .store()
                .read(
                        shared.objects.object(at / LARGE_PER_OBJECT),
                        (long) (at % LARGE_PER_OBJECT) * LARGE_BYTES,
                        own.large.clear());
    }
}
