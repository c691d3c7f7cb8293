package io.kelpie.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What remains of a mount when its process ends in every way. */
@Tag("crash")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class FuseCrashIT {
    private @TempDir Path directory;
    private Path mountPoint;
    private final List<Process> children = new ArrayList<>();

    @BeforeEach
    void makeMountPoint() throws IOException {
        mountPoint = Files.createDirectory(directory.resolve("mnt"));
    }

    @AfterEach
    void killChildren() {
        children.forEach(Process::destroyForcibly);
        await().until(() -> children.stream().noneMatch(Process::isAlive));
        if (isMounted()) {
            Tool.run("fusermount", "-u", "-z", mountPoint);
        }
    }

    private boolean isMounted() {
        return new MountTable(Path.of("/proc/self/mountinfo")).at(mountPoint).isPresent();
    }

    /** A child JVM with a mount, and what it says. */
    private record Child(Process process, BufferedReader output) {
        String nextWord() throws IOException {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (line.startsWith("MOUNTED")
                        || line.startsWith("REFUSED")
                        || line.startsWith("CLOSED")) {
                    return line;
                }
            }
            return "nothing more";
        }
    }

    private Child start(String mode) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        MountMain.class.getName(),
                        mountPoint.toString(),
                        mode)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        // As systemd starts it: names must be UTF-8 all the same.
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        children.add(process);
        return new Child(
                process,
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
    }

    private Process load() throws IOException {
        Tool.run("truncate", "-s", "256M", mountPoint.resolve("disk"));
        Process load = new ProcessBuilder(
                        "dd",
                        "if=/dev/zero",
                        "of=" + mountPoint.resolve("disk"),
                        "bs=64k",
                        "conv=notrunc")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        children.add(load);
        return load;
    }

    @Test
    void sigkillUnderLoadLeavesNoMountAndTheNextStartWorks() throws Exception {
        Child first = start("bare");
        assertThat(first.nextWord()).isEqualTo("MOUNTED");
        Process load = load();

        first.process().destroyForcibly();

        await().until(() -> !isMounted());
        assertThat(load.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(start("bare").nextWord()).isEqualTo("MOUNTED");
    }

    @Test
    void aDeadMountIsRemovedAtTheNextStart() throws Exception {
        Child first = start("bare");
        assertThat(first.nextWord()).isEqualTo("MOUNTED");
        // As systemd does, which kills libfuse's helper with the rest of the unit.
        first.process().descendants().forEach(ProcessHandle::destroyForcibly);
        first.process().destroyForcibly();
        await().until(() -> !first.process().isAlive());
        assertThat(Tool.tryRun("ls", mountPoint).output()).contains("not connected");

        Child second = start("bare");

        assertThat(second.nextWord()).isEqualTo("MOUNTED");
        Tool.run("touch", mountPoint.resolve("größe"));
        assertThat(Tool.run("ls", mountPoint)).contains("größe");
    }

    @Test
    void sigtermRemovesTheMountAlsoWithAnOpenFile() throws Exception {
        Child child = start("hook");
        assertThat(child.nextWord()).isEqualTo("MOUNTED");
        Process load = load();

        child.process().toHandle().destroy();

        assertThat(child.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(child.output().lines()).contains("HOOK DONE");
        assertThat(isMounted()).isFalse();
        assertThat(load.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void twoClosesAtOnceEndTogether() throws Exception {
        Child child = start("hook");
        assertThat(child.nextWord()).isEqualTo("MOUNTED");
        Process load = load();

        // Closes standard input too, on which the child closes the mount beside its hook.
        child.process().destroy();

        assertThat(child.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(isMounted()).isFalse();
        assertThat(load.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aDoubledProcessIsRefusedAndTheFirstGoesOn() throws Exception {
        Child first = start("bare");
        assertThat(first.nextWord()).isEqualTo("MOUNTED");

        Child second = start("bare");

        assertThat(second.nextWord()).startsWith("REFUSED EBUSY");
        assertThat(second.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
        Tool.run("touch", mountPoint.resolve("disk"));
    }

    @Test
    void theEndOfAProcessThatHasClosedDoesNotHarmItsSuccessor() throws Exception {
        Child first = start("bare");
        assertThat(first.nextWord()).isEqualTo("MOUNTED");
        first.process().getOutputStream().write('\n');
        first.process().getOutputStream().flush();
        assertThat(first.nextWord()).isEqualTo("CLOSED");
        Child second = start("bare");
        assertThat(second.nextWord()).isEqualTo("MOUNTED");
        List<ProcessHandle> helpers = first.process().descendants().toList();

        first.process().getOutputStream().close();

        assertThat(first.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
        await().until(() -> helpers.stream().noneMatch(ProcessHandle::isAlive));
        Tool.run("touch", mountPoint.resolve("disk"));
    }
}
