package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Writes through one node's NBD door without a pause of its own while a test does harm, and knows
 * the longest time in which no write was answered. When its own node dies it goes to another.
 */
final class SteadyWriter implements AutoCloseable {
    private static final int IN_FLIGHT = 8;

    private final AcknowledgedWrites writes;
    private final String vdi;
    private final Thread thread;
    private volatile SheepProcess door;
    private volatile boolean stopping;
    private volatile long answers;
    private volatile long lastAnswerNanos = System.nanoTime();
    private volatile long longestNanos;
    private volatile @Nullable Throwable failure;

    private SteadyWriter(SheepProcess door, String vdi, long sizeBytes, long seed) {
        this.door = door;
        this.vdi = vdi;
        this.writes = new AcknowledgedWrites(vdi, sizeBytes, seed);
        this.thread = new Thread(this::run, "steady-writer");
        thread.start();
    }

    /** Starts on a VDI that nobody else writes, and waits until writes are answered. */
    static SteadyWriter start(SheepProcess door, String vdi, long sizeBytes) {
        long seed = Long.getLong("kelpie.seed", System.nanoTime());
        SteadyWriter writer = new SteadyWriter(door, vdi, sizeBytes, seed);
        writer.awaitAnswers(100);
        return writer;
    }

    /** What is written from now on goes through another node, once the present one has gone. */
    void nextDoor(SheepProcess next) {
        door = next;
    }

    /** Waits for so many answers from now on. */
    void awaitAnswers(int more) {
        long wanted = answers + more;
        await("answers to writes")
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> failure != null || answers >= wanted);
        requireRunning();
    }

    /** Runs what does harm, waits until writes go on, and answers the longest pause. */
    Duration pauseDuring(Runnable harm) {
        longestNanos = 0;
        harm.run();
        awaitAnswers(200);
        return Duration.ofNanos(longestNanos);
    }

    /** Waits for all answers and ends. */
    SteadyWriter stop() {
        stopping = true;
        try {
            thread.join(TimeUnit.SECONDS.toMillis(60));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        assertThat(thread.isAlive()).as("the writer has ended").isFalse();
        requireRunning();
        return this;
    }

    /** Compares the whole disk as a node shows it; after {@link #stop}. */
    void verify(SheepProcess sheep) {
        try {
            writes.verify(sheep);
        } catch (IOException e) {
            throw new AssertionError("reading from " + sheep, e);
        }
    }

    @Override
    public void close() {
        stopping = true;
        thread.interrupt();
    }

    private void requireRunning() {
        Throwable reason = failure;
        if (reason != null) {
            throw new AssertionError("the writer failed", reason);
        }
    }

    private void run() {
        try {
            while (!stopping) {
                SheepProcess present = door;
                try (NbdConnection connection = NbdConnection.open(present, vdi)) {
                    writeTo(connection);
                } catch (IOException e) {
                    writes.abandonInFlight();
                    // Its node was killed, perhaps this very moment; the test says where to go on.
                    awaitNextDoor(present, e);
                }
            }
        } catch (Throwable e) {
            failure = e;
        }
    }

    private void awaitNextDoor(SheepProcess present, IOException reason) throws IOException {
        try {
            await().atMost(Duration.ofSeconds(10))
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> present != door || stopping);
        } catch (ConditionTimeoutException e) {
            reason.addSuppressed(e);
            throw reason;
        }
    }

    private void writeTo(NbdConnection connection) throws IOException {
        while (!stopping) {
            writes.fill(connection, IN_FLIGHT);
            writes.takeAnswer(connection);
            noteAnswer();
        }
        while (writes.inFlight() > 0) {
            writes.takeAnswer(connection);
            noteAnswer();
        }
    }

    private void noteAnswer() {
        long now = System.nanoTime();
        longestNanos = Math.max(longestNanos, now - lastAnswerNanos);
        lastAnswerNanos = now;
        answers++;
    }
}
