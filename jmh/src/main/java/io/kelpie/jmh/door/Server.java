package io.kelpie.jmh.door;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A process that serves until it is closed: asked to end, then killed. */
final class Server implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(1);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(40);
    private static final int POLL_MILLIS = 50;

    private final String name;
    private final Process process;

    private Server(String name, Process process) {
        this.name = name;
        this.process = process;
    }

    /** Starts it and waits until it serves; its output goes to a log in the directory. */
    static Server start(Path directory, String name, List<String> words, BooleanSupplier serves) {
        Path log = directory.resolve(name + ".log");
        Process process;
        try {
            process = new ProcessBuilder(words)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
        } catch (IOException e) {
            throw new DoorsException("cannot start " + String.join(" ", words) + ": " + e, e);
        }
        Server server = new Server(name, process);
        boolean up = false;
        try {
            server.await(serves, log);
            up = true;
            return server;
        } finally {
            if (!up) {
                server.close();
            }
        }
    }

    private void await(BooleanSupplier serves, Path log) {
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (!serves.getAsBoolean()) {
            if (!process.isAlive() || System.nanoTime() - deadline > 0) {
                throw new DoorsException(name + " does not serve: "
                        + (process.isAlive()
                                ? "not up within " + START_LIMIT.toSeconds() + " s"
                                : "it ended with status " + process.exitValue())
                        + "; it said: " + Texts.lastLines(log));
            }
            Pause.millis(POLL_MILLIS);
        }
    }

    String name() {
        return name;
    }

    long pid() {
        return process.pid();
    }

    double cpuSeconds() {
        return CpuTime.secondsOf(process.pid());
    }

    @Override
    public void close() {
        process.destroy();
        boolean ended = false;
        try {
            ended = process.waitFor(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!ended) {
            process.destroyForcibly();
        }
    }
}
