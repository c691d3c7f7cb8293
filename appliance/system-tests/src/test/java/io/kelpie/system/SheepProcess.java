package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A running {@code sheep} with all its doors open on free ports of the loopback address, below one
 * directory: the store, the NBD socket, the mount, and what it printed. The same directory can be
 * started again.
 */
final class SheepProcess implements AutoCloseable {
    static final Path CHECKOUT =
            Path.of(System.getProperty("kelpie.checkout", "../..")).normalize();
    static final Path SHEEP = CHECKOUT.resolve("target/kelpie/bin/sheep").toAbsolutePath();
    static final Path DOG = CHECKOUT.resolve("target/kelpie/bin/dog").toAbsolutePath();

    /** Several daemons may run beside Maven on a small machine. */
    static final String JAVA_OPTIONS = "-Xmx512m -XX:MaxDirectMemorySize=512m";

    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final long STOP_LIMIT_SECONDS = 60;

    private final Path directory;
    private final int port;
    private final int nbdPort;
    private final List<String> options;
    private final Process process;
    private final long startNanos;

    private SheepProcess(Path directory, int port, int nbdPort, List<String> options)
            throws IOException {
        this.directory = directory;
        this.options = List.copyOf(options);
        this.port = port;
        this.nbdPort = nbdPort;
        List<String> command = new ArrayList<>(List.of(SHEEP.toString(), store().toString(), "-f"));
        command.addAll(List.of("-b", "127.0.0.1", "-p", Integer.toString(port)));
        command.add("--nbd=127.0.0.1:" + nbdPort);
        command.add("--nbd-socket=" + nbdSocket());
        command.add("--fuse=" + mount());
        command.addAll(options);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output().toFile()));
        builder.environment().put("KELPIE_JAVA_OPTS", JAVA_OPTIONS);
        Commands.useDebianPath(builder);
        startNanos = System.nanoTime();
        process = builder.start();
    }

    /** Starts on free ports and waits until every door is open. */
    static SheepProcess start(Path directory) {
        return start(directory, List.of());
    }

    /** As {@link #start(Path)} with further options. */
    static SheepProcess start(Path directory, List<String> options) {
        try {
            Files.createDirectories(directory.resolve("vdis"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return start(directory, freePort(), freePort(), options);
    }

    /** Starts where a daemon was before, perhaps on the dead mount that a killed one left. */
    private static SheepProcess start(Path directory, int port, int nbdPort, List<String> options) {
        SheepProcess sheep;
        try {
            sheep = new SheepProcess(directory, port, nbdPort, options);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + SHEEP, e);
        }
        try {
            await("doors of " + sheep)
                    .atMost(START_LIMIT)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> !sheep.process.isAlive() || sheep.isOpen());
            assertThat(sheep.process.isAlive())
                    .as("sheep runs; it printed: %s", sheep.printed())
                    .isTrue();
        } catch (RuntimeException | AssertionError e) {
            sheep.close();
            throw e;
        }
        return sheep;
    }

    /** The directory's daemon once more, on the same ports; this one must have ended. */
    SheepProcess startAgain() {
        assertThat(process.isAlive()).as("the old daemon has ended").isFalse();
        return start(directory, port, nbdPort, options);
    }

    Path directory() {
        return directory;
    }

    Path store() {
        return directory.resolve("store");
    }

    Path mount() {
        return directory.resolve("vdis");
    }

    Path image(String vdi) {
        return mount().resolve(vdi);
    }

    Path nbdSocket() {
        return directory.resolve("nbd.sock");
    }

    int port() {
        return port;
    }

    int nbdPort() {
        return nbdPort;
    }

    String nbdUri(String vdi) {
        return "nbd://127.0.0.1:" + nbdPort + "/" + vdi;
    }

    String nbdSocketUri(String vdi) {
        return "nbd+unix:///" + vdi + "?socket=" + nbdSocket();
    }

    String sheepdogUri(String vdi) {
        return "sheepdog:127.0.0.1:" + port + ":" + vdi;
    }

    /** Runs {@code dog} against this daemon. */
    Commands.Outcome dog(String... arguments) {
        return dog(new byte[0], arguments);
    }

    /** Runs {@code dog} against this daemon with the given stdin. */
    Commands.Outcome dog(byte[] input, String... arguments) {
        List<String> command = new ArrayList<>(List.of(DOG.toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-p", Integer.toString(port)));
        return Commands.run(command, input, java.util.Map.of("TZ", "UTC"));
    }

    /** Formats the cluster of this one node and answers the daemon itself. */
    SheepProcess formatted() {
        dog("cluster", "format", "--copies=1").succeeded();
        return this;
    }

    /** Creates a VDI and answers its name. */
    String create(String vdi, String size) {
        dog("vdi", "create", vdi, size).succeeded();
        return vdi;
    }

    /** Kills without a chance to write anything, and waits for the end. */
    void kill() {
        process.destroyForcibly();
        waitForEnd();
    }

    /** Asks to end, and answers the exit status. */
    int terminate() {
        process.destroy();
        return waitForEnd();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Exit status of a daemon that was told to end by somebody else. */
    int waitForEnd() {
        try {
            assertThat(process.waitFor(STOP_LIMIT_SECONDS, TimeUnit.SECONDS))
                    .as("sheep ended within %d s", STOP_LIMIT_SECONDS)
                    .isTrue();
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for sheep", e);
        }
    }

    /** Time since the process was started. */
    Duration age() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }

    /** What every start in this directory printed to stdout and stderr. */
    String printed() {
        try {
            return Files.exists(output()) ? Files.readString(output()) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        waitForEnd();
        // What a killed daemon leaves behind; fails where there is nothing, which is as well.
        Commands.run("umount", "-l", mount().toString());
    }

    @Override
    public String toString() {
        return "sheep in " + directory + " on ports " + port + " and " + nbdPort;
    }

    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path output() {
        return directory.resolve("sheep.out");
    }

    private boolean isOpen() {
        return answers(port) && answers(nbdPort) && isMounted();
    }

    private boolean isMounted() {
        try {
            return Files.readString(Path.of("/proc/self/mounts")).contains(" " + mount() + " ")
                    && Files.isDirectory(mount());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean answers(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            return true;
        } catch (IOException e) {
            // Nobody listens yet.
            return false;
        }
    }
}
