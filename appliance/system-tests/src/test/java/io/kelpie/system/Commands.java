package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs programs as a script would: to their end, with a limit, with everything they printed at
 * hand.
 */
final class Commands {
    /** Debian's own tools first: another python3 in front of it does not see Debian's libnbd. */
    static final String PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

    private static final long LIMIT_SECONDS = 120;

    /** Which package of Debian has what; packaging/test installs them all. */
    private static final Map<String, String> PACKAGES = Map.ofEntries(
            Map.entry("nbdinfo", "libnbd-bin"),
            Map.entry("nbdcopy", "libnbd-bin"),
            Map.entry("nbdsh", "python3-libnbd"),
            Map.entry("qemu-img", "qemu-utils"),
            Map.entry("qemu-io", "qemu-utils"),
            Map.entry("fio", "fio"),
            Map.entry("mkfs.ext4", "e2fsprogs"),
            Map.entry("e2fsck", "e2fsprogs"),
            Map.entry("chattr", "e2fsprogs"),
            Map.entry("mount", "mount"),
            Map.entry("losetup", "mount"),
            Map.entry("unshare", "util-linux"),
            Map.entry("setpriv", "util-linux"));

    private Commands() {}

    /** What a program left behind; a status of 137 is a kill. */
    record Outcome(List<String> command, int status, String stdout, String stderr) {
        /** The outcome itself, when the program ended with status 0. */
        Outcome succeeded() {
            return endedWith(0);
        }

        Outcome endedWith(int expected) {
            assertThat(status).as(this::toString).isEqualTo(expected);
            return this;
        }

        @Override
        public String toString() {
            return "%s%n-> status %d%nstdout: %s%nstderr: %s"
                    .formatted(
                            String.join(" ", command),
                            status,
                            shortened(stdout),
                            shortened(stderr));
        }

        private static String shortened(String text) {
            return text.length() <= 4000 ? text : text.substring(0, 4000) + "...";
        }
    }

    /** Runs a program without input. */
    static Outcome run(String... command) {
        return run(List.of(command), new byte[0], Map.of());
    }

    /** Runs a program and expects status 0; answers its stdout. */
    static String output(String... command) {
        return run(command).succeeded().stdout();
    }

    /**
     * Compares two files; by a program, because AssertJ reads them byte by byte from the kernel.
     */
    static void sameContent(Path one, Path other) {
        run("cmp", one.toString(), other.toString()).succeeded();
    }

    /**
     * Runs a program.
     *
     * @param input its stdin
     * @param environment added to this process's
     */
    static Outcome run(List<String> command, byte[] input, Map<String, String> environment) {
        requireInstalled(command.get(0));
        try {
            Path directory = Files.createTempDirectory("kelpie-command");
            try {
                return run(command, input, environment, directory);
            } finally {
                deleteTree(directory);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + String.join(" ", command), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(
                    "interrupted while waiting for " + String.join(" ", command), e);
        }
    }

    private static Outcome run(
            List<String> command, byte[] input, Map<String, String> environment, Path directory)
            throws IOException, InterruptedException {
        // Files instead of pipes: a full pipe that nobody reads would hold the program.
        Path stdin = Files.write(directory.resolve("stdin"), input);
        Path stdout = directory.resolve("stdout");
        Path stderr = directory.resolve("stderr");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(stdin.toFile())
                .redirectOutput(stdout.toFile())
                .redirectError(stderr.toFile());
        useDebianPath(builder);
        builder.environment().putAll(environment);
        Process process = builder.start();
        boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (!ended) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
        Outcome outcome = new Outcome(
                List.copyOf(command),
                process.exitValue(),
                Files.readString(stdout, StandardCharsets.ISO_8859_1),
                Files.readString(stderr, StandardCharsets.ISO_8859_1));
        assertThat(ended).as("ended within %d s: %s", LIMIT_SECONDS, outcome).isTrue();
        return outcome;
    }

    static void useDebianPath(ProcessBuilder builder) {
        builder.environment().merge("PATH", PATH, (old, debian) -> debian + ":" + old);
    }

    /** As root: directly, or through sudo where this process is not root. */
    static Outcome asRoot(String... command) {
        List<String> all = new ArrayList<>(List.of(command));
        if (!"root".equals(System.getProperty("user.name"))) {
            all.addAll(0, List.of("sudo", "-n"));
        }
        return run(all, new byte[0], Map.of());
    }

    static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static void requireInstalled(String program) {
        if (program.contains("/")) {
            return;
        }
        boolean found = Stream.of((PATH + ":" + System.getenv("PATH")).split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
        assertThat(found)
                .as(
                        "%s is missing: apt-get install %s",
                        program, PACKAGES.getOrDefault(program, program))
                .isTrue();
    }
}
