package io.kelpie.node.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.engine.EngineConfig;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.fuse.FuseError;
import io.kelpie.fuse.FuseException;
import io.kelpie.fuse.ImageAttributes;
import io.kelpie.fuse.ImageFile;
import io.kelpie.nbd.BlockDevice;
import io.kelpie.nbd.BlockStatusSink;
import io.kelpie.nbd.ExportInfo;
import io.kelpie.nbd.ExportRefusal;
import io.kelpie.nbd.ExportRequest;
import io.kelpie.nbd.ListReply;
import io.kelpie.nbd.NbdError;
import io.kelpie.nbd.OpenReply;
import io.kelpie.nbd.ReadPiece;
import io.kelpie.nbd.Reply;
import io.kelpie.nbd.ZeroFlags;
import io.kelpie.node.Answers;
import io.kelpie.node.coordinator.SingleCoordinator;
import io.kelpie.node.runtime.BufferPayloads;
import io.kelpie.node.runtime.Closer;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.SecureEntropy;
import io.kelpie.node.runtime.SystemClock;
import io.kelpie.node.store.RocksLocalStore;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.rocks.RocksObjectStore;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Exports and directory over the real engine and a real store. */
class ExportsTest {
    private static final PooledByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;
    private static final long MIB = 1 << 20;

    @TempDir
    private Path directory;

    private final Closer closer = new Closer();
    private CoreLoop loop;
    private Engine engine;
    private VolumeDirectory images;

    @BeforeEach
    void open() throws Exception {
        Tracer tracer = (level, text) -> {};
        ObjectStore objects = closer.add(
                "store", RocksObjectStore.open(StoreConfig.small(directory.resolve("s"))));
        loop = closer.add("loop", CoreLoop.start(new SystemClock(), 1 << 16, failure -> {
            throw new AssertionError(failure);
        }));
        RocksLocalStore store =
                closer.add("local store", new RocksLocalStore(objects, loop, ALLOCATOR, 2, tracer));
        SingleCoordinator coordinator =
                closer.add("coordinator", SingleCoordinator.open(objects, loop, tracer));
        engine = new Engine(
                new EngineConfig(
                        new NodeId(1, 2), 1, new Endpoint(0, 0x7F000001, 7000), 1, 10, 4, false),
                new Ports(
                        new SystemClock(),
                        loop.timers(),
                        new SecureEntropy(),
                        new BufferPayloads(ALLOCATOR),
                        store,
                        coordinator,
                        Peers.NONE,
                        tracer));
        Answers.<Outcome>result(loop, engine::start);
        images = new VolumeDirectory(engine, loop, ALLOCATOR, store::space, Duration.ofSeconds(30));
    }

    @AfterEach
    void close() {
        Answers.<Outcome>result(loop, engine::stop);
        closer.close();
    }

    @Test
    void anUnformattedClusterSaysWhatToDo() {
        assertThat(refusal("a"))
                .isEqualTo("UNAVAILABLE: the cluster is not formatted: run dog cluster format");
        assertThat(list()).isEmpty();
        assertThat(images.names()).isEmpty();
        assertThatThrownBy(() -> images.create("a"))
                .isInstanceOf(FuseException.class)
                .hasMessageContaining("NOT_FORMATTED");
    }

    @Test
    void theEmptyNameOpensTheOnlyVdiElseTheDefaultElseNamesTheChoices() throws Exception {
        format();
        assertThat(refusal("")).startsWith("UNKNOWN: no export was named; there are none yet");
        create("a", MIB);
        assertThat(opened("", null).info().name()).isEqualTo("a");

        create("bäh", MIB);

        assertThat(refusal("")).isEqualTo("UNKNOWN: no export was named; choose one of: a, bäh");
        assertThat(refusal("c")).startsWith("UNKNOWN: there is no VDI 'c'; choose one of: ");
        assertThat(opened("", "bäh").info().name()).isEqualTo("bäh");
        assertThat(list()).containsExactlyInAnyOrder("a", "bäh");
        assertThat(images.names()).containsExactlyInAnyOrder("a", "bäh");
    }

    @Test
    void whatTheDeviceWritesTheFileReadsAndTheOtherWayRound() throws Exception {
        format();
        create("a", 8 * MIB);
        BlockDevice device = opened("a", null).device();

        await(reply -> device.write(4 * MIB - 2, buffer("abcd"), true, reply));

        try (ImageFile file = images.open("a", true)) {
            assertThat(readFile(file, 4 * MIB - 3, 6)).isEqualTo("\0abcd\0");
            file.write(10, ByteBuffer.wrap("xyz".getBytes(StandardCharsets.US_ASCII)));
            file.sync();
        }
        assertThat(readDevice(device, 9, 5)).isEqualTo("\0xyz\0");
        closeDevice(device);
    }

    @Test
    void holesReadAsZerosAndAreReported() throws Exception {
        format();
        create("a", 16 * MIB);
        BlockDevice device = opened("a", null).device();
        await(reply -> device.write(4 * MIB, buffer("abcd"), false, reply));

        assertThat(readDevice(device, 4 * MIB - 1, 6)).isEqualTo("\0abcd\0");
        assertThat(extents(device, 0, 16 * MIB)).startsWith("hole 4194304").contains("data");
        assertThat(readDevice(device, 0, (int) (9 * MIB))).hasSize((int) (9 * MIB));
        await(reply -> device.writeZeroes(4 * MIB, 2, new ZeroFlags(true, false, false), reply));
        assertThat(readDevice(device, 4 * MIB, 4)).isEqualTo("\0\0cd");
        await(reply -> device.trim(4 * MIB, 4 * MIB, true, reply));
        assertThat(extents(device, 0, 16 * MIB)).isEqualTo("hole 16777216 ");
        await(device::flush);
        closeDevice(device);
    }

    @Test
    void aRangeWithAMillionHolesIsCachedAtOnce() throws Exception {
        format();
        create("large", 4L << 40);
        BlockDevice device = opened("large", null).device();
        await(reply -> device.write(2L << 40, buffer("here"), false, reply));
        await(reply -> device.cache(0, 4L << 40, reply));
        closeDevice(device);
    }

    @Test
    void aReadAcrossObjectsHandsHolesOnAsHoles() throws Exception {
        format();
        create("a", 16 * MIB);
        BlockDevice device = opened("a", null).device();
        await(reply -> device.write(4 * MIB, buffer("abcd"), false, reply));

        List<ReadPiece> pieces = readPieces(device, 0, (int) (12 * MIB));

        assertThat(pieces.get(0)).isEqualTo(ReadPiece.hole((int) (4 * MIB)));
        assertThat(pieces.get(pieces.size() - 1).isHole()).isTrue();
        assertThat(pieces.stream().filter(piece -> !piece.isHole())).hasSize(1);
        ByteBuf whole = ReadPiece.join(pieces);
        assertThat(whole.readableBytes()).isEqualTo((int) (12 * MIB));
        assertThat(whole.toString((int) (4 * MIB), 5, StandardCharsets.ISO_8859_1))
                .isEqualTo("abcd\0");
        whole.release();
        closeDevice(device);
    }

    @Test
    void aFileIsMadeGrownListedAndRemoved() {
        format();
        images.create("new");
        assertThatThrownBy(() -> images.create("new"))
                .isInstanceOfSatisfying(
                        FuseException.class,
                        e -> assertThat(e.error()).isEqualTo(FuseError.EEXIST));

        try (ImageFile file = images.open("new", true)) {
            file.truncate(5 * MIB);
            file.write(0, ByteBuffer.wrap(new byte[] {1}));
            assertThat(file.sizeBytes()).isEqualTo(5 * MIB);
            file.truncate(64 * MIB);
            file.truncate(5 * MIB);
            assertThat(file.sizeBytes()).isEqualTo(5 * MIB);
            file.write(4 * MIB, ByteBuffer.allocateDirect(1));
            assertThatThrownBy(() -> file.truncate(1))
                    .isInstanceOfSatisfying(
                            FuseException.class,
                            e -> assertThat(e.error()).isEqualTo(FuseError.EPERM));
            file.punchHole(0, 4 * MIB);
            file.writeZeroes(0, 100);
        }
        ImageAttributes attributes = images.attributes("new").orElseThrow();
        assertThat(attributes.sizeBytes()).isEqualTo(5 * MIB);
        assertThat(attributes.readOnly()).isFalse();
        assertThat(images.space().fileCount()).isEqualTo(1);

        images.remove("new");

        assertThat(images.attributes("new")).isEmpty();
        assertThatThrownBy(() -> images.open("new", false))
                .isInstanceOfSatisfying(
                        FuseException.class,
                        e -> assertThat(e.error()).isEqualTo(FuseError.ENOENT));
    }

    @Test
    void aWriteBehindTheEndIsRefusedWithItsNumber() throws Exception {
        format();
        create("a", MIB);
        BlockDevice device = opened("a", null).device();
        CompletableFuture<String> answer = new CompletableFuture<>();

        device.write(MIB, buffer("x"), false, new Ended(answer));

        assertThat(answer.get(30, TimeUnit.SECONDS)).startsWith("ENOSPC write of 1 bytes at");
        closeDevice(device);
    }

    @Test
    void anEndedCoreIsTimedOutOrRefusedButNeverWaitedForForEver() {
        VolumeDirectory hasty = new VolumeDirectory(
                engine, loop, ALLOCATOR, () -> new LocalStore.Space(1, 1), Duration.ofNanos(1));
        CompletableFuture<Boolean> gate = new CompletableFuture<>();
        loop.post(gate::join);

        assertThatThrownBy(hasty::names)
                .isInstanceOfSatisfying(
                        FuseException.class,
                        e -> assertThat(e.error()).isEqualTo(FuseError.ETIMEDOUT));
        gate.complete(true);
    }

    private void format() {
        ClusterSettings settings = new ClusterSettings(0, 0, 1, 22, "plain");
        Answers.<Outcome>result(loop, completion -> engine.format(settings, completion));
    }

    private void create(String name, long size) {
        String inner = io.kelpie.cluster.vdi.VdiName.ofText(name);
        Answers.<VdiEntry>result(
                loop,
                completion -> engine.createVdi(new CreateRequest(inner, size, 0, 0), completion));
    }

    private record Opened(ExportInfo info, BlockDevice device) {}

    private Opened opened(String name, @Nullable String defaultExport) throws Exception {
        CompletableFuture<Opened> opened = new CompletableFuture<>();
        open(name, defaultExport, opened, new CompletableFuture<>());
        return opened.get(30, TimeUnit.SECONDS);
    }

    private String refusal(String name) {
        CompletableFuture<String> refused = new CompletableFuture<>();
        open(name, null, new CompletableFuture<>(), refused);
        return refused.orTimeout(30, TimeUnit.SECONDS).join();
    }

    private void open(
            String name,
            @Nullable String defaultExport,
            CompletableFuture<Opened> opened,
            CompletableFuture<String> refused) {
        ExportRequest request = new ExportRequest(
                name, ExportRequest.Purpose.SERVE, new InetSocketAddress("127.0.0.1", 1));
        new VolumeExports(engine, loop, defaultExport).open(request, new OpenReply() {
            @Override
            public void opened(ExportInfo info, BlockDevice device) {
                opened.complete(new Opened(info, device));
            }

            @Override
            public void refused(ExportRefusal refusal, String why) {
                refused.complete(refusal + ": " + why);
            }
        });
    }

    private List<String> list() {
        CompletableFuture<List<String>> names = new CompletableFuture<>();
        new VolumeExports(engine, loop, null).list(new ListReply() {
            @Override
            public void exports(List<ExportInfo> exports) {
                names.complete(exports.stream().map(ExportInfo::name).toList());
            }

            @Override
            public void refused(ExportRefusal refusal, String why) {
                names.completeExceptionally(new AssertionError(why));
            }
        });
        return names.orTimeout(30, TimeUnit.SECONDS).join();
    }

    private static void await(Consumer<Reply> call) throws Exception {
        assertThat(ended(call)).isEqualTo("done");
    }

    private static String ended(Consumer<Reply> call) throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        call.accept(new Ended(answer));
        return answer.get(30, TimeUnit.SECONDS);
    }

    private static String readDevice(BlockDevice device, long offset, int length) throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        device.read(offset, length, new Ended(answer));
        return answer.get(30, TimeUnit.SECONDS);
    }

    private static List<ReadPiece> readPieces(BlockDevice device, long offset, int length)
            throws Exception {
        CompletableFuture<List<ReadPiece>> answer = new CompletableFuture<>();
        device.read(offset, length, new Reply() {
            @Override
            public void done() {
                answer.completeExceptionally(new AssertionError("a read without data"));
            }

            @Override
            public void data(ByteBuf data) {
                answer.complete(List.of(ReadPiece.data(data)));
            }

            @Override
            public void pieces(List<ReadPiece> pieces) {
                answer.complete(pieces);
            }

            @Override
            public void failed(NbdError error, String why) {
                answer.completeExceptionally(new AssertionError(error + " " + why));
            }
        });
        return answer.get(30, TimeUnit.SECONDS);
    }

    private static String readFile(ImageFile file, long offset, int length) {
        ByteBuffer destination = ByteBuffer.allocateDirect(length);
        file.read(offset, destination);
        return StandardCharsets.ISO_8859_1.decode(destination.flip()).toString();
    }

    private static String extents(BlockDevice device, long offset, long length) throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        StringBuilder text = new StringBuilder();
        device.blockStatus(offset, length, new BlockStatusSink() {
            @Override
            public void extent(long lengthBytes, boolean hole, boolean zero) {
                text.append(hole ? "hole " : "data ").append(lengthBytes).append(' ');
            }

            @Override
            public boolean isFull() {
                return false;
            }

            @Override
            public void done() {
                answer.complete(text.toString());
            }

            @Override
            public void failed(NbdError error, String why) {
                answer.complete(error + " " + why);
            }
        });
        return answer.get(30, TimeUnit.SECONDS);
    }

    private static void closeDevice(BlockDevice device) throws Exception {
        await(device::close);
    }

    private static ByteBuf buffer(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    }

    private record Ended(CompletableFuture<String> answer) implements Reply {
        @Override
        public void done() {
            answer.complete("done");
        }

        @Override
        public void data(ByteBuf data) {
            answer.complete(data.toString(StandardCharsets.ISO_8859_1));
            data.release();
        }

        @Override
        public void failed(NbdError error, String why) {
            answer.complete(error + " " + why);
        }
    }
}
