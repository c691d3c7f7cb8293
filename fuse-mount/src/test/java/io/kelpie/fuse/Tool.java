package io.kelpie.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs real programs; one that is missing is a failure that names its Debian package. */
final class Tool {
    private static final int TIMEOUT_SECONDS = 60;

    private static final Map<String, String> PACKAGES = Map.of(
            "qemu-img", "qemu-utils",
            "fio", "fio",
            "mkfs.ext4", "e2fsprogs",
            "fsck.ext4", "e2fsprogs",
            "fusermount", "fuse3");

    private Tool() {}

    /** What a program did. */
    record Outcome(int exitCode, String output) {}

    /** Runs a program and wants it to succeed; its output. */
    static String run(Object... command) {
        Outcome outcome = tryRun(command);
        assertThat(outcome.exitCode()).as("%s", outcome.output()).isZero();
        return outcome.output();
    }

    /** Runs a program to its end. */
    static Outcome tryRun(Object... command) {
        String[] words = new String[command.length];
        for (int i = 0; i < command.length; i++) {
            words[i] = command[i].toString();
        }
        try {
            Path output = java.nio.file.Files.createTempFile("kelpie-tool", ".out");
            try {
                ProcessBuilder builder = new ProcessBuilder(words)
                        .redirectErrorStream(true)
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectOutput(output.toFile());
                builder.environment().put("LC_ALL", "C.UTF-8");
                Process process = builder.start();
                if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    fail("%s did not end within %s s", String.join(" ", words), TIMEOUT_SECONDS);
                }
                String text = new String(
                        java.nio.file.Files.readAllBytes(output), StandardCharsets.UTF_8);
                return new Outcome(process.exitValue(), String.join(" ", words) + "\n" + text);
            } finally {
                java.nio.file.Files.delete(output);
            }
        } catch (IOException missing) {
            String name = words[0];
            throw new AssertionError(
                    name
                            + " cannot be run; install it with: apt install "
                            + PACKAGES.getOrDefault(name, "coreutils util-linux"),
                    missing);
        } catch (InterruptedException interrupted) {
            throw new AssertionError("interrupted", interrupted);
        }
    }
}
