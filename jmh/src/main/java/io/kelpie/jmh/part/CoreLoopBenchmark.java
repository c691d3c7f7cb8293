package io.kelpie.jmh.part;

import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.SystemClock;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The hand-over to the core loop and back: a post, a turn of the loop, a word to the thread that
 * waits. Depth is how many are under way before the thread waits for one.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
@State(Scope.Benchmark)
public class CoreLoopBenchmark {
    private static final int QUEUE_BOUND = 1 << 16;

    /** Hand-overs under way at once. */
    @Param({"1", "32"})
    public int depth;

    private CoreLoop loop;
    private Semaphore room;

    /** Starts the loop. */
    @Setup
    public void start() {
        loop = CoreLoop.start(
                new SystemClock(), QUEUE_BOUND, failure -> Runtime.getRuntime().halt(70));
        room = new Semaphore(depth - 1);
    }

    /** Ends it. */
    @TearDown
    public void stop() {
        loop.close();
    }

    /** One hand-over there and back. */
    @Benchmark
    public void thereAndBack() throws InterruptedException {
        if (!loop.post(room::release)) {
            throw new IllegalStateException("the loop has ended");
        }
        room.acquire();
    }
}
