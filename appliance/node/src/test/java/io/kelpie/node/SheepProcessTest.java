package io.kelpie.node;

import static org.assertj.core.api.Assertions.assertThat;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The daemon as real processes: background, foreground, signals, exit statuses. */
@Tag("e2e")
class SheepProcessTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private final int port = TestNode.freePort();
    private final List<ProcessHandle> started = new ArrayList<>();

    @AfterEach
    void killWhatIsLeft() {
        started.forEach(ProcessHandle::destroyForcibly);
    }

    @Test
    void goesIntoTheBackgroundAndStopsCleanlyOnSigterm() throws Exception {
        Ended launched = run("store", "-p", "" + port, "-P", "sheep.pid");
        assertThat(launched).isEqualTo(new Ended(0, ""));
        awaitReady();

        ProcessHandle daemon = daemon();
        assertThat(Files.readSymbolicLink(proc(daemon, "cwd"))).isEqualTo(Path.of("/"));
        assertThat(Files.readSymbolicLink(proc(daemon, "fd/2"))).isEqualTo(Path.of("/dev/null"));
        daemon.destroy();

        assertThat(daemon.onExit().get(60, TimeUnit.SECONDS).isAlive()).isFalse();
        assertThat(log()).contains("shutdown");
        assertThat(Files.exists(directory.resolve("sheep.pid"))).isFalse();
    }

    @Test
    void aSecondDaemonIsRefusedInBothGrounds() throws Exception {
        run("store", "-p", "" + port, "-P", "sheep.pid");
        ProcessHandle holder = daemon();

        Ended background = run("store", "-p", "" + TestNode.freePort());
        Ended foreground = run("-f", "store", "-p", "" + TestNode.freePort());

        for (Ended refused : List.of(background, foreground)) {
            assertThat(refused.status).isEqualTo(1);
            assertThat(refused.errors.lines()).hasSize(1);
            assertThat(refused.errors)
                    .contains("another sheep daemon is using " + directory.resolve("store"))
                    .contains("process " + holder.pid());
        }
    }

    @Test
    void aPortInUseIsInTheLogAndInTheForegroundOnStderr() throws Exception {
        run("store", "-p", "" + port, "-P", "sheep.pid");
        awaitReady();
        daemon();

        Ended foreground = run("-f", "other", "-p", "" + port);

        assertThat(foreground.status).isEqualTo(1);
        assertThat(foreground.errors.lines()).hasSize(1);
        assertThat(foreground.errors).contains("Address already in use");
        assertThat(Files.readString(directory.resolve("other/sheep.log")))
                .contains("failed to bind server socket");
    }

    @Test
    void inTheForegroundSigtermGivesStatusZeroAndAKillIsSurvived() throws Exception {
        Process first = start("-f", "store", "-p", "" + port);
        awaitReady();
        first.destroyForcibly().waitFor();
        Process second = start("-f", "store", "-p", "" + port);
        Awaitility.await()
                .atMost(SOON)
                .until(() -> log().contains("left by PROCESS_CRASH") && isListening());
        Awaitility.await().atMost(SOON).until(() -> log().split("\\) started").length == 3);

        second.destroy();

        assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(second.exitValue()).isZero();
    }

    @Test
    void aBadOptionIsOneLineAndStatusOne() throws Exception {
        assertThat(run("-p", "0", "store")).isEqualTo(new Ended(1, "Invalid port number '0'\n"));
    }

    private record Ended(int status, String errors) {}

    private Ended run(String... arguments) throws Exception {
        File errors = Files.createTempFile(directory, "stderr", ".txt").toFile();
        Process process = command(arguments).redirectError(errors).start();
        started.add(process.toHandle());
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        String text = Files.readString(errors.toPath());
        Files.delete(errors.toPath());
        return new Ended(process.exitValue(), text);
    }

    private Process start(String... arguments) throws IOException {
        Process process = command(arguments)
                .redirectError(directory.resolve("stderr.txt").toFile())
                .start();
        started.add(process.toHandle());
        return process;
    }

    private ProcessBuilder command(String... arguments) {
        List<String> words = new ArrayList<>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (flag.startsWith("--add-")) {
                words.add(flag);
            }
        }
        words.add("-Xmx256m");
        words.add("-Xlog:disable");
        words.add("-cp");
        words.add(System.getProperty("java.class.path"));
        words.add(SheepMain.class.getName());
        words.add("-b");
        words.add("127.0.0.1");
        words.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(words)
                .directory(directory.toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("KELPIE_CACHE_MIB", "32");
        return builder;
    }

    /** The process in the background, from its pid file. */
    private ProcessHandle daemon() {
        Path file = directory.resolve("sheep.pid");
        Awaitility.await().atMost(SOON).until(() -> Files.exists(file) && Files.size(file) > 0);
        try {
            ProcessHandle daemon = ProcessHandle.of(
                            Long.parseLong(Files.readString(file).strip()))
                    .orElseThrow();
            started.add(daemon);
            return daemon;
        } catch (IOException e) {
            throw new AssertionError("no pid file", e);
        }
    }

    private void awaitReady() {
        Awaitility.await().atMost(SOON).until(() -> log().contains(") started"));
    }

    private String log() throws IOException {
        Path file = directory.resolve("store/sheep.log");
        return Files.exists(file) ? Files.readString(file) : "";
    }

    private boolean isListening() {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private static Path proc(ProcessHandle process, String name) {
        return Path.of("/proc", String.valueOf(process.pid()), name);
    }
}
