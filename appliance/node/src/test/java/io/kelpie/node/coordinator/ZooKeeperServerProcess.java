package io.kelpie.node.coordinator;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A real ZooKeeper server as a process of its own, from the jars of the class path: one that tests
 * stop, freeze and start again. Needs {@code metrics-core} and {@code snappy-java} beside the
 * client's jars, and nothing of ours.
 */
public final class ZooKeeperServerProcess implements AutoCloseable {
    private static final long START_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final int PROBE_MILLIS = 1_000;

    private final Path directory;
    private final String host;
    private final int port;
    private Process process;

    private ZooKeeperServerProcess(Path directory, String host, int port) throws IOException {
        this.directory = directory;
        this.host = host;
        this.port = port;
        this.process = launch();
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
    }

    /**
     * Starts a server and waits until it answers.
     *
     * @param directory for its files, empty
     * @return the server
     */
    public static ZooKeeperServerProcess start(Path directory) throws IOException {
        return start(directory, "127.0.0.1");
    }

    /**
     * As {@link #start(Path)}, for clients that are not on the loopback.
     *
     * @param directory for its files, empty
     * @param host numeric address of an interface of this host
     * @return the server
     */
    public static ZooKeeperServerProcess start(Path directory, String host) throws IOException {
        int port = freePort();
        Files.createDirectories(directory.resolve("data"));
        // Sessions live for 1 to 20 seconds, whatever clients ask for.
        Files.writeString(
                directory.resolve("zoo.cfg"),
                "tickTime=500\nminSessionTimeout=1000\nmaxSessionTimeout=20000\n"
                        + "clientPortAddress=" + host + "\nclientPort=" + port + "\ndataDir="
                        + directory.resolve("data")
                        + "\nadmin.enableServer=false\n4lw.commands.whitelist=srvr\n");
        ZooKeeperServerProcess server = new ZooKeeperServerProcess(directory, host, port);
        server.awaitAnswer();
        return server;
    }

    /**
     * A port where nothing listens.
     *
     * @return free a moment ago
     */
    public static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /**
     * What {@code -c zookeeper:} takes.
     *
     * @return host and port
     */
    public String address() {
        return host + ":" + port;
    }

    /** Kills it, as a power failure would. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Starts it again over its files and waits until it answers. */
    public void restart() throws IOException, InterruptedException {
        kill();
        process = launch();
        awaitAnswer();
    }

    /** Lets it neither answer nor hang up. */
    public void freeze() throws IOException, InterruptedException {
        signal("STOP");
    }

    /** Ends {@link #freeze}. */
    public void thaw() throws IOException, InterruptedException {
        signal("CONT");
    }

    /** Ends it for good. */
    @Override
    public void close() {
        process.destroyForcibly();
    }

    private void signal(String name) throws IOException, InterruptedException {
        int status = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
        if (status != 0) {
            throw new IOException("kill -" + name + " ended with " + status);
        }
    }

    private Process launch() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        // Nobody cuts the power of the host.
                        "-Dzookeeper.forceSync=no",
                        "-Dzookeeper.jmx.log4j.disable=true",
                        "-Dkelpie.test.zookeeper.level=WARN",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "org.apache.zookeeper.server.ZooKeeperServerMain",
                        directory.resolve("zoo.cfg").toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("server.log").toFile())
                .start();
    }

    private void awaitAnswer() throws IOException {
        long end = System.nanoTime() + START_NANOS;
        while (!answers()) {
            if (!process.isAlive() || System.nanoTime() - end > 0) {
                close();
                throw new IOException("ZooKeeper does not start: "
                        + Files.readString(directory.resolve("server.log")));
            }
            awaitMoment();
        }
    }

    /** Waits for the process to end, which it should not. */
    private void awaitMoment() {
        try {
            process.waitFor(50, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean answers() {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(PROBE_MILLIS);
            socket.connect(new InetSocketAddress(host, port), PROBE_MILLIS);
            socket.getOutputStream().write("srvr".getBytes(StandardCharsets.US_ASCII));
            byte[] answer = socket.getInputStream().readAllBytes();
            // Before it serves it answers too, that it does not.
            return new String(answer, StandardCharsets.US_ASCII).contains("Mode:");
        } catch (IOException e) {
            // Not yet.
            return false;
        }
    }
}
