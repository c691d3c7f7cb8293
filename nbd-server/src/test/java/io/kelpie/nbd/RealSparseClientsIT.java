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
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** The clients people use, where they see holes: maps, sparse copies, structured replies. */
@Tag("e2e")
@ExtendWith(NoLeaks.class)
@Timeout(120)
class RealSparseClientsIT {

    private static final String LIBNBD = "libnbd-bin";
    private static final String NBDSH = "libnbd-bin python3-libnbd";
    private static final String QEMU = "qemu-utils";
    private static final long SIZE = 64 << 20;

    @TempDir
    private Path directory;

    private final DeviceLimits limits = DeviceLimits.writable().withCache(true).withFastZero(true);
    private final MemoryDevice disk = new MemoryDevice(SIZE, limits);
    private final MemoryDevice target = new MemoryDevice(SIZE, limits);
    private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(2);
    private NbdServer server;
    private Tool tool;
    private String uri = "";

    @BeforeEach
    void start() {
        var exports = new Exports()
                .with("disk", disk)
                .with("target", new SlowDevice(target, executor, 200, 1))
                .with("huge", new MemoryDevice(1L << 40, limits));
        server = NbdServer.start(Door.config().build(), exports);
        tool = new Tool(directory);
        var port = ((InetSocketAddress) server.boundAddresses().get(0)).getPort();
        uri = "nbd://127.0.0.1:" + port + "/";
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
    void nbdinfoMapsDataAndHoles() throws Exception {
        nbdsh("disk", """
                h.pwrite(b"x" * 65536, 1 << 20)
                h.pwrite(b"x" * 65536, 3 << 20)
                h.zero(65536, 3 << 20, nbd.CMD_FLAG_NO_HOLE)
                """);

        var map = tool.run(LIBNBD, "nbdinfo", "--map", uri + "disk");

        assertThat(map.lines().map(line -> line.trim().replaceAll("\\s+", " ")))
                .containsExactly(
                        "0 1048576 3 hole,zero",
                        "1048576 65536 0 data",
                        "1114112 2031616 3 hole,zero",
                        "3145728 65536 0 data",
                        "3211264 63897600 3 hole,zero");
        assertThat(tool.run(LIBNBD, "nbdinfo", "--map", "--totals", uri + "huge"))
                .contains("1099511627776 100.0%   3 hole,zero");
    }

    @Test
    void nbdinfoSeesEveryCapability() throws Exception {
        var output = tool.run(LIBNBD, "nbdinfo", uri + "disk");

        assertThat(output)
                .contains("using structured packets")
                .contains("base:allocation")
                .contains("can_cache: true")
                .contains("can_df: true")
                .contains("can_fast_zero: true");
    }

    @Test
    void nbdcopyKeepsHolesOnTheWay() throws Exception {
        var source = sparseFile();

        tool.run(
                LIBNBD,
                "nbdcopy",
                "--destination-is-zero",
                "--flush",
                source.toString(),
                uri + "disk");
        tool.run(LIBNBD, "nbdcopy", "--destination-is-zero", uri + "disk", uri + "target");
        var copy = directory.resolve("copy");
        tool.run(LIBNBD, "nbdcopy", uri + "target", copy.toString());

        assertThat(Files.mismatch(source, copy)).isEqualTo(-1);
        assertThat(dataBytes("disk")).isEqualTo(2 << 20);
        assertThat(dataBytes("target")).isEqualTo(2 << 20);
        assertThat(server.stats().readBytesTotal()).isLessThan(3 * SIZE);
    }

    private long dataBytes(String export) throws IOException, InterruptedException {
        var totals = tool.run(LIBNBD, "nbdinfo", "--map", "--totals", uri + export);
        return totals.lines()
                .map(String::trim)
                .filter(line -> line.endsWith("data"))
                .mapToLong(line -> Long.parseLong(line.substring(0, line.indexOf(' '))))
                .sum();
    }

    @Test
    void libnbdReadsInPiecesAndWhole() throws Exception {
        nbdsh("disk", """
                assert h.get_structured_replies_negotiated()
                assert h.can_df()
                h.pwrite(b"x" * 65536, 65536)
                pieces = []
                def chunk(data, offset, status, error):
                    pieces.append((offset, len(data), status))
                data = h.pread_structured(200000, 0, chunk)
                assert data == bytearray(65536) + b"x" * 65536 + bytearray(200000 - 131072)
                assert pieces == [(0, 65536, nbd.READ_HOLE), (65536, 65536, nbd.READ_DATA),
                                  (131072, 200000 - 131072, nbd.READ_HOLE)], pieces
                pieces.clear()
                whole = h.pread_structured(200000, 0, chunk, nbd.CMD_FLAG_DF)
                assert whole == data
                assert pieces == [(0, 200000, nbd.READ_DATA)], pieces
                """);
    }

    @Test
    void libnbdReadsTheSameWithoutStructuredReplies() throws Exception {
        var script = """
                h.set_request_structured_replies(False)
                h.connect_uri("%sdisk")
                assert not h.get_structured_replies_negotiated()
                assert not h.can_df()
                h.pwrite(b"x" * 65536, 65536)
                assert h.pread(131073, 65535) == b"\\0" + b"x" * 65536 + bytearray(65536)
                """.formatted(uri);

        assertThat(tool.run(NBDSH, "nbdsh", "-c", script)).isEmpty();
    }

    @Test
    void libnbdAsksForBlockStatus() throws Exception {
        var script = """
                import errno
                h.add_meta_context(nbd.CONTEXT_BASE_ALLOCATION)
                h.add_meta_context("x-nothing:here")
                h.connect_uri("%sdisk")
                assert h.can_meta_context(nbd.CONTEXT_BASE_ALLOCATION)
                assert not h.can_meta_context("x-nothing:here")
                h.pwrite(b"x" * 65536, 65536)
                seen = []
                def extents(context, offset, entries, error):
                    seen.append((context, offset, entries))
                h.block_status(67108864, 0, extents)
                assert seen == [("base:allocation", 0,
                                 [65536, 3, 65536, 0, 67108864 - 131072, 3])], seen
                seen.clear()
                h.block_status(131072, 70000, extents, nbd.CMD_FLAG_REQ_ONE)
                assert seen == [("base:allocation", 70000, [61072, 0])], seen
                h.set_strict_mode(0)
                try:
                    h.block_status(512, 67108864, extents)
                    raise AssertionError("no error")
                except nbd.Error as e:
                    assert e.errnum == errno.EINVAL, e
                """.formatted(uri);

        assertThat(tool.run(NBDSH, "nbdsh", "-c", script)).isEmpty();
    }

    @Test
    void libnbdListsContexts() throws Exception {
        var script = """
                h.set_opt_mode(True)
                h.connect_uri("%sdisk")
                found = []
                h.opt_list_meta_context(lambda name: found.append(name))
                assert found == ["base:allocation"], found
                h.opt_abort()
                """.formatted(uri);

        assertThat(tool.run(NBDSH, "nbdsh", "-c", script)).isEmpty();
    }

    @Test
    void libnbdCachesAndZeroesFast() throws Exception {
        nbdsh("disk", """
                h.pwrite(b"x" * 131072, 0)
                h.cache(1 << 20, 0)
                h.zero(65536, 0, nbd.CMD_FLAG_FAST_ZERO)
                h.zero(65536, 65536, nbd.CMD_FLAG_FAST_ZERO | nbd.CMD_FLAG_NO_HOLE)
                assert h.pread(131072, 0) == bytearray(131072)
                """);
    }

    @Test
    void qemuImgMapsAndConvertsSparsely() throws Exception {
        var source = sparseFile();
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
                uri + "disk");

        var map = tool.run(QEMU, "qemu-img", "map", "--output=json", "-f", "raw", uri + "disk");
        var copy = directory.resolve("copy.raw");
        tool.run(
                QEMU,
                "qemu-img",
                "convert",
                "-f",
                "raw",
                "-O",
                "raw",
                uri + "disk",
                copy.toString());

        assertThat(map)
                .contains("\"start\": 0, \"length\": 8388608, \"depth\": 0,"
                        + " \"present\": true, \"zero\": true, \"data\": false")
                .contains("\"start\": 8388608, \"length\": 2097152, \"depth\": 0,"
                        + " \"present\": true, \"zero\": false, \"data\": true");
        assertThat(Files.mismatch(source, copy)).isEqualTo(-1);
        assertThat(tool.run(QEMU, "qemu-img", "info", "-f", "raw", uri + "disk"))
                .contains("virtual size: 64 MiB");
    }

    private void nbdsh(String export, String script) throws IOException, InterruptedException {
        assertThat(tool.run(NBDSH, "nbdsh", "-u", uri + export, "-c", script))
                .as(script)
                .isEmpty();
    }

    /** 2 MiB of data in 64 MiB. */
    private Path sparseFile() throws IOException {
        var path = directory.resolve("sparse");
        var data = new byte[2 << 20];
        new Random(3).nextBytes(data);
        assertThat(Arrays.equals(data, new byte[data.length])).isFalse();
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(SIZE);
            file.seek(8 << 20);
            file.write(data);
        }
        return path;
    }
}
