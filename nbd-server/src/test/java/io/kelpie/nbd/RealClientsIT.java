// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/**
 * The clients people use, against a server in this process. Each test is one behaviour as its user
 * would see it.
 */
@Tag("e2e")
@ExtendWith(NoLeaks.class)
@Timeout(120)
class RealClientsIT {

    private static final String LIBNBD = "libnbd-bin";
    private static final String NBDSH = "libnbd-bin python3-libnbd";
    private static final String QEMU = "qemu-utils";
    private static final String FIO = "fio";
    private static final long SIZE = 64 << 20;

    @TempDir
    private Path directory;

    private final MemoryDevice disk = new MemoryDevice(SIZE);
    private final MemoryDevice slowDisk = new MemoryDevice(SIZE);
    private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(2);
    private NbdServer server;
    private Tool tool;
    private String tcp = "";
    private String unix = "";

    @BeforeEach
    void start() {
        var socket = directory.resolve("nbd.sock");
        var exports = new Exports()
                .with("disk", disk)
                .with("slow", new SlowDevice(slowDisk, executor, 500, 1))
                .with(
                        "frozen",
                        new MemoryDevice(1 << 20, DeviceLimits.writable().withReadOnly(true)))
                .with(
                        "sectors",
                        new MemoryDevice(
                                1 << 20,
                                DeviceLimits.writable().withBlockSizes(4096, 65536, 1 << 20)))
                .with(
                        "broken",
                        new FailingDevice(
                                new MemoryDevice(1 << 20),
                                NbdError.EIO,
                                offset -> offset >= 65536));
        var config = NbdServerConfig.builder()
                .tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .unixSocket(socket)
                .build();
        server = NbdServer.start(config, exports);
        tool = new Tool(directory);
        var port = ((InetSocketAddress) server.boundAddresses().get(0)).getPort();
        tcp = "nbd://127.0.0.1:" + port + "/";
        unix = "?socket=" + socket;
    }

    @AfterEach
    void stop() {
        await().untilAsserted(() -> assertThat(server.stats().connections()).isZero());
        assertThat(server.stats().budgetUsedBytes()).isZero();
        assertThat(server.stats().requestsInFlight()).isZero();
        server.close();
        executor.shutdown();
    }

    @Test
    void nbdinfoDescribesAnExport() throws Exception {
        var output = tool.run(LIBNBD, "nbdinfo", tcp + "disk");

        assertThat(output)
                .contains("protocol: newstyle-fixed without TLS")
                .contains("export-size: 67108864 (64M)")
                .contains("description: disk disk")
                .contains("is_read_only: false")
                .contains("can_flush: true")
                .contains("can_fua: true")
                .contains("can_trim: true")
                .contains("can_zero: true")
                .contains("can_multi_conn: true")
                .contains("block_size_minimum: 1")
                .contains("block_size_preferred: 4096")
                .contains("block_size_maximum: 33554432");
    }

    @Test
    void nbdinfoListsEveryExport() throws Exception {
        var output = tool.run(LIBNBD, "nbdinfo", "--list", tcp);

        assertThat(output)
                .contains(
                        "export=\"disk\"",
                        "export=\"slow\"",
                        "export=\"frozen\"",
                        "export=\"sectors\"");
    }

    @Test
    void nbdinfoSeesAReadOnlyExportAndTheUnixSocket() throws Exception {
        var output = tool.run(LIBNBD, "nbdinfo", "nbd+unix:///frozen" + unix);

        assertThat(output).contains("is_read_only: true").contains("can_trim: false");
    }

    @Test
    void anUnknownExportIsRefused() throws Exception {
        var result = tool.tryRun(LIBNBD, "nbdinfo", tcp + "nothing");

        assertThat(result.exitCode()).isNotZero();
        assertThat(result.output()).contains("nothing");
    }

    @Test
    void nbdcopyCopiesInAndOutWithManyConnections() throws Exception {
        var source = randomFile(SIZE);
        var copy = directory.resolve("copy");

        tool.run(LIBNBD, "nbdcopy", "--flush", source.toString(), tcp + "slow");
        tool.run(LIBNBD, "nbdcopy", "--connections=4", "nbd+unix:///slow" + unix, copy.toString());

        assertThat(Files.mismatch(source, copy)).isEqualTo(-1);
        assertThat(slowDisk.flushes()).isPositive();
    }

    @Test
    void nbdcopyCopiesBetweenTwoExports() throws Exception {
        var source = randomFile(8 << 20);
        var copy = directory.resolve("copy");

        tool.run(LIBNBD, "nbdcopy", source.toString(), tcp + "disk");
        tool.run(LIBNBD, "nbdcopy", tcp + "disk", tcp + "slow");
        tool.run(LIBNBD, "nbdcopy", tcp + "slow", copy.toString());

        try (var bytes = Files.newInputStream(copy)) {
            assertThat(bytes.readNBytes(8 << 20)).isEqualTo(Files.readAllBytes(source));
        }
    }

    @Test
    void libnbdWritesZeroesTrimsAndReadsBack() throws Exception {
        nbdsh("disk", """
                h.pwrite(b"a" * 70000, 100, nbd.CMD_FLAG_FUA)
                h.zero(30000, 1000, nbd.CMD_FLAG_NO_HOLE)
                h.trim(20000, 40000, nbd.CMD_FLAG_FUA)
                h.flush()
                data = h.pread(70200, 0)
                assert data[0:100] == bytearray(100)
                assert data[100:1000] == b"a" * 900
                assert data[1000:31000] == bytearray(30000)
                assert data[60000:70100] == b"a" * 10100
                assert h.get_size() == 67108864
                """);
    }

    @Test
    void libnbdKeepsManyRequestsInFlight() throws Exception {
        nbdsh("slow", """
                buffers = [nbd.Buffer.from_bytearray(bytearray([i % 256]) * 4096) for i in range(200)]
                pending = [h.aio_pwrite(b, i * 4096) for i, b in enumerate(buffers)]
                while True:
                    pending = [c for c in pending if not h.aio_command_completed(c)]
                    if not pending:
                        break
                    h.poll(-1)
                for i in range(200):
                    assert h.pread(4096, i * 4096) == bytearray([i % 256]) * 4096, i
                """);
    }

    @Test
    void libnbdGetsTheErrorsOfTheProtocol() throws Exception {
        nbdsh("disk", """
                import errno
                def fails(error, call):
                    try:
                        call()
                    except nbd.Error as e:
                        assert e.errnum == error, (e.errno, e.string)
                        return
                    raise AssertionError("no error")
                h.set_strict_mode(0)
                fails(errno.EINVAL, lambda: h.pread(512, 67108864))
                fails(errno.ENOSPC, lambda: h.pwrite(b"x" * 512, 67108864 - 511))
                fails(errno.ENOSPC, lambda: h.zero(4096, 67108864))
                fails(errno.EINVAL, lambda: h.trim(4096, 67108860))
                fails(errno.EINVAL, lambda: h.cache(512, 0))
                fails(errno.EINVAL, lambda: h.zero(512, 0, nbd.CMD_FLAG_FAST_ZERO))
                fails(errno.EINVAL, lambda: h.pread(512, 0, 1 << 3))
                assert h.pread(1, 67108863) == bytearray(1)
                """);
    }

    @Test
    void libnbdGetsTheDevicesErrorAndGoesOn() throws Exception {
        nbdsh("broken", """
                import errno
                try:
                    h.pread(4096, 65536)
                    raise AssertionError("no error")
                except nbd.Error as e:
                    assert e.errnum == errno.EIO, e.errno
                assert h.pread(4096, 0) == bytearray(4096)
                """);
    }

    @Test
    void libnbdIsKeptToTheBlockSizes() throws Exception {
        nbdsh("sectors", """
                import errno
                assert h.get_block_size(nbd.SIZE_MINIMUM) == 4096
                assert h.get_block_size(nbd.SIZE_PREFERRED) == 65536
                assert h.get_block_size(nbd.SIZE_MAXIMUM) == 1 << 20
                h.set_strict_mode(0)
                for call in (lambda: h.pread(512, 0), lambda: h.pwrite(b"x" * 4096, 512)):
                    try:
                        call()
                        raise AssertionError("no error")
                    except nbd.Error as e:
                        assert e.errnum == errno.EINVAL, e.errno
                h.pwrite(b"x" * 4096, 4096)
                """);
    }

    @Test
    void libnbdUsesTheOldHandshakeToo() throws Exception {
        var script = """
                h.set_handshake_flags(0)
                h.connect_uri("%sdisk")
                assert h.get_protocol() == "newstyle"
                h.pwrite(b"old", 0)
                assert h.pread(3, 0) == b"old"
                h.shutdown()
                """.formatted(tcp);

        var output = tool.run(NBDSH, "nbdsh", "-c", script);

        assertThat(output).isEmpty();
    }

    @Test
    void libnbdAbortsAndAsksForInformationFirst() throws Exception {
        var script = """
                h.set_opt_mode(True)
                h.connect_uri("%s")
                names = []
                h.opt_list(lambda name, description: names.append((name, description)))
                assert ("frozen", "disk frozen") in names, names
                h.set_export_name("nothing")
                try:
                    h.opt_info()
                    raise AssertionError("no error")
                except nbd.Error:
                    pass
                h.set_export_name("")
                h.set_full_info(True)
                h.opt_info()
                assert h.get_canonical_export_name() == "disk"
                assert h.get_size() == 67108864
                h.opt_abort()
                """.formatted(tcp);

        var output = tool.run(NBDSH, "nbdsh", "-c", script);

        assertThat(output).isEmpty();
    }

    @Test
    void qemuImgConvertsInAndOut() throws Exception {
        var source = randomFile(SIZE);
        var copy = directory.resolve("copy.raw");

        tool.run(
                QEMU,
                "qemu-img",
                "convert",
                "-n",
                "-f",
                "raw",
                "-O",
                "raw",
                source.toString(),
                tcp + "disk");
        tool.run(
                QEMU,
                "qemu-img",
                "convert",
                "-f",
                "raw",
                "-O",
                "raw",
                "nbd+unix:///disk" + unix,
                copy.toString());

        assertThat(Files.mismatch(source, copy)).isEqualTo(-1);
        assertThat(tool.run(
                        QEMU,
                        "qemu-img",
                        "compare",
                        "-f",
                        "raw",
                        "-F",
                        "raw",
                        source.toString(),
                        tcp + "disk"))
                .contains("Images are identical");
    }

    @Test
    void qemuImgSeesSizeAndFormat() throws Exception {
        var output = tool.run(QEMU, "qemu-img", "info", "-f", "raw", tcp + "disk");

        assertThat(output).contains("67108864 bytes");
    }

    @Test
    void qemuIoWritesPatternsZeroesAndDiscards() throws Exception {
        var output = tool.run(
                QEMU,
                "qemu-io",
                "-f",
                "raw",
                "-d",
                "unmap",
                "-c",
                "write -P 0x5a 0 1M",
                "-c",
                "write -f -P 0x11 1000 512",
                "-c",
                "write -z 64k 64k",
                "-c",
                "write -z -u 128k 64k",
                "-c",
                "discard 512k 64k",
                "-c",
                "flush",
                "-c",
                "read -P 0x5a 1536 62k",
                "-c",
                "read -P 0 64k 128k",
                "-c",
                "read -P 0 512k 64k",
                "-c",
                "aio_write -P 0x22 2M 1M",
                "-c",
                "aio_write -P 0x33 3M 1M",
                "-c",
                "aio_flush",
                "-c",
                "read -P 0x22 2M 1M",
                "-c",
                "read -P 0x33 3M 1M",
                "nbd+unix:///slow" + unix);

        assertThat(output).doesNotContain("failed", "error").contains("wrote 1048576/1048576");
    }

    @Test
    void qemuIoMayNotWriteToAReadOnlyExport() throws Exception {
        var result = tool.tryRun(QEMU, "qemu-io", "-f", "raw", "-c", "write 0 512", tcp + "frozen");

        assertThat(result.exitCode()).isNotZero();
    }

    @Test
    void fioVerifiesRandomWritesOnFourConnections() throws Exception {
        var output = tool.run(
                FIO,
                "fio",
                "--name=verify",
                "--ioengine=nbd",
                "--uri=" + tcp + "slow",
                "--rw=randwrite",
                "--bsrange=512-64k",
                "--iodepth=32",
                "--numjobs=4",
                "--size=12m",
                "--offset_increment=16m",
                "--verify=crc32c",
                "--verify_fatal=1",
                "--fsync=64",
                "--randseed=1");

        assertThat(output).contains("err= 0").doesNotContain("bad header", "crc32c: verify failed");
        assertThat(slowDisk.flushes()).isPositive();
    }

    @Test
    void fioTrimsAndReadsTheWholeDisk() throws Exception {
        var output = tool.run(
                FIO,
                "fio",
                "--name=mixed",
                "--ioengine=nbd",
                "--uri=nbd+unix:///disk" + unix,
                "--rw=randtrimwrite",
                "--bs=16k",
                "--iodepth=16",
                "--size=16m");

        assertThat(output).contains("err= 0");
    }

    private void nbdsh(String export, String script) throws IOException, InterruptedException {
        var output = tool.run(NBDSH, "nbdsh", "-u", tcp + export, "-c", script);

        assertThat(output).as(script).isEmpty();
    }

    private Path randomFile(long sizeBytes) throws IOException {
        var path = directory.resolve("source");
        var bytes = new byte[(int) sizeBytes];
        new Random(7).nextBytes(bytes);
        // A sparse middle, so that clients use zeroes and holes too.
        java.util.Arrays.fill(bytes, bytes.length / 4, bytes.length / 2, (byte) 0);
        return Files.write(path, bytes);
    }
}
