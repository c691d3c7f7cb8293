// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a real client program. A missing one fails the test and names its Debian package. */
final class Tool {

    private static final long LIMIT_SECONDS = 60;

    /**
     * Debian's programs only: a Python of another origin on the user's path does not have Debian's
     * modules.
     */
    private static final String PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

    /** How a program ended, with stdout and stderr together. */
    record Result(int exitCode, String output) {}

    private final Path directory;

    /** Runs programs in a directory of their own. */
    Tool(Path directory) {
        this.directory = directory;
    }

    /** Runs a program that must succeed and returns its output. */
    String run(String debianPackage, String... command) throws IOException, InterruptedException {
        var result = tryRun(debianPackage, command);
        assertThat(result.exitCode())
                .as(String.join(" ", command) + "\n" + result.output())
                .isZero();
        return result.output();
    }

    /** Runs a program that may fail. */
    Result tryRun(String debianPackage, String... command)
            throws IOException, InterruptedException {
        requireInstalled(debianPackage, command[0]);
        var log = Files.createTempFile(directory, "tool", ".log");
        var builder = new ProcessBuilder(List.of(command))
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .redirectInput(new File("/dev/null"));
        builder.environment().put("PATH", PATH);
        var process = builder.start();
        try {
            assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS))
                    .as(
                            "%s still runs after %d s: %s",
                            String.join(" ", command), LIMIT_SECONDS, text(log))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        return new Result(process.exitValue(), text(log));
    }

    /** Fails with the package's name if a program is not on the path. */
    static void requireInstalled(String debianPackage, String program) {
        for (var place :
                System.getenv().getOrDefault("PATH", "/usr/bin").split(File.pathSeparator, -1)) {
            if (Files.isExecutable(Path.of(place, program))) {
                return;
            }
        }
        throw new AssertionError(program + " is missing: apt-get install " + debianPackage);
    }

    private static String text(Path log) throws IOException {
        return new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
    }
}
