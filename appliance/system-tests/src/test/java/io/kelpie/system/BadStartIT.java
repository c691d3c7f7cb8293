package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A start that cannot succeed: status 1 and one line on stderr that says what to do. */
@Tag("e2e")
final class BadStartIT {
    private static final int WATERMARK_STORE_ID = 16;
    private static final int DAMAGE_LENGTH = 16;

    @TempDir
    Path directory;

    @Test
    void portInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String line = refused(store(), "-f", "-b", "127.0.0.1", "-p", port(taken));

            assertThat(line).contains(port(taken)).containsIgnoringCase("in use");
        }
    }

    @Test
    void nbdPortInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String line =
                    refused(store(), "-f", "-p", freePort(), "--nbd=127.0.0.1:" + port(taken));

            assertThat(line).contains(port(taken)).contains("another process listens there");
        }
    }

    @Test
    void missingFuseLibrary() throws IOException {
        Path mount = Files.createDirectory(directory.resolve("vdis"));

        String line = refusedWith(
                isolated("for f in /usr/lib/*/libfuse.so.2* /lib/*/libfuse.so.2*; do "
                        + "[ ! -e \"$f\" ] || mount --bind /dev/null \"$f\"; done"),
                store(),
                "-f",
                "-p",
                freePort(),
                "--fuse=" + mount);

        assertThat(line).contains("libfuse2");
    }

    @Test
    void missingFuseDevice() throws IOException {
        Path mount = Files.createDirectory(directory.resolve("vdis"));

        String line = refusedWith(
                isolated("mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && "
                        + "mknod -m 666 /dev/urandom c 1 9 && mknod -m 666 /dev/random c 1 8 && "
                        + "mknod -m 666 /dev/zero c 1 5"),
                store(),
                "-f",
                "-p",
                freePort(),
                "--fuse=" + mount);

        assertThat(line).containsIgnoringCase("fuse");
    }

    @Test
    void missingMountPoint() {
        Path missing = directory.resolve("no/such/directory");

        assertThat(refused(store(), "-f", "-p", freePort(), "--fuse=" + missing))
                .contains(missing.toString());
    }

    @Test
    void noPermission() throws IOException {
        Path locked = Files.createDirectory(directory.resolve("locked"));
        Commands.output("chmod", "555", locked.toString());

        // Root may write everywhere unless it gives that power away first.
        String line = refusedWith(
                List.of(
                        "setpriv",
                        "--bounding-set=-dac_override,-dac_read_search",
                        "--inh-caps=-all"),
                locked.resolve("store").toString(),
                "-f",
                "-p",
                freePort());

        assertThat(line).contains(locked.toString()).containsIgnoringCase("permission");
    }

    @Test
    void lockedStore() {
        try (SheepProcess running = SheepProcess.start(directory)) {
            String line = refused(running.store().toString(), "-f", "-p", freePort());

            assertThat(line).contains(running.store().toString());
            assertThat(running.isAlive()).isTrue();
        }
    }

    @Test
    void foreignDirectory() throws IOException {
        Path foreign = Files.createDirectory(directory.resolve("store"));
        Files.writeString(foreign.resolve("thesis.txt"), "precious");

        assertThat(refused(store(), "-f", "-p", freePort()))
                .contains(store())
                .contains("thesis.txt");
        assertThat(foreign.resolve("thesis.txt")).hasContent("precious");
    }

    @Test
    void storeThatIsFile() throws IOException {
        Files.writeString(directory.resolve("store"), "not a directory");

        assertThat(refused(store(), "-f", "-p", freePort())).contains(store());
    }

    @Test
    void fullDisk() throws IOException {
        Path image = directory.resolve("small.img");
        Path mount = Files.createDirectory(directory.resolve("small"));
        Commands.output("truncate", "--size=16M", image.toString());
        Commands.output("mkfs.ext4", "-q", "-F", "-m", "0", image.toString());
        Commands.asRoot("mount", "-o", "loop", image.toString(), mount.toString())
                .succeeded();
        try {
            // Ends with an error when nothing more fits, which is what is wanted.
            Commands.run("dd", "if=/dev/zero", "of=" + mount.resolve("filler"), "bs=64K")
                    .endedWith(1);

            String line = refused(mount.resolve("store").toString(), "-f", "-p", freePort());

            assertThat(line).contains(mount.toString()).containsIgnoringCase("space");
        } finally {
            Commands.asRoot("umount", mount.toString()).succeeded();
        }
    }

    @Test
    void corruptSuperblock() {
        leaveCleanStore();
        // The second start moves what the first left in the log into tables, the superblock among
        // it.
        leaveCleanStore();
        damage(".sst", 8);

        assertThat(refused(store(), "-f", "-p", freePort())).contains(store());
    }

    @Test
    void corruptWatermark() throws IOException {
        leaveCleanStore();
        flipBits(Path.of(store(), "watermark"), WATERMARK_STORE_ID);

        assertThat(refused(store(), "-f", "-p", freePort())).contains(store());
    }

    @Test
    void damagedLog() throws IOException {
        try (SheepProcess sheep = SheepProcess.start(directory).formatted()) {
            AcknowledgedWrites writes =
                    new AcknowledgedWrites(sheep.create("load", "16M"), 16 << 20, 1);
            writes.writeAndKill(sheep, 500);
        }
        // Far behind any header, far before what a torn end would explain.
        damage(".log", 100_000);

        assertThat(refused(store(), "-f", "-p", freePort()))
                .contains(store())
                .containsIgnoringCase("log");
    }

    @Test
    void unknownOption() {
        Commands.Outcome outcome = sheep(List.of(), store(), "-Q").endedWith(1);

        assertThat(outcome.stderr().lines().toList()).hasSizeLessThanOrEqualTo(2);
        assertThat(outcome.stderr()).contains("Q").contains("--help");
    }

    @Test
    void badPort() {
        assertThat(refused(store(), "-f", "-p", "70000")).isEqualTo("Invalid port number '70000'");
    }

    @Test
    void badNbdAddress() {
        assertThat(refused(store(), "-f", "-p", freePort(), "--nbd=nowhere:0:1"))
                .contains("nowhere:0:1");
    }

    @Test
    void unknownDriver() {
        Commands.Outcome outcome =
                sheep(List.of(), store(), "-f", "-c", "bogus").endedWith(1);

        assertThat(outcome.stderr()).startsWith("Invalid cluster driver 'bogus'\n");
    }

    private String store() {
        return directory.resolve("store").toString();
    }

    private static String freePort() {
        return Integer.toString(SheepProcess.freePort());
    }

    private static String port(ServerSocket socket) {
        return Integer.toString(socket.getLocalPort());
    }

    private void leaveCleanStore() {
        try (SheepProcess sheep = SheepProcess.start(directory)) {
            assertThat(sheep.terminate()).isZero();
        }
    }

    private static String refused(String... arguments) {
        return refusedWith(List.of(), arguments);
    }

    private static String refusedWith(List<String> prefix, String... arguments) {
        Commands.Outcome outcome = sheep(prefix, arguments).endedWith(1);

        assertThat(outcome.stdout()).as(outcome::toString).isEmpty();
        assertThat(outcome.stderr().lines().toList()).as(outcome::toString).hasSize(1);
        assertThat(outcome.stderr())
                .as(outcome::toString)
                .doesNotContain("Exception", "null")
                .hasSizeLessThan(400);
        return outcome.stderr().strip();
    }

    private static Commands.Outcome sheep(List<String> prefix, String... arguments) {
        List<String> command = new ArrayList<>(prefix);
        command.add(SheepProcess.SHEEP.toString());
        command.addAll(List.of(arguments));
        return Commands.run(
                command, new byte[0], Map.of("KELPIE_JAVA_OPTS", SheepProcess.JAVA_OPTIONS));
    }

    /** In a mount namespace of its own, changed by the given shell commands first. */
    private static List<String> isolated(String changes) {
        return List.of("unshare", "--mount", "sh", "-c", changes + " && exec \"$@\"", "sheep");
    }

    /** Flips bits in every file of the database whose name ends so. */
    private void damage(String suffix, long from) {
        try (Stream<Path> files = Files.walk(Path.of(store()))) {
            List<Path> damaged = files.filter(file -> file.toString().endsWith(suffix))
                    .filter(file -> file.toFile().length() > from + DAMAGE_LENGTH)
                    .toList();
            assertThat(damaged).as("files %s to damage", suffix).isNotEmpty();
            for (Path file : damaged) {
                flipBits(file, from);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void flipBits(Path file, long from) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.allocate(DAMAGE_LENGTH);
            channel.read(bytes, from);
            for (int i = 0; i < DAMAGE_LENGTH; i++) {
                bytes.put(i, (byte) ~bytes.get(i));
            }
            bytes.flip();
            channel.write(bytes, from);
        }
    }
}
