package io.kelpie.jmh.door;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a program to its end, in bounded time. */
final class Command {
    private static final int SHOWN_BYTES = 2000;

    private Command() {}

    /** What it printed; an end other than 0, or none within the limit, is an error. */
    static String run(Path scratch, Duration limit, List<String> words) {
        Path out = scratch.resolve("command.out");
        Path errors = scratch.resolve("command.err");
        try {
            Process process = new ProcessBuilder(words)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(out.toFile())
                    .redirectError(errors.toFile())
                    .start();
            boolean ended = false;
            try {
                ended = process.waitFor(limit.toSeconds(), TimeUnit.SECONDS);
            } finally {
                if (!ended) {
                    process.destroyForcibly();
                }
            }
            if (!ended || process.exitValue() != 0) {
                String how = ended
                        ? "failed with status " + process.exitValue()
                        : "did not end within " + limit.toSeconds() + " s";
                throw new DoorsException(
                        String.join(" ", words) + " " + how + ": " + tail(errors) + tail(out));
            }
            return Files.readString(out);
        } catch (IOException e) {
            throw new DoorsException("cannot run " + String.join(" ", words) + ": " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DoorsException("interrupted while running " + words.get(0), e);
        }
    }

    private static String tail(Path file) throws IOException {
        String text = Files.readString(file).strip();
        return text.substring(Math.max(0, text.length() - SHOWN_BYTES));
    }
}
