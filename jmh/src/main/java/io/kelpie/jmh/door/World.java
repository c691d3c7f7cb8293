package io.kelpie.jmh.door;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * The servers that are measured and their disks, made when first asked for and removed at the end.
 * One thread, but {@link #close}, which the end of the process may call as well.
 */
final class World implements AutoCloseable {
    private static final Duration SHORT = Duration.ofMinutes(1);
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final String DISK = "disk";

    private static final int WARM_UP_SECONDS = 10;
    private static final int CHUNK_BYTES = 1 << 20;

    private final Options options;
    private final Path checkout;
    private final Path directory;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Lazy<Path> source = new Lazy<>(this::makeSource);
    private final Lazy<Node> node = new Lazy<>(this::startNode);
    private final Lazy<Peer> nbdkit = new Lazy<>(this::startNbdkit);
    private final Lazy<Peer> qemuNbd = new Lazy<>(this::startQemuNbd);
    private final Lazy<Peer> nbdfuse = new Lazy<>(this::startNbdfuse);
    private final Lazy<Path> oldQemu = new Lazy<>(this::findOldQemu);

    /** A Kelpie node and its doors to one disk. */
    private record Node(Server server, int port, Path socket, Path mount) {}

    World(Options options, Path checkout) {
        this.options = options;
        this.checkout = checkout;
        try {
            directory = Files.createTempDirectory(options.directory(), "kelpie-doors");
        } catch (IOException e) {
            throw new DoorsException(
                    "cannot make a directory in " + options.directory() + ": " + e
                            + "; name another one with --dir",
                    e);
        }
    }

    Options options() {
        return options;
    }

    /** For files of a moment. */
    Path scratch() {
        return directory;
    }

    /** Random bytes, as many as a disk has. */
    Path source() {
        return source.get();
    }

    /** The directory of QEMU 5.2's programs, the last ones that speak to Sheepdog. */
    Path oldQemu() {
        return oldQemu.get();
    }

    List<Peer> nbdPeers() {
        return List.of(
                nbdkit.get(),
                qemuNbd.get(),
                new Peer("kelpie", nbdUri(node.get().socket(), DISK), servers()));
    }

    List<Peer> qemuPeers() {
        Peer kit = nbdkit.get();
        return List.of(
                new Peer("nbdkit", qemuName(directory.resolve("nbdkit.sock"), ""), kit.servers()),
                new Peer("kelpie-nbd", qemuName(node.get().socket(), DISK), servers()),
                new Peer(
                        "kelpie-7000",
                        "sheepdog:127.0.0.1:" + node.get().port() + ":" + DISK,
                        servers()));
    }

    List<Peer> fusePeers() {
        return List.of(
                nbdfuse.get(),
                new Peer("kelpie", node.get().mount().resolve(DISK).toString(), servers()));
    }

    private List<Server> servers() {
        return List.of(node.get().server());
    }

    private static String nbdUri(Path socket, String export) {
        return "nbd+unix:///" + export + "?socket=" + socket;
    }

    private static String qemuName(Path socket, String export) {
        return "nbd:unix:" + socket + (export.isEmpty() ? "" : ":exportname=" + export);
    }

    // Making them.

    private Path makeSource() {
        Path file = directory.resolve("source.img");
        byte[] chunk = new byte[CHUNK_BYTES];
        Random random = new Random(42);
        try (OutputStream out = Files.newOutputStream(file)) {
            for (int i = 0; i < options.mebibytes(); i++) {
                random.nextBytes(chunk);
                out.write(chunk);
            }
        } catch (IOException e) {
            throw new DoorsException("cannot write " + file + ": " + e + "; is there room?", e);
        }
        return file;
    }

    private Path makeDisk(String name) {
        Path disk = directory.resolve(name);
        Command.run(
                directory, LONG, List.of("cp", "--sparse=never", source() + "", disk.toString()));
        Command.run(directory, LONG, List.of("sync", disk.toString()));
        return disk;
    }

    private Node startNode() {
        Path tree = checkout.resolve("target/kelpie/bin");
        Path socket = directory.resolve("kelpie.sock");
        Path mount = makeDirectory("kelpie-vdis");
        int port = freePort();
        Server server = own(Server.start(
                directory,
                "kelpie",
                List.of(
                        tree.resolve("sheep").toString(),
                        directory.resolve("store").toString(),
                        "-f",
                        "-b",
                        "127.0.0.1",
                        "-p",
                        Integer.toString(port),
                        "--nbd-socket=" + socket,
                        "--fuse=" + mount),
                () -> Files.exists(socket) && Texts.isMounted(mount)));
        String dog = tree.resolve("dog").toString();
        String to = Integer.toString(port);
        Command.run(directory, SHORT, List.of(dog, "cluster", "format", "--copies=1", "-p", to));
        Command.run(
                directory,
                SHORT,
                List.of(dog, "vdi", "create", DISK, options.mebibytes() + "M", "-p", to));
        Command.run(
                directory,
                LONG,
                List.of(Tool.NBDCOPY.program(), source().toString(), nbdUri(socket, DISK)));
        warmUp(nbdUri(socket, DISK));
        return new Node(server, port, socket, mount);
    }

    /**
     * A JVM compiles what it runs often; a node that has served for a minute has that behind it.
     */
    private void warmUp(String uri) {
        Fio.nbd("--rw=randrw", "--bs=4k", "--iodepth=16")
                .run(this, new Peer("warm-up", uri, List.of()), WARM_UP_SECONDS);
    }

    private Peer startNbdkit() {
        Path socket = directory.resolve("nbdkit.sock");
        List<String> words = List.of(
                Tool.NBDKIT.program(),
                "-f",
                "-U",
                socket.toString(),
                "file",
                makeDisk("nbdkit.img").toString());
        Server server = own(Server.start(directory, "nbdkit", words, () -> Files.exists(socket)));
        return new Peer("nbdkit", nbdUri(socket, ""), List.of(server));
    }

    private Peer startQemuNbd() {
        Path socket = directory.resolve("qemu-nbd.sock");
        List<String> words = List.of(
                Tool.QEMU_NBD.program(),
                "--persistent",
                "--shared=64",
                "--format=raw",
                "--cache=writeback",
                "--socket=" + socket,
                makeDisk("qemu-nbd.img").toString());
        Server server = own(Server.start(directory, "qemu-nbd", words, () -> Files.exists(socket)));
        return new Peer("qemu-nbd", nbdUri(socket, ""), List.of(server));
    }

    private Peer startNbdfuse() {
        Peer behind = nbdkit.get();
        Path mount = makeDirectory("nbdfuse");
        Server server = own(Server.start(
                directory,
                "nbdfuse",
                List.of(Tool.NBDFUSE.program(), mount.toString(), behind.target()),
                () -> Texts.isMounted(mount)));
        opened.push(() -> Command.run(
                directory,
                SHORT,
                List.of(Tool.FUSERMOUNT.program(), "-u", "-z", mount.toString())));
        return new Peer(
                "nbdfuse",
                mount.resolve("nbd").toString(),
                List.of(server, behind.servers().get(0)));
    }

    private Path findOldQemu() {
        String found = Command.run(
                directory,
                LONG,
                List.of(checkout.resolve("appliance/system-tests/qemu-sheepdog").toString()));
        return Path.of(found.strip());
    }

    private Path makeDirectory(String name) {
        try {
            return Files.createDirectory(directory.resolve(name));
        } catch (IOException e) {
            throw new DoorsException("cannot make the directory " + name + ": " + e, e);
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new DoorsException("no free port on the loopback: " + e, e);
        }
    }

    private synchronized Server own(Server server) {
        opened.push(server);
        return server;
    }

    /** Ends the servers, last started first, and removes all files. A second call does nothing. */
    @Override
    public synchronized void close() {
        while (!opened.isEmpty()) {
            AutoCloseable next = opened.pop();
            try {
                next.close();
            } catch (Exception e) {
                // The others must still be ended.
                System.err.println("jmh/doors: " + e.getMessage());
            }
        }
        removeFiles();
    }

    private void removeFiles() {
        if (!Files.exists(directory)) {
            return;
        }
        if (Texts.isMounted(directory.resolve("kelpie-vdis"))) {
            // Removing the tree would reach into a disk.
            System.err.println("jmh/doors: the node left its mount; remove " + directory);
            return;
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path each : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            System.err.println("jmh/doors: cannot remove " + directory + ": " + e.getMessage());
        }
    }
}
