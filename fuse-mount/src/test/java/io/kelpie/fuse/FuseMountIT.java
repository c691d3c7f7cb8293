package io.kelpie.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Real programs on a real mount of images in memory. */
@Tag("e2e")
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class FuseMountIT {
    private static final int MIB = 1 << 20;

    private @TempDir Path directory;
    private Path mountPoint;
    private Path source;
    private FuseMount mount;

    @BeforeEach
    void mountImages() throws IOException {
        mountPoint = Files.createDirectory(directory.resolve("mnt"));
        source = directory.resolve("source");
        byte[] content = new byte[20 * MIB + 12345];
        new Random(4711).nextBytes(content);
        java.util.Arrays.fill(content, 5 * MIB, 15 * MIB, (byte) 0);
        Files.write(source, content);
        mount = FuseMount.mount(FuseConfig.at(mountPoint), new MemoryImages());
    }

    @AfterEach
    void unmountImages() {
        mount.close();
    }

    private Path image(String name) {
        return mountPoint.resolve(name);
    }

    private void assertSameAsSource(Path image) {
        Tool.run("cmp", source, image);
        assertThat(Tool.run("stat", "-c", "size %s", image)).contains("size " + (20 * MIB + 12345));
    }

    @Test
    void truncateMakesAndGrowsADiskButNeverShrinksIt() {
        Path disk = image("disk");

        Tool.run("truncate", "-s", "1G", disk);
        Tool.run("truncate", "-s", "2G", disk);
        Tool.Outcome shrink = Tool.tryRun("truncate", "-s", "1G", disk);

        assertThat(shrink.exitCode()).isNotZero();
        assertThat(shrink.output()).contains("Operation not permitted");
        assertThat(Tool.run("stat", "-c", "%s %b %a %F", disk))
                .contains("2147483648 0 600 regular file");
    }

    @Test
    void cpMakesADiskOfExactlyTheSizeOfItsSource() {
        Tool.run("cp", source, image("plain"));
        Tool.run("cp", "--sparse=always", source, image("sparse"));
        Tool.run("cp", "-p", source, image("kept"));

        assertSameAsSource(image("plain"));
        assertSameAsSource(image("sparse"));
        assertSameAsSource(image("kept"));
        long plain = blocks(image("plain"));
        assertThat(blocks(image("sparse"))).isLessThan(plain - 9L * MIB / 512);
    }

    private static long blocks(Path file) {
        String output = Tool.run("stat", "-c", "%b", file);
        return Long.parseLong(output.substring(output.indexOf('\n') + 1).strip());
    }

    @Test
    void ddWritesNewDisksAndInsideExistingOnesAndNotBehindTheirEnd() {
        Path disk = image("disk");

        Tool.run("dd", "if=" + source, "of=" + disk, "bs=1M", "conv=fsync");
        assertSameAsSource(disk);
        Tool.run("dd", "if=" + source, "of=" + disk, "bs=1M", "count=4", "conv=notrunc");
        Tool.run("dd", "if=" + disk, "of=/dev/null", "bs=1M", "iflag=direct");
        Tool.Outcome behind =
                Tool.tryRun("dd", "if=/dev/zero", "of=" + disk, "bs=1M", "seek=21", "conv=notrunc");
        Tool.Outcome truncating = Tool.tryRun("dd", "if=/dev/zero", "of=" + disk, "count=1");

        assertSameAsSource(disk);
        assertThat(behind.output()).contains("No space left on device");
        assertThat(truncating.output()).contains("Operation not permitted");
    }

    @Test
    void touchAndLaterCopyMakesADisk() {
        Tool.run("touch", image("disk"));
        Tool.run("touch", image("disk"));
        Tool.run("cp", source, image("disk"));
        Tool.run("chmod", "640", image("disk"));

        assertSameAsSource(image("disk"));
    }

    @Test
    void qemuImgCreatesConvertsComparesAndResizes() {
        Tool.run("qemu-img", "create", "-f", "raw", image("made"), "64M");
        Tool.run("qemu-img", "convert", "-f", "raw", "-O", "raw", source, image("new"));
        Tool.run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", source, image("made"));
        Tool.run("qemu-img", "resize", "-f", "raw", image("made"), "128M");

        assertThat(Tool.run("qemu-img", "compare", "-f", "raw", "-F", "raw", source, image("new")))
                .contains("Images are identical");
        assertThat(Tool.run("qemu-img", "info", "-f", "raw", image("made"))).contains("128 MiB");
    }

    @Test
    void aFileSystemOnALoopDeviceSurvivesRemountAndGivesSpaceBack() throws IOException {
        Path disk = image("disk");
        Path inside = Files.createDirectory(directory.resolve("inside"));
        Tool.run("truncate", "-s", "128M", disk);
        Tool.run("mkfs.ext4", "-q", disk);

        Tool.run("mount", "-o", "loop", disk, inside);
        try {
            Tool.run("cp", source, inside.resolve("file"));
        } finally {
            Tool.run("umount", inside);
        }
        Tool.run("fsck.ext4", "-f", "-n", disk);
        final long full = blocks(disk);
        Tool.run("mount", "-o", "loop", disk, inside);
        try {
            Tool.run("cmp", source, inside.resolve("file"));
            Tool.run("rm", inside.resolve("file"));
            Tool.run("sync", "-f", inside);
            Tool.run("fstrim", inside);
        } finally {
            Tool.run("umount", inside);
        }

        Tool.run("fsck.ext4", "-f", "-n", disk);
        assertThat(blocks(disk)).isLessThan(full - 9L * MIB / 512);
    }

    @Test
    void fallocateZeroesInsideAndRefusesWhatMakesNoSense() throws IOException {
        Path disk = image("disk");
        Tool.run("cp", source, disk);

        Tool.run("fallocate", "-p", "-o", "0", "-l", "1000000", disk);
        Tool.run("fallocate", "-z", "-n", "-o", "1000000", "-l", "48576", disk);
        Tool.run("fallocate", "-l", "1000", disk);
        Tool.Outcome longer = Tool.tryRun("fallocate", "-l", "1G", disk);
        Tool.Outcome collapse = Tool.tryRun("fallocate", "-c", "-o", "0", "-l", "4096", disk);
        Tool.run("fallocate", "-l", "5M", image("allocated"));

        Tool.run("cmp", "-n", "1048576", disk, "/dev/zero");
        Tool.run("cmp", "-i", "1048576", disk, source);
        assertThat(longer.exitCode()).isNotZero();
        assertThat(collapse.exitCode()).isNotZero();
        assertThat(Tool.run("stat", "-c", "%s", image("allocated"))).contains("5242880");
    }

    @Test
    void dfAndListingAndRemovalShowTheDirectory() {
        Tool.run("truncate", "-s", "1M", image("größe.img"));

        assertThat(Tool.run("df", "-B1", mountPoint)).contains("kelpie", "68719476736");
        assertThat(Tool.run("ls", mountPoint)).contains("größe.img");
        Tool.run("rm", image("größe.img"));
        assertThat(Tool.run("ls", "-A", mountPoint)).doesNotContain("größe.img");
        assertThat(Tool.tryRun("mkdir", image("sub")).exitCode()).isNotZero();
        assertThat(Tool.tryRun("mv", image("a"), image("b")).exitCode()).isNotZero();
        assertThat(Tool.tryRun("touch", image("n".repeat(256))).output()).contains("too long");
    }

    @Test
    void fourWritersVerifyTheirOwnBlocks() {
        Tool.run("truncate", "-s", "64M", image("disk"));

        String report = Tool.run(
                "fio",
                "--name=w",
                "--filename=" + image("disk"),
                "--rw=randwrite",
                "--bs=4k",
                "--size=8M",
                "--numjobs=4",
                "--offset_increment=16M",
                "--ioengine=psync",
                "--direct=1",
                "--verify=crc32c",
                "--do_verify=1",
                "--verify_fatal=1",
                "--group_reporting");

        assertThat(report).contains("err= 0");
    }

    @Test
    void aSecondMountOnTheSamePlaceIsRefusedAndTheFirstGoesOn() {
        Tool.run("cp", source, image("disk"));

        assertThatThrownBy(() -> FuseMount.mount(FuseConfig.at(mountPoint), new MemoryImages()))
                .isInstanceOfSatisfying(
                        FuseException.class,
                        refused -> assertThat(refused.error()).isEqualTo(FuseError.EBUSY))
                .hasMessageContaining("already mounted by a running process (kelpie)");

        assertSameAsSource(image("disk"));
    }

    @Test
    void isServingEndsWhenSomebodyElseUnmounts() {
        Tool.run("fusermount", "-u", mountPoint);

        org.awaitility.Awaitility.await().until(() -> !mount.isServing());
        mount.close();
        assertThat(Tool.tryRun("mountpoint", mountPoint).exitCode()).isNotZero();
    }

    @Test
    void twentyRoundsUnderLoadLeaveNoMountAndNoThread() throws Exception {
        mount.close();
        for (int round = 0; round < 20; round++) {
            FuseMount each = FuseMount.mount(FuseConfig.at(mountPoint), new MemoryImages());
            Tool.run("truncate", "-s", "64M", image("disk"));
            Process load = new ProcessBuilder(
                            "dd", "if=/dev/zero", "of=" + image("disk"), "bs=64k", "conv=notrunc")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            each.close();
            assertThat(load.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(Tool.tryRun("mountpoint", mountPoint).exitCode()).isNotZero();
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("kelpie-fuse"));
    }

    @Test
    void aStuckRequestDoesNotHoldUpClose() throws Exception {
        mount.close();
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        AtomicBoolean isStuck = new AtomicBoolean(true);
        MemoryImages images = new MemoryImages();
        ImageDirectory stuck = new ForwardingDirectory(images) {
            @Override
            public void create(String name) {
                entered.countDown();
                while (isStuck.get()) {
                    try {
                        release.await();
                        isStuck.set(false);
                    } catch (InterruptedException ignored) {
                        // A store that hangs does not care either.
                    }
                }
            }
        };
        FuseMount each = FuseMount.mount(
                FuseConfig.at(mountPoint).withCloseTimeout(java.time.Duration.ofMillis(500)),
                stuck);
        Process touch = new ProcessBuilder("touch", image("disk").toString()).start();
        try {
            assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();

            each.close();

            assertThat(Tool.tryRun("mountpoint", mountPoint).exitCode()).isNotZero();
        } finally {
            release.countDown();
            touch.destroyForcibly().waitFor();
        }
    }

    @Test
    void whatADirectoryThrowsIsAnEioAndTheMountGoesOn() {
        mount.close();
        ImageDirectory broken = new ForwardingDirectory(new MemoryImages()) {
            @Override
            public void create(String name) {
                throw new AssertionError("planted");
            }
        };
        mount = FuseMount.mount(FuseConfig.at(mountPoint), broken);

        assertThat(Tool.tryRun("touch", image("disk")).output()).contains("Input/output error");
        assertThat(Tool.run("ls", mountPoint)).doesNotContain("disk");
    }
}
