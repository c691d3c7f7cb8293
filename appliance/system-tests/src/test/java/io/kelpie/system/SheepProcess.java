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
    private final Place place;
    private final List<String> options;
    private final Process process;
    private final long startNanos;

    /**
     * Where and how a daemon runs.
     *
     * @param before a command that runs the daemon, {@code ip netns exec NAME} for example
     * @param host the address of all its ports
     * @param javaOptions of its virtual machine
     * @param mounts whether it shows its VDIs as files
     */
    record Place(List<String> before, String host, String javaOptions, boolean mounts) {
        static final Place ALONE = new Place(List.of(), "127.0.0.1", JAVA_OPTIONS, true);

        Place {
            before = List.copyOf(before);
        }
    }

    private SheepProcess(Path directory, int port, int nbdPort, Place place, List<String> options)
            throws IOException {
        this.directory = directory;
        this.place = place;
        this.options = List.copyOf(options);
        this.port = port;
        this.nbdPort = nbdPort;
        List<String> command = new ArrayList<>(place.before());
        command.addAll(List.of(SHEEP.toString(), store().toString(), "-f"));
        command.addAll(List.of("-b", place.host(), "-p", Integer.toString(port)));
        command.add("--nbd=" + place.host() + ":" + nbdPort);
        command.add("--nbd-socket=" + nbdSocket());
        if (place.mounts()) {
            command.add("--fuse=" + mount());
        }
        command.addAll(options);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output().toFile()));
        builder.environment().put("KELPIE_JAVA_OPTS", place.javaOptions());
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
        return launch(directory, Place.ALONE, options).opened();
    }

    /** Starts on free ports and does not wait for the doors. */
    static SheepProcess launch(Path directory, Place place, List<String> options) {
        try {
            Files.createDirectories(directory.resolve("vdis"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return launch(directory, freePort(), freePort(), place, options);
    }

    /** Starts where a daemon was before, perhaps on the dead mount that a killed one left. */
    private static SheepProcess launch(
            Path directory, int port, int nbdPort, Place place, List<String> options) {
        try {
            return new SheepProcess(directory, port, nbdPort, place, options);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + SHEEP, e);
        }
    }

    /** This daemon, once every door is open. */
    SheepProcess opened() {
        try {
            await("doors of " + this)
                    .atMost(START_LIMIT)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> !process.isAlive() || isOpen());
            assertThat(process.isAlive())
                    .as("sheep runs; it printed: %s", printed())
                    .isTrue();
        } catch (RuntimeException | AssertionError e) {
            close();
            throw e;
        }
        return this;
    }

    /** The directory's daemon once more, on the same ports; this one must have ended. */
    SheepProcess startAgain() {
        return launchAgain().opened();
    }

    /** As {@link #startAgain} without waiting for the doors. */
    SheepProcess launchAgain() {
        assertThat(process.isAlive()).as("the old daemon has ended").isFalse();
        return launch(directory, port, nbdPort, place, options);
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

    String host() {
        return place.host();
    }

    int port() {
        return port;
    }

    int nbdPort() {
        return nbdPort;
    }

    String nbdUri(String vdi) {
        return "nbd://" + place.host() + ":" + nbdPort + "/" + vdi;
    }

    String nbdSocketUri(String vdi) {
        return "nbd+unix:///" + vdi + "?socket=" + nbdSocket();
    }

    String sheepdogUri(String vdi) {
        return "sheepdog:" + place.host() + ":" + port + ":" + vdi;
    }

    /** Runs {@code dog} against this daemon. */
    Commands.Outcome dog(String... arguments) {
        return dog(new byte[0], arguments);
    }

    /** Runs {@code dog} against this daemon with the given stdin. */
    Commands.Outcome dog(byte[] input, String... arguments) {
        List<String> command = new ArrayList<>(List.of(DOG.toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-a", place.host(), "-p", Integer.toString(port)));
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

    /** Stops the process where it is; its sockets stay open and nobody answers on them. */
    void freeze() {
        signal("STOP");
    }

    /** Lets a frozen process go on. */
    void thaw() {
        signal("CONT");
    }

    private void signal(String name) {
        Commands.output("kill", "-" + name, Long.toString(process.pid()));
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
        if (place.mounts()) {
            // What a killed daemon leaves behind; fails where there is nothing, which is as well.
            Commands.run("umount", "-l", mount().toString());
        }
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
        return answers(port) && answers(nbdPort) && (!place.mounts() || isMounted());
    }

    private boolean isMounted() {
        try {
            return Files.readString(Path.of("/proc/self/mounts")).contains(" " + mount() + " ")
                    && Files.isDirectory(mount());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean answers(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(place.host(), port), 1000);
            return true;
        } catch (IOException e) {
            // Nobody listens yet.
            return false;
        }
    }
}
