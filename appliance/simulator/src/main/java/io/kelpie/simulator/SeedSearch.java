package io.kelpie.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/** Runs many seeds, one world per thread. */
final class SeedSearch {
    private final int threads;
    private final int mostFailures;
    private final LongFunction<ClusterSimulation.Report> run;
    private long next;
    private long end;
    private long finished;
    private long failed;
    private long steps;
    private long inconclusive;
    private int code;

    SeedSearch(int threads, int mostFailures, LongFunction<ClusterSimulation.Report> run) {
        this.threads = threads;
        this.mostFailures = mostFailures;
        this.run = run;
    }

    /**
     * Runs seeds until enough have failed.
     *
     * @param onFailure gets each report of a failure
     */
    Result run(long first, long count, Consumer<ClusterSimulation.Report> onFailure) {
        long start = System.nanoTime();
        next = first;
        end = first + count;
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Thread worker = new Thread(() -> work(onFailure), "world " + i);
            workers.add(worker);
            worker.start();
        }
        for (Thread worker : workers) {
            join(worker);
        }
        return new Result(
                finished, failed, steps, inconclusive, code, (System.nanoTime() - start) / 1e9);
    }

    private void work(Consumer<ClusterSimulation.Report> onFailure) {
        for (long seed = take(); seed != end; seed = take()) {
            ClusterSimulation.Report report = run.apply(seed);
            record(report, onFailure);
        }
    }

    private synchronized long take() {
        return next == end || failed >= mostFailures ? end : next++;
    }

    private synchronized void record(
            ClusterSimulation.Report report, Consumer<ClusterSimulation.Report> onFailure) {
        finished++;
        steps += report.steps();
        inconclusive += report.inconclusiveBlocks();
        SimulationFailure failure = report.failure();
        if (failure != null) {
            failed++;
            code = failure.kind().exitCode();
            onFailure.accept(report);
        }
    }

    private static void join(Thread worker) {
        try {
            worker.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while worlds run", e);
        }
    }

    /**
     * What many runs gave.
     *
     * @param finished runs
     * @param failed those with a failure
     * @param steps events run
     * @param inconclusive blocks whose history the checker gave up on
     * @param code exit code of a failure, or 0
     * @param seconds it took
     */
    record Result(
            long finished, long failed, long steps, long inconclusive, int code, double seconds) {
        /** One line for people. */
        String describe() {
            return String.format(
                    Locale.ROOT,
                    "%d runs, %d failed, %d steps in %.1f s, %d blocks inconclusive",
                    finished,
                    failed,
                    steps,
                    seconds,
                    inconclusive);
        }
    }
}
