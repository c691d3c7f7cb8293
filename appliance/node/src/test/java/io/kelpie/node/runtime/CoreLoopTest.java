package io.kelpie.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Timers;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** The core loop with its real thread and clock. */
class CoreLoopTest {
    private static final long SOON = 10;

    private final AtomicReference<Throwable> broken = new AtomicReference<>();

    @Test
    void runsTasksInTheOrderOfTheirPostsOnTheCoreThread() throws Exception {
        List<String> seen = new ArrayList<>();
        CoreLoop loop = start(1024);

        for (int i = 0; i < 600; i++) {
            String text = i + " " + loop.isCoreThread();
            loop.post(() -> seen.add(text + " " + Thread.currentThread().getName()));
        }
        loop.close();

        assertThat(seen).hasSize(600);
        assertThat(seen.get(599)).isEqualTo("599 false kelpie-core");
        assertThat(seen.get(1)).startsWith("1 ");
    }

    @Test
    void runsTimersInTheOrderTheyAreDueAndNoCancelledOne() throws Exception {
        List<String> seen = new ArrayList<>();
        CompletableFuture<List<String>> done = new CompletableFuture<>();
        try (CoreLoop loop = start(16)) {
            loop.post(() -> {
                Timers timers = loop.timers();
                timers.after(TimeUnit.MILLISECONDS.toNanos(20), () -> done.complete(seen));
                Timers.Timer never = timers.after(1, () -> seen.add("cancelled"));
                timers.after(TimeUnit.MILLISECONDS.toNanos(2), () -> seen.add("second"));
                timers.after(0, () -> seen.add("first"));
                never.cancel();
                never.cancel();
            });

            assertThat(done.get(SOON, TimeUnit.SECONDS)).containsExactly("first", "second");
        }
    }

    @Test
    void runsWhatEndsATurnBehindTheTasksOfTheTurn() throws Exception {
        List<String> seen = new ArrayList<>();
        CompletableFuture<List<String>> done = new CompletableFuture<>();
        try (CoreLoop loop = start(16)) {
            loop.atTurnEnds(() -> {
                if (!seen.isEmpty()) {
                    done.complete(List.copyOf(seen));
                }
            });
            loop.post(() -> {
                seen.add("task");
                assertThat(done).isNotDone();
            });

            assertThat(done.get(SOON, TimeUnit.SECONDS)).containsExactly("task");
        }
    }

    @Test
    void tellsOfTheExceptionOfATaskAndRunsNothingMore() {
        List<String> seen = new ArrayList<>();
        CoreLoop loop = start(16);
        CountDownLatch gate = new CountDownLatch(1);
        loop.post(() -> {
            awaitQuietly(gate);
            throw new IllegalStateException("planted");
        });
        loop.post(() -> seen.add("after"));

        gate.countDown();
        loop.close();

        assertThat(broken.get()).hasMessage("planted");
        assertThat(seen).isEmpty();
        assertThat(loop.post(() -> {})).isFalse();
    }

    @Test
    void reportsAQueueThatIsFullerThanItsBound() {
        CoreLoop loop = start(2);
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        loop.post(() -> {
            running.countDown();
            awaitQuietly(gate);
        });
        awaitQuietly(running);

        boolean first = loop.post(() -> {});
        boolean second = loop.post(() -> {});
        boolean third = loop.post(() -> {});

        assertThat(List.of(first, second, third)).containsExactly(true, true, false);
        assertThat(broken.get()).hasMessageContaining("at most what doors have in flight: 2");
        gate.countDown();
        loop.close();
    }

    @Test
    void aCallFromAnotherThreadGetsItsAnswer() {
        try (CoreLoop loop = start(16)) {
            assertThat(CoreCall.<String>await(
                            loop,
                            TimeUnit.SECONDS.toNanos(SOON),
                            call -> call.done("yes"),
                            late -> {}))
                    .isEqualTo(new CoreCall.Done<>("yes"));
            assertThat(CoreCall.<String>await(
                            loop,
                            TimeUnit.SECONDS.toNanos(SOON),
                            call -> call.failed(ErrorCode.NO_SPACE),
                            late -> {}))
                    .isEqualTo(new CoreCall.Failed<>(ErrorCode.NO_SPACE));
        }
    }

    @Test
    void aResultThatComesAfterTheDeadlineIsDisposedOf() throws Exception {
        CompletableFuture<String> disposed = new CompletableFuture<>();
        CountDownLatch gate = new CountDownLatch(1);
        try (CoreLoop loop = start(16)) {
            CoreCall.Answer<String> answer = CoreCall.await(
                    loop,
                    1,
                    call -> {
                        awaitQuietly(gate);
                        call.done("late");
                    },
                    disposed::complete);
            gate.countDown();

            assertThat(answer).isEqualTo(new CoreCall.TimedOut<>());
            assertThat(disposed.get(SOON, TimeUnit.SECONDS)).isEqualTo("late");
        }
    }

    @Test
    void aCallToAnEndedLoopIsToldThatTheNodeStops() {
        CoreLoop loop = start(16);
        loop.close();

        CoreCall.Answer<String> answer =
                CoreCall.await(loop, 1, call -> call.done("never"), late -> {});

        assertThat(answer).isEqualTo(new CoreCall.Failed<>(ErrorCode.SHUTTING_DOWN));
    }

    private CoreLoop start(int bound) {
        return CoreLoop.start(new SystemClock(), bound, broken::set);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(SOON, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
