package io.kelpie.jmh.door;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * Three nodes on this machine that form one cluster and keep three copies of one disk, all on one
 * file system. Their coordinator is a shared directory, so no other server takes part.
 */
final class Trio implements AutoCloseable {
    static final int NODES = 3;

    private static final Duration SHORT = Duration.ofMinutes(1);
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final int POLL_MILLIS = 200;
    private static final int CONNECT_MILLIS = 200;
    private static final String DISK = "disk";

    private final Options options;
    private final Path tree;
    private final Path directory;
    private final List<Server> servers = new ArrayList<>();
    private final List<Integer> ports = new ArrayList<>();

    /** Starts them, formats, and writes the disk in full. */
    Trio(Options options, Path checkout) {
        this.options = options;
        this.tree = checkout.resolve("target/kelpie/bin");
        try {
            directory = Files.createTempDirectory(options.directory(), "kelpie-cluster");
        } catch (IOException e) {
            throw new DoorsException(
                    "cannot make a directory in " + options.directory() + ": " + e
                            + "; name another one with --dir",
                    e);
        }
    }

    void start() {
        for (int i = 0; i < NODES; i++) {
            startNode(i);
        }
        await(
                "three nodes in dog node list",
                () -> dog("node", "list")
                                .lines()
                                .filter(line -> line.contains("127.0.0.1:"))
                                .count()
                        == NODES);
        dog("cluster", "format", "--copies=" + NODES);
        String size = options.mebibytes() + "M";
        // The first map is made a moment after the format.
        await("a disk", () -> {
            dog("vdi", "create", DISK, size);
            return true;
        });
        Fio.run(
                directory,
                options.mebibytes(),
                (int) LONG.toSeconds(),
                target(),
                "--rw=write",
                "--bs=1m",
                "--iodepth=4",
                "--loops=1",
                "--time_based=0");
    }

    private synchronized void startNode(int index) {
        int port = freePort();
        Server server = Server.start(
                directory,
                "node" + index,
                List.of(
                        tree.resolve("sheep").toString(),
                        directory.resolve("store" + index).toString(),
                        "-f",
                        "-b",
                        "127.0.0.1",
                        "-p",
                        Integer.toString(port),
                        "-z",
                        Integer.toString(index),
                        "-c",
                        "local:" + directory.resolve("shared"),
                        "--nbd-socket=" + directory.resolve("nbd" + index)),
                () -> accepts(port));
        servers.add(server);
        ports.add(port);
    }

    private String dog(String... words) {
        List<String> command = new ArrayList<>(List.of(tree.resolve("dog").toString()));
        command.addAll(List.of(words));
        command.addAll(List.of("-p", ports.get(0).toString()));
        return Command.run(directory, SHORT, command);
    }

    private static void await(String what, BooleanSupplier there) {
        long deadline = System.nanoTime() + SHORT.toNanos();
        while (true) {
            try {
                if (there.getAsBoolean()) {
                    return;
                }
            } catch (DoorsException e) {
                if (System.nanoTime() - deadline > 0) {
                    throw e;
                }
            }
            if (System.nanoTime() - deadline > 0) {
                throw new DoorsException(
                        "the cluster gives no " + what + " within " + SHORT.toSeconds() + " s");
            }
            Pause.millis(POLL_MILLIS);
        }
    }

    /** The words that lead fio to the disk, through the first node. */
    List<String> target() {
        return List.of(
                "--ioengine=nbd",
                "--uri=nbd+unix:///" + DISK + "?socket=" + directory.resolve("nbd0"));
    }

    Path directory() {
        return directory;
    }

    List<Long> processes() {
        return servers.stream().map(Server::pid).toList();
    }

    double cpuSeconds() {
        return servers.stream().mapToDouble(Server::cpuSeconds).sum();
    }

    private static boolean accepts(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new DoorsException("no free port on the loopback: " + e, e);
        }
    }

    /** Ends the nodes and removes all files. A second call does nothing. */
    @Override
    public synchronized void close() {
        servers.forEach(Server::close);
        servers.clear();
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            System.err.println("jmh/cluster: cannot remove " + directory + ": " + e.getMessage());
        }
    }
}
