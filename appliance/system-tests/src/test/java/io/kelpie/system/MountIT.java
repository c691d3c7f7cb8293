package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/** The mount as people use it: with the tools they have. */
@Tag("e2e")
final class MountIT {
    private static final int MIB = 1 << 20;

    @RegisterExtension
    static final OneNode NODE = new OneNode();

    @Test
    void everyVdiIsFileOfItsSize() throws IOException {
        NODE.sheep().create("sized", "100M");

        assertThat(Commands.output("ls", NODE.sheep().mount().toString()).lines())
                .contains("sized");
        assertThat(Files.size(NODE.sheep().image("sized"))).isEqualTo(100L * MIB);
        assertThat(blocks("sized")).isZero();
    }

    @Test
    void ddWritesInPlace(@TempDir Path directory) throws IOException {
        NODE.sheep().create("dd", "16M");
        Path source = Files.write(directory.resolve("source"), random(5 * MIB, 1));
        String image = NODE.sheep().image("dd").toString();

        Commands.output(
                "dd", "if=" + source, "of=" + image, "bs=64K", "seek=48", "conv=notrunc,fsync");
        Commands.output(
                "dd",
                "if=" + image,
                "of=" + directory.resolve("copy"),
                "bs=64K",
                "skip=48",
                "count=80");

        Commands.sameContent(directory.resolve("copy"), source);
        assertThat(Files.size(NODE.sheep().image("dd"))).isEqualTo(16L * MIB);
    }

    @Test
    void writePastTheEndIsRefused() throws IOException {
        NODE.sheep().create("full", "8M");

        Commands.Outcome outcome = Commands.run(
                "dd",
                "if=/dev/zero",
                "of=" + NODE.sheep().image("full"),
                "bs=1M",
                "count=9",
                "conv=notrunc");

        assertThat(outcome.status()).isNotZero();
        assertThat(Files.size(NODE.sheep().image("full"))).isLessThanOrEqualTo(9L * MIB);
    }

    @Test
    void truncateOfNewNameCreatesVdi() {
        Commands.output("truncate", "--size=20M", NODE.sheep().image("made").toString());

        assertThat(NODE.sheep().dog("vdi", "list", "-r", "made").succeeded().stdout())
                .startsWith("= made 0 20971520 ");
    }

    @Test
    void removedFileIsDeletedVdi() {
        NODE.sheep().create("removed", "8M");

        Commands.output("rm", NODE.sheep().image("removed").toString());

        assertThat(NODE.sheep().dog("vdi", "list", "-r", "removed").succeeded().stdout())
                .isEmpty();
    }

    @Test
    void sparseCopyStoresOnlyWhatIsThere(@TempDir Path directory) throws IOException {
        Path source = directory.resolve("sparse");
        byte[] island = random(MIB, 2);
        try (FileChannel file =
                FileChannel.open(source, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(island), 40L * MIB);
            file.write(ByteBuffer.wrap(new byte[1]), 64L * MIB - 1);
        }
        Path image = NODE.sheep().image("sparse");

        Commands.output("cp", "--sparse=always", source.toString(), image.toString());
        Commands.output(
                "cp",
                "--sparse=always",
                image.toString(),
                directory.resolve("back").toString());

        Commands.sameContent(image, source);
        Commands.sameContent(directory.resolve("back"), source);
        assertThat(blocks("sparse") * 512).isBetween((long) MIB, 16L * MIB);
    }

    @Test
    void qemuImgTakesTheFileForDisk(@TempDir Path directory) throws IOException {
        Path raw = Files.write(directory.resolve("raw"), random(16 * MIB, 3));
        NODE.sheep().create("qemu", "16M");
        String image = NODE.sheep().image("qemu").toString();

        Commands.output(
                "qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", raw.toString(), image);

        Commands.run("qemu-img", "compare", "-f", "raw", "-F", "raw", raw.toString(), image)
                .succeeded();
        assertThat(Commands.output("qemu-img", "info", "-f", "raw", image))
                .contains("16 MiB (16777216 bytes)");
    }

    @Test
    void fileSystemOnDiskSurvivesLoopMountAndCheck(@TempDir Path directory) throws IOException {
        NODE.sheep().create("ext4", "64M");
        String image = NODE.sheep().image("ext4").toString();
        Path mount = Files.createDirectory(directory.resolve("mnt"));
        Path source = Files.write(directory.resolve("source"), random(8 * MIB, 4));

        Commands.output("mkfs.ext4", "-q", "-F", image);
        inLoopMount(image, mount, () -> {
            Commands.asRoot("cp", source.toString(), mount.resolve("file").toString())
                    .succeeded();
            Commands.asRoot("rm", "-rf", mount.resolve("lost+found").toString()).succeeded();
        });
        Commands.run("e2fsck", "-f", "-n", image).succeeded();

        inLoopMount(
                image,
                mount,
                () -> Commands.asRoot(
                                "cmp", source.toString(), mount.resolve("file").toString())
                        .succeeded());
    }

    @Test
    void cleanEndLeavesNoMount(@TempDir Path directory) throws IOException {
        try (SheepProcess sheep = SheepProcess.start(directory).formatted()) {
            assertThat(sheep.terminate()).isZero();

            assertThat(Files.readString(Path.of("/proc/self/mounts")))
                    .doesNotContain(sheep.mount().toString());
        }
    }

    @Test
    void killedDaemonLeavesNoStuckMount(@TempDir Path directory) throws IOException {
        try (SheepProcess sheep = SheepProcess.start(directory).formatted()) {
            sheep.create("disk", "8M");
            sheep.kill();

            try (SheepProcess again = sheep.startAgain()) {
                assertThat(Files.size(again.image("disk"))).isEqualTo(8L * MIB);
            }
        }
    }

    private static void inLoopMount(String image, Path mount, Runnable work) {
        Commands.asRoot("mount", "-o", "loop", image, mount.toString()).succeeded();
        try {
            work.run();
        } finally {
            Commands.asRoot("umount", mount.toString()).succeeded();
        }
    }

    private static long blocks(String vdi) {
        return Long.parseLong(
                Commands.output("stat", "--format=%b", NODE.sheep().image(vdi).toString())
                        .strip());
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
