package io.kelpie.system;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;

/**
 * One formatted node for all tests of a class; each test uses VDIs of its own name. When a test
 * fails, what the daemon printed and logged stays in {@code target/system-logs}.
 */
final class OneNode implements BeforeAllCallback, AfterTestExecutionCallback, AfterAllCallback {
    private static final Path KEPT_LOGS = Path.of("target", "system-logs");

    private @Nullable SheepProcess sheep;
    private @Nullable Path directory;
    private boolean hasFailed;

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        directory = Files.createTempDirectory("kelpie-system");
        sheep = SheepProcess.start(directory).formatted();
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
        hasFailed |= context.getExecutionException().isPresent();
    }

    @Override
    public void afterAll(ExtensionContext context) throws IOException {
        if (sheep != null) {
            sheep.close();
        }
        if (directory != null) {
            if (hasFailed) {
                keepLogs(
                        directory,
                        KEPT_LOGS.resolve(context.getRequiredTestClass().getSimpleName()));
            }
            Commands.deleteTree(directory);
        }
    }

    SheepProcess sheep() {
        return Objects.requireNonNull(sheep, "the node is not started");
    }

    /** A scratch file of the class, gone afterwards. */
    Path file(String name) {
        return Objects.requireNonNull(directory, "the node is not started").resolve(name);
    }

    /** Copies what a daemon in this directory printed and logged; it must have ended. */
    static void keepLogs(Path directory, Path target) throws IOException {
        Files.createDirectories(target);
        for (Path log :
                List.of(directory.resolve("sheep.out"), directory.resolve("store/sheep.log"))) {
            if (Files.exists(log)) {
                Files.copy(
                        log,
                        target.resolve(log.getFileName()),
                        StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
