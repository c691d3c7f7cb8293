package io.kelpie.node;

import io.kelpie.cluster.port.Tracer;
import io.kelpie.node.trace.TraceRing;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Ends the process on a broken invariant: writes the exception and the last events to
 * {@value #FILE_NAME} in the store directory and halts with status {@value #STATUS}. No exit
 * handler runs: they would go on working with a broken state.
 */
final class CrashReport {
    static final String FILE_NAME = "sheep.crash";
    static final int STATUS = 70;

    private final Path directory;
    private final TraceRing ring;
    private final Tracer tracer;

    CrashReport(Path directory, TraceRing ring, Tracer tracer) {
        this.directory = directory;
        this.ring = ring;
        this.tracer = tracer;
    }

    /** Any thread; does not return. */
    void halt(Throwable failure) {
        try {
            Path file = directory.resolve(FILE_NAME);
            tracer.event(
                    Tracer.Level.ERROR,
                    "sheep exits unexpectedly (" + failure + "); see " + file
                            + " and report it with that file");
            Files.write(file, lines(failure));
        } catch (IOException e) {
            tracer.event(Tracer.Level.ERROR, "cannot write the crash report: " + e);
        } finally {
            Runtime.getRuntime().halt(STATUS);
        }
    }

    private List<String> lines(Throwable failure) {
        StringWriter stack = new StringWriter();
        failure.printStackTrace(new PrintWriter(stack));
        List<String> lines = new ArrayList<>();
        lines.add(Instant.now() + " in thread " + Thread.currentThread().getName());
        lines.add(stack.toString());
        lines.addAll(ring.lines());
        return lines;
    }
}
