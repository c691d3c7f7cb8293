package io.kelpie.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;

/** A whole node in this process: start, refusal, stop. */
class NodeTest {
    /** Threads of the JVM, the test runner and of libraries that every process has one set of. */
    private static final String FOREIGN = "main|surefire.*|Reference Handler|Finalizer"
            + "|Signal Dispatcher|Notification Thread|Common-Cleaner|Attach Listener|process reaper"
            + "|GC .*|globalEventExecutor.*|ForkJoinPool.*|junit.*|Cleaner-.*|Okio.*|ping-.*"
            + "|awaitility.*|.*leak.*|.*~.*|JNA Cleaner|Thread-\\d+";

    @TempDir
    private Path directory;

    @Test
    void opensItsDoorsAndLeavesNothingBehind() throws Exception {
        int port = TestNode.freePort();
        int nbdPort = TestNode.freePort();
        Set<String> before = threadNames();

        try (TestNode node = TestNode.start(
                directory,
                "-p",
                "" + port,
                "--nbd=127.0.0.1:" + nbdPort,
                "--nbd-socket=nbd.sock")) {
            assertThat(canConnect(port)).isTrue();
            assertThat(canConnect(nbdPort)).isTrue();
            assertThat(Files.exists(directory.resolve("nbd.sock"))).isTrue();
            assertThat(threadNames()).contains("kelpie-core", "kelpie-sync", "kelpie-coordinator");
            assertThat(node.broken.get()).isNull();
        }

        assertThat(canConnect(port)).isFalse();
        assertThat(Files.exists(directory.resolve("nbd.sock"))).isFalse();
        Set<String> left = threadNames();
        left.removeAll(before);
        assertThat(left).noneMatch(name -> name.startsWith("kelpie-"));
    }

    @Test
    void everyThreadOfANodeHasItsName() throws Exception {
        Set<String> before = threadNames();
        try (TestNode node = TestNode.start(
                directory, "-p", "" + TestNode.freePort(), "--nbd-socket=nbd.sock")) {
            Set<String> own = threadNames();
            own.removeAll(before);

            assertThat(own).allMatch(name -> name.startsWith("kelpie-") || name.matches(FOREIGN));
            assertThat(own)
                    .contains(
                            "kelpie-store-0", "kelpie-store-1", "kelpie-store-2", "kelpie-store-3");
            assertThat(node.broken.get()).isNull();
        }
    }

    @Test
    void aCleanStopIsRememberedByTheStore() throws Exception {
        String port = "" + TestNode.freePort();
        TestNode.start(directory, "-p", port).close();

        try (TestNode node = TestNode.start(directory, "-p", port)) {
            assertThat(node.trace).anyMatch(line -> line.contains("left by CLEAN"));
            assertThat(node.trace).anyMatch(line -> line.contains("lifetime 2"));
        }
    }

    @Test
    void aPortInUseIsNamedAndTheStoreIsFreeAgain() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            String port = "" + taken.getLocalPort();
            assertThatThrownBy(() -> TestNode.start(directory, "-p", port))
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining(":" + port)
                    .hasMessageContaining("Address already in use")
                    .hasMessageContaining("choose another port with -p");
        }

        TestNode.start(directory, "-p", "" + TestNode.freePort()).close();
    }

    @Test
    void anNbdPortInUseIsNamed() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            assertThatThrownBy(() -> TestNode.start(
                            directory,
                            "-p",
                            "" + TestNode.freePort(),
                            "--nbd=127.0.0.1:" + taken.getLocalPort()))
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort());
        }
    }

    @Test
    void aLockedStoreIsNamedWithItsHolder() throws Exception {
        try (TestNode node = TestNode.start(directory, "-p", "" + TestNode.freePort())) {
            assertThatThrownBy(() -> TestNode.start(directory, "-p", "" + TestNode.freePort()))
                    .isInstanceOf(StartException.class)
                    .hasMessageStartingWith("another sheep daemon is using " + node.config.store())
                    .hasMessageContaining("process " + ProcessHandle.current().pid());
        }
    }

    @Test
    void aForeignDirectoryIsLeftAlone() throws Exception {
        Path store = Files.createDirectory(directory.resolve("store"));
        Files.writeString(store.resolve("letter.txt"), "mine");

        assertThatThrownBy(() -> TestNode.start(directory, "-p", "" + TestNode.freePort()))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("letter.txt")
                .hasMessageContaining("name an empty directory");
        assertThat(store.toFile().list()).containsExactly("letter.txt");
    }

    @Test
    void aDamagedStoreIsNotOpened() throws Exception {
        TestNode.start(directory, "-p", "" + TestNode.freePort()).close();
        Files.write(directory.resolve("store").resolve("watermark"), new byte[0]);

        assertThatThrownBy(() -> TestNode.start(directory, "-p", "" + TestNode.freePort()))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("damaged");
    }

    @Test
    void aMissingMountPointIsNamed() {
        assertThatThrownBy(() ->
                        TestNode.start(directory, "-p", "" + TestNode.freePort(), "--fuse=nowhere"))
                .isInstanceOf(StartException.class)
                .hasMessageContaining(directory.resolve("nowhere").toString());
    }

    private static Set<String> threadNames() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .collect(Collectors.toSet());
    }

    private static boolean canConnect(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (java.io.IOException e) {
            return false;
        }
    }
}
