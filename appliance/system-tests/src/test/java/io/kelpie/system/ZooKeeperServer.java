package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Debian's ZooKeeper as a server of its own, started by the package's script. */
final class ZooKeeperServer implements AutoCloseable {
    private static final String SCRIPT = "/usr/share/zookeeper/bin/zkServer.sh";
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    private final Path directory;
    private final int port;
    private Process process;

    private ZooKeeperServer(Path directory) throws IOException {
        this.directory = directory;
        this.port = SheepProcess.freePort();
        assertThat(Path.of(SCRIPT)).as("apt-get install zookeeper").exists();
        Files.createDirectories(directory.resolve("data"));
        Files.writeString(configuration(), """
                tickTime=500
                minSessionTimeout=1000
                maxSessionTimeout=20000
                clientPortAddress=127.0.0.1
                clientPort=%d
                dataDir=%s
                admin.enableServer=false
                4lw.commands.whitelist=srvr
                """.formatted(port, directory.resolve("data")));
        process = launch();
    }

    /** Starts a server in a directory of its own and waits until it answers. */
    static ZooKeeperServer start(Path directory) {
        try {
            ZooKeeperServer server = new ZooKeeperServer(directory);
            server.awaitAnswer();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return port;
    }

    /** Kills it, as a power failure would. */
    void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** Starts it over its files once more. */
    void startAgain() {
        try {
            process = launch();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        awaitAnswer();
    }

    @Override
    public void close() {
        kill();
    }

    private Path configuration() {
        return directory.resolve("zoo.cfg");
    }

    private Process launch() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        SCRIPT, "start-foreground", configuration().toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("server.out").toFile());
        builder.environment().put("JMXDISABLE", "true");
        builder.environment().put("ZOO_LOG_DIR", directory.toString());
        // Nobody cuts the power of the host.
        builder.environment().put("JVMFLAGS", "-Xmx128m -Dzookeeper.forceSync=no");
        return builder.start();
    }

    private void awaitAnswer() {
        await("ZooKeeper on port " + port)
                .atMost(START_LIMIT)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> !process.isAlive() || answers());
        assertThat(process.isAlive()).as("ZooKeeper runs").isTrue();
    }

    private boolean answers() {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(1000);
            socket.getOutputStream().write("srvr".getBytes(StandardCharsets.US_ASCII));
            String answer =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            // Before it serves it answers too, that it does not.
            return answer.contains("Mode:");
        } catch (IOException e) {
            // Not yet.
            return false;
        }
    }
}
