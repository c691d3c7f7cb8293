package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** QEMU 5.2's own Sheepdog driver on port 7000. */
@Tag("e2e")
final class SheepdogClientIT {
    @RegisterExtension
    static final OneNode NODE = new OneNode();

    @Test
    void qemuImgCreatesVdi() {
        Commands.output(QemuSheepdog.img(), "create", "-f", "raw", uri("made"), "40M");

        assertThat(NODE.sheep().dog("vdi", "list", "-r", "made").succeeded().stdout())
                .startsWith("= made 0 41943040 ");
    }

    @Test
    void secondCreateOfTheNameIsRefused() {
        NODE.sheep().create("twice", "8M");

        Commands.Outcome outcome =
                Commands.run(QemuSheepdog.img(), "create", "-f", "raw", uri("twice"), "8M");

        assertThat(outcome.status()).isNotZero();
        assertThat(outcome.stderr()).contains("VDI exists already");
    }

    @Test
    void qemuImgInfoTellsTheSize() {
        NODE.sheep().create("info", "40M");

        assertThat(Commands.output(QemuSheepdog.img(), "info", "-f", "raw", uri("info")))
                .contains("40 MiB (41943040 bytes)");
    }

    @Test
    void unknownVdiIsNamed() {
        Commands.Outcome outcome =
                Commands.run(QemuSheepdog.img(), "info", "-f", "raw", uri("nosuch"));

        assertThat(outcome.status()).isNotZero();
        assertThat(outcome.stderr()).contains("nosuch");
    }

    @Test
    void convertThereAndBackKeepsEveryByte(@TempDir Path directory) throws IOException {
        Path sent = Files.write(directory.resolve("sent"), random(20 << 20, 1));
        Path received = directory.resolve("received");

        Commands.output(
                QemuSheepdog.img(),
                "convert",
                "-f",
                "raw",
                "-O",
                "raw",
                sent.toString(),
                uri("convert"));
        Commands.output(
                QemuSheepdog.img(),
                "convert",
                "-f",
                "raw",
                "-O",
                "raw",
                uri("convert"),
                received.toString());

        Commands.sameContent(received, sent);
    }

    @Test
    void qcow2ConvertedToVdiKeepsItsHoles(@TempDir Path directory) {
        String qcow2 = directory.resolve("disk.qcow2").toString();
        Commands.output("qemu-img", "create", "-q", "-f", "qcow2", qcow2, "64M");
        Commands.output("qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 20M 1M", qcow2);

        Commands.output(
                QemuSheepdog.img(), "convert", "-f", "qcow2", "-O", "raw", qcow2, uri("holes"));

        Commands.run(
                        "qemu-img",
                        "compare",
                        "-f",
                        "qcow2",
                        "-F",
                        "raw",
                        qcow2,
                        NODE.sheep().nbdUri("holes"))
                .succeeded();
        assertThat(used("holes")).isBetween(1L << 20, 8L << 20);
    }

    @Test
    void resizeGrowsTheDisk() {
        NODE.sheep().create("grow", "8M");

        Commands.output(QemuSheepdog.img(), "resize", "-f", "raw", uri("grow"), "20M");

        assertThat(Commands.output(QemuSheepdog.img(), "info", "-f", "raw", uri("grow")))
                .contains("20 MiB (20971520 bytes)");
    }

    @Test
    void shrinkingIsRefused() {
        NODE.sheep().create("shrink", "8M");

        assertThat(Commands.run(
                                QemuSheepdog.img(),
                                "resize",
                                "--shrink",
                                "-f",
                                "raw",
                                uri("shrink"),
                                "4M")
                        .status())
                .isNotZero();
    }

    @Test
    void writesReadBackInAnotherConnection() {
        NODE.sheep().create("io", "24M");

        io("io", "write -P 0x41 512 9M", "write -P 0x42 4193792 1024", "flush");

        io(
                "io",
                "read -P 0 0 512",
                "read -P 0x41 512 4193280",
                "read -P 0x42 4193792 1024",
                "read -P 0x41 4194816 5M",
                "read -P 0 10M 14M");
    }

    @Test
    void discardedObjectReadsAsZeroesAndFreesSpace() {
        NODE.sheep().create("discard", "24M");
        io("discard", "write -P 0x41 0 24M");
        long before = used("discard");

        Commands.output(
                QemuSheepdog.io(),
                "-f",
                "raw",
                "-d",
                "unmap",
                "-c",
                "discard 4M 8M",
                "-c",
                "flush",
                uri("discard"));

        io("discard", "read -P 0x41 0 4M", "read -P 0 4M 8M", "read -P 0x41 12M 12M");
        assertThat(used("discard")).isLessThan(before);
    }

    @Test
    void writeBackCacheIsFlushedOnRequest() {
        NODE.sheep().create("cache", "16M");

        Commands.output(
                QemuSheepdog.io(),
                "-f",
                "raw",
                "-t",
                "writeback",
                "-c",
                "write -P 0x43 1M 6M",
                "-c",
                "flush",
                uri("cache"));

        io("cache", "read -P 0x43 1M 6M");
    }

    @Test
    void manyWritesInFlightAllLand() {
        NODE.sheep().create("flight", "64M");
        String[] writes = new String[65];
        for (int i = 0; i < 64; i++) {
            writes[i] = "aio_write -q -P " + (i + 1) + " " + (i * 1_048_576 + 512 * i) + " 65536";
        }
        writes[64] = "aio_flush";
        io("flight", writes);

        String[] reads = new String[64];
        for (int i = 0; i < 64; i++) {
            reads[i] = "read -q -P " + (i + 1) + " " + (i * 1_048_576 + 512 * i) + " 65536";
        }
        io("flight", reads);
    }

    private static String uri(String vdi) {
        return NODE.sheep().sheepdogUri(vdi);
    }

    private static void io(String vdi, String... commands) {
        String[] all = new String[commands.length * 2 + 4];
        all[0] = QemuSheepdog.io();
        all[1] = "-f";
        all[2] = "raw";
        for (int i = 0; i < commands.length; i++) {
            all[3 + 2 * i] = "-c";
            all[4 + 2 * i] = commands[i];
        }
        all[all.length - 1] = uri(vdi);

        Commands.Outcome outcome = Commands.run(all).succeeded();

        assertThat(outcome.stdout())
                .as(outcome::toString)
                .doesNotContain("verification failed", "failed:");
    }

    /** Bytes of objects that the VDI has, as {@code dog vdi list} counts them. */
    private static long used(String vdi) {
        return Long.parseLong(
                NODE.sheep().dog("vdi", "list", "-r", vdi).succeeded().stdout().split(" ", -1)[4]);
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
