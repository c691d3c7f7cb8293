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

/** libnbd, QEMU and fio on real VDIs. */
@Tag("e2e")
final class NbdClientsIT {
    @RegisterExtension
    static final OneNode NODE = new OneNode();

    @Test
    void nbdinfoTellsSizeAndAbilities() {
        String uri = NODE.sheep().nbdUri(NODE.sheep().create("info", "100M"));

        assertThat(Commands.output("nbdinfo", "--size", uri)).isEqualTo("104857600\n");
        assertThat(Commands.output("nbdinfo", uri))
                .contains("newstyle-fixed")
                .contains("can_fua: true");
    }

    @Test
    void nbdinfoListsEveryVdi() {
        NODE.sheep().create("list-one", "4M");
        NODE.sheep().create("list-two", "4M");

        assertThat(Commands.output("nbdinfo", "--list", NODE.sheep().nbdUri("")))
                .contains("export=\"list-one\"")
                .contains("export=\"list-two\"");
    }

    @Test
    void unknownExportIsRefused() {
        Commands.Outcome outcome = Commands.run("nbdinfo", NODE.sheep().nbdUri("nosuch"));

        assertThat(outcome.status()).isNotZero();
        assertThat(outcome.stderr()).contains("nosuch");
    }

    @Test
    void nbdcopyBringsBackWhatItSent(@TempDir Path directory) throws IOException {
        NODE.sheep().create("copy", "40M");
        Path sent = Files.write(directory.resolve("sent"), random(40 << 20, 1));
        Path received = directory.resolve("received");

        Commands.output("nbdcopy", "--flush", sent.toString(), NODE.sheep().nbdUri("copy"));
        Commands.output("nbdcopy", NODE.sheep().nbdUri("copy"), received.toString());

        Commands.sameContent(received, sent);
    }

    @Test
    void unixSocketServesTheSameDisks(@TempDir Path directory) throws IOException {
        NODE.sheep().create("socket", "8M");
        Path sent = Files.write(directory.resolve("sent"), random(8 << 20, 2));
        Path received = directory.resolve("received");

        Commands.output("nbdcopy", sent.toString(), NODE.sheep().nbdSocketUri("socket"));
        Commands.output("nbdcopy", NODE.sheep().nbdUri("socket"), received.toString());

        Commands.sameContent(received, sent);
    }

    @Test
    void nbdshReadsWritesTrimsAndZeroes() {
        NODE.sheep().create("shell", "8M");

        String printed = Commands.output(
                "nbdsh",
                "-u",
                NODE.sheep().nbdUri("shell"),
                "-c",
                "h.pwrite(b'k' * 65536, 4194304 - 32768, nbd.CMD_FLAG_FUA)",
                "-c",
                "h.flush()",
                "-c",
                "h.zero(4096, 4194304 - 4096)",
                "-c",
                "h.trim(4096, 4194304)",
                "-c",
                "b = h.pread(65536, 4194304 - 32768)",
                "-c",
                "print(b.count(b'k'), b[28672:36864].count(0))");

        assertThat(printed).isEqualTo("57344 8192\n");
    }

    @Test
    void requestBeyondTheEndIsRefusedAndTheConnectionLives() {
        NODE.sheep().create("beyond", "8M");

        String printed = Commands.output("nbdsh", "-u", NODE.sheep().nbdUri("beyond"), "-c", """
                h.set_strict_mode(0)
                try:
                    h.pread(512, 8 * 1024 * 1024)
                    print('read')
                except nbd.Error as e:
                    print('refused')
                print(len(h.pread(512, 0)))
                """);

        assertThat(printed).isEqualTo("refused\n512\n");
    }

    @Test
    void manyRequestsInFlightAllEnd() {
        NODE.sheep().create("flight", "32M");

        String printed = Commands.output("nbdsh", "-u", NODE.sheep().nbdUri("flight"), "-c", """
                for i in range(2000):
                    h.aio_pwrite(nbd.Buffer.from_bytearray(bytearray([i % 256]) * 8192), (i * 8192) % (32 << 20))
                while h.aio_in_flight() > 0:
                    h.poll(-1)
                h.flush()
                print(h.pread(1, 1999 * 8192)[0] == 1999 % 256, h.pread(1, 8192 * 7)[0])
                """);

        assertThat(printed).isEqualTo("True 7\n");
    }

    @Test
    void qemuImgConvertsAndCompares(@TempDir Path directory) throws IOException {
        NODE.sheep().create("convert", "24M");
        Path raw = Files.write(directory.resolve("raw"), random(24 << 20, 3));
        Path qcow2 = directory.resolve("disk.qcow2");
        String uri = NODE.sheep().nbdUri("convert");

        assertThat(Commands.output("qemu-img", "info", "-f", "raw", uri))
                .contains("24 MiB (25165824 bytes)");
        Commands.output("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", raw.toString(), uri);
        Commands.output("qemu-img", "convert", "-f", "raw", "-O", "qcow2", uri, qcow2.toString());

        Commands.run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", uri, qcow2.toString())
                .succeeded();
        Commands.run("qemu-img", "compare", "-f", "raw", "-F", "raw", uri, raw.toString())
                .succeeded();
    }

    @Test
    void qemuIoVerifiesItsPatterns() {
        NODE.sheep().create("pattern", "24M");

        Commands.Outcome outcome = Commands.run(
                        "qemu-io",
                        "-f",
                        "raw",
                        "-c",
                        "write -P 0x41 1M 9M",
                        "-c",
                        "write -z 3M 1M",
                        "-c",
                        "discard 5M 1M",
                        "-c",
                        "flush",
                        "-c",
                        "read -P 0x41 1M 2M",
                        "-c",
                        "read -P 0 3M 1M",
                        "-c",
                        "read -P 0x41 6M 4M",
                        "-c",
                        "read -P 0 10M 1M",
                        NODE.sheep().nbdUri("pattern"))
                .succeeded();

        assertThat(outcome.stdout()).doesNotContain("Pattern verification failed");
    }

    @Test
    void fioVerifiesRandomWrites(@TempDir Path directory) throws IOException {
        NODE.sheep().create("fio", "64M");
        Path job = directory.resolve("job.fio");
        Files.writeString(job, """
                [global]
                ioengine=nbd
                uri=%s
                size=64M
                io_size=64M
                iodepth=16
                randseed=7
                verify=crc32c
                verify_fatal=1
                do_verify=1
                [mixed]
                rw=randwrite
                bsrange=4k-64k
                bs_unaligned=0
                fsync=64
                """.formatted(NODE.sheep().nbdUri("fio")));

        String printed = Commands.output("fio", "--directory=" + directory, job.toString());

        assertThat(printed).contains("err= 0").doesNotContain("verify: bad");
    }

    @Test
    void emptyNameWithSeveralVdisNamesTheChoices() {
        NODE.sheep().create("choice-one", "4M");
        NODE.sheep().create("choice-two", "4M");

        Commands.Outcome outcome = Commands.run("nbdinfo", NODE.sheep().nbdUri(""));

        assertThat(outcome.status()).isNotZero();
        assertThat(NODE.sheep().isAlive()).isTrue();
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
