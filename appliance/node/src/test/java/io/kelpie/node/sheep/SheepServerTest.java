package io.kelpie.node.sheep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.node.sheep.SheepClient.Reply;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepResult;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;

/** What the Sheepdog port answers to requests that are early, wrong, hostile or many. */
class SheepServerTest {
    private static final int WRITE = 1;
    private static final int CACHE = 4;
    private static final int INODE_PREFIX_BYTES = 4_198_968;

    @TempDir
    Path directory;

    private SheepPort port;
    private SheepClient client;

    @BeforeEach
    void start() throws Exception {
        port = new SheepPort(directory.resolve("store"), false);
        client = new SheepClient(port.address());
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        port.close();
    }

    @Test
    void tellsToFormatBeforeItServesAnything() throws IOException {
        assertThat(call(SheepOpcode.NEW_VDI, WRITE, name("v")))
                .isEqualTo(SheepResult.WAIT_FOR_FORMAT);
        assertThat(call(SheepOpcode.GET_NODE_LIST, 0, new byte[0]))
                .isEqualTo(SheepResult.BUFFER_SMALL);
    }

    @Test
    void refusesVersionsItDoesNotSpeakBeforeLookingAtTheOpcode() throws IOException {
        assertThat(client.call(header(3, 0x7F, 0, 0), new byte[0]).result())
                .isEqualTo(SheepResult.VER_MISMATCH.number());
        assertThat(client.call(header(2, 0x82, 0, 0), new byte[0]).result())
                .isEqualTo(SheepResult.VER_MISMATCH.number());
        assertThat(client.call(header(0x08, 0x82, 0, 0), new byte[0]).result())
                .isEqualTo(SheepResult.VER_MISMATCH.number());
    }

    @Test
    void answersEveryOpcodeThatDoesNotExist() throws IOException {
        format();

        for (int opcode = 0; opcode < 256; opcode++) {
            if (SheepOpcode.of(opcode) == null) {
                int version = opcode < 0x80 ? 2 : 0x0A;
                assertThat(client.call(header(version, opcode, 0, 0), new byte[0])
                                .result())
                        .as("opcode %x", opcode)
                        .isEqualTo(SheepResult.INVALID_PARMS.number());
            }
        }
    }

    @Test
    void saysWhichRequestsThisVersionDoesNotServe() throws IOException {
        format();
        createVdi("v", 8 << 20);

        ByteBuffer snapshot = ByteBuffer.wrap(header(2, SheepOpcode.NEW_VDI.number(), WRITE, 256))
                .order(ByteOrder.LITTLE_ENDIAN);
        snapshot.putInt(32, 1);

        assertThat(client.call(snapshot.array(), name("v")).result())
                .isEqualTo(SheepResult.NO_SUPPORT.number());
        assertThat(call(SheepOpcode.READ_PEER, 0, new byte[0])).isEqualTo(SheepResult.NO_SUPPORT);
    }

    @Test
    void refusesRangesOutsideTheObject() throws IOException {
        format();
        int vdi = createVdi("v", 8 << 20);
        long object = (long) vdi << 32;
        assertThat(write(SheepOpcode.CREATE_AND_WRITE_OBJ, object, 0, new byte[512]))
                .isEqualTo(SheepResult.SUCCESS);

        assertThat(write(SheepOpcode.WRITE_OBJ, object, (4 << 20) - 511, new byte[512]))
                .isEqualTo(SheepResult.INVALID_PARMS);
        assertThat(write(SheepOpcode.WRITE_OBJ, object, 0xFFFFFFFFL, new byte[512]))
                .isEqualTo(SheepResult.INVALID_PARMS);
        assertThat(read(object, 0, (4 << 20) + 1).result())
                .isEqualTo(SheepResult.INVALID_PARMS.number());
        assertThat(read(object, 0, -1).result()).isEqualTo(SheepResult.INVALID_PARMS.number());
        assertThat(read(object + 1, 0, 512).result()).isEqualTo(SheepResult.NO_OBJ.number());
    }

    @Test
    void closesTheConnectionOfAClientThatAnnouncesTooMuch() throws IOException {
        client.send(
                header(2, SheepOpcode.NEW_VDI.number(), WRITE, Integer.MAX_VALUE), new byte[16]);

        assertThat(client.isClosedByServer()).isTrue();
        try (SheepClient other = new SheepClient(port.address())) {
            assertThat(other.call(header(2, SheepOpcode.READ_VDIS.number(), 0, 1), new byte[0])
                            .result())
                    .isEqualTo(SheepResult.INVALID_PARMS.number());
        }
    }

    @Test
    void serveOthersWhileAClientStopsInTheMiddleOfARequest() throws IOException {
        format();
        try (SheepClient silent = new SheepClient(port.address())) {
            silent.send(header(2, SheepOpcode.NEW_VDI.number(), WRITE, 256), new byte[100]);

            createVdi("v", 8 << 20);
        }
        assertThat(call(SheepOpcode.GET_VDI_INFO, WRITE, name("v"))).isEqualTo(SheepResult.SUCCESS);
    }

    @Test
    void answersManyRequestsInFlightEachWithItsId() throws IOException {
        format();
        int vdi = createVdi("v", 64 << 20);
        int requests = 1000;
        for (int i = 0; i < requests; i++) {
            ByteBuffer header =
                    object(SheepOpcode.READ_OBJ, 0, (1L << 63) | (long) vdi << 32, 0, 4664);
            client.send(header.putInt(8, i).array(), new byte[0]);
        }

        Set<Integer> ids = new HashSet<>();
        for (int i = 0; i < requests; i++) {
            Reply reply = client.receive();
            assertThat(reply.result()).isZero();
            ids.add(reply.u32(8));
        }
        assertThat(ids).hasSize(requests);
    }

    @Test
    void keepsWhatAnotherDoorAllocatedWhenAClientWritesAStaleStretchOfTheIndex()
            throws IOException {
        format();
        int vdi = createVdi("v", 64 << 20);
        long inode = (1L << 63) | (long) vdi << 32;
        for (int i = 0; i < 3; i++) {
            write(SheepOpcode.CREATE_AND_WRITE_OBJ, (long) vdi << 32 | i, 0, new byte[512]);
        }
        write(SheepOpcode.WRITE_OBJ, inode, 4664 + 4, words(vdi));

        write(SheepOpcode.WRITE_OBJ, inode, 4664, words(vdi, 0, vdi));

        assertThat(read(inode, 4664, 12).payload()).isEqualTo(words(vdi, vdi, vdi));
    }

    @Test
    void freesTheObjectWhoseIndexEntryAClientClears() throws IOException {
        format();
        int vdi = createVdi("v", 64 << 20);
        long inode = (1L << 63) | (long) vdi << 32;
        write(SheepOpcode.CREATE_AND_WRITE_OBJ, (long) vdi << 32, 0, new byte[512]);
        write(SheepOpcode.WRITE_OBJ, inode, 4664, words(vdi));

        assertThat(write(SheepOpcode.WRITE_OBJ, inode, 4664, words(0)))
                .isEqualTo(SheepResult.SUCCESS);

        assertThat(read((long) vdi << 32, 0, 512).result()).isEqualTo(SheepResult.NO_OBJ.number());
    }

    @Test
    void neverShrinksADiskBecauseAClientsHeaderIsOld() throws IOException {
        format();
        int vdi = createVdi("v", 64 << 20);
        long inode = (1L << 63) | (long) vdi << 32;

        write(SheepOpcode.WRITE_OBJ, inode, 536, words(32 << 20, 0));
        assertThat(read(inode, 536, 8).payload()).isEqualTo(words(64 << 20, 0));

        write(SheepOpcode.WRITE_OBJ, inode, 536, words(96 << 20, 0));
        assertThat(read(inode, 536, 8).payload()).isEqualTo(words(96 << 20, 0));
    }

    @Test
    void flushesForClientsThatAskedForACache() throws IOException {
        format();
        int vdi = createVdi("v", 64 << 20);
        ByteBuffer flush =
                object(SheepOpcode.FLUSH_VDI, CACHE, (1L << 63) | (long) vdi << 32, 0, 0);

        assertThat(client.call(flush.array(), new byte[0]).result()).isZero();
    }

    @Test
    void servesTheWholeInodeOfAFreshVdi() throws IOException {
        format();
        int vdi = createVdi("v", 64 << 20);

        Reply reply = read((1L << 63) | (long) vdi << 32, 0, INODE_PREFIX_BYTES);

        assertThat(reply.payload()).hasSize(INODE_PREFIX_BYTES);
        assertThat(reply.payload()[0]).isEqualTo((byte) 'v');
    }

    @Test
    void refusesAVdiWithoutAName() throws IOException {
        format();

        assertThat(call(SheepOpcode.NEW_VDI, WRITE, new byte[256]))
                .isEqualTo(SheepResult.INVALID_PARMS);
    }

    @Test
    void stopsTheNodeWhenTheClusterIsShutDown() throws IOException {
        format();

        assertThat(call(SheepOpcode.SHUTDOWN, 0, new byte[0])).isEqualTo(SheepResult.SUCCESS);

        await().untilAsserted(() -> assertThat(port.isStopRequested()).isTrue());
        assertThat(call(SheepOpcode.READ_VDIS, 0, new byte[0])).isEqualTo(SheepResult.SHUTDOWN);
    }

    @Test
    void formatsAgainAndForgetsEveryVdi() throws IOException {
        format();
        createVdi("v", 8 << 20);

        format();

        assertThat(call(SheepOpcode.GET_VDI_INFO, WRITE, name("v"))).isEqualTo(SheepResult.NO_VDI);
    }

    @Test
    void hasAnAnswerForEveryError() {
        for (ErrorCode error : ErrorCode.values()) {
            assertThat(ResultCodes.of(error)).as(error.name()).isNotEqualTo(SheepResult.SUCCESS);
        }
    }

    private void format() throws IOException {
        ByteBuffer header = ByteBuffer.wrap(header(0x0A, SheepOpcode.MAKE_FS.number(), WRITE, 6))
                .order(ByteOrder.LITTLE_ENDIAN);
        header.put(32, (byte) 1).putShort(34, (short) 4).put(44, (byte) 22);
        assertThat(client.call(header.array(), "plain\0".getBytes(StandardCharsets.US_ASCII))
                        .result())
                .isZero();
    }

    private int createVdi(String name, long size) throws IOException {
        ByteBuffer header = ByteBuffer.wrap(header(2, SheepOpcode.NEW_VDI.number(), WRITE, 256))
                .order(ByteOrder.LITTLE_ENDIAN);
        Reply reply = client.call(header.putLong(16, size).array(), name(name));
        assertThat(reply.result()).isZero();
        return reply.u32(24);
    }

    private SheepResult call(SheepOpcode opcode, int flags, byte[] payload) throws IOException {
        int version = opcode.number() < 0x80 ? 2 : 0x0A;
        Reply reply = client.call(header(version, opcode.number(), flags, payload.length), payload);
        return result(reply.result());
    }

    private SheepResult write(SheepOpcode opcode, long object, long offset, byte[] payload)
            throws IOException {
        ByteBuffer header = object(opcode, WRITE, object, offset, payload.length);
        return result(client.call(header.array(), payload).result());
    }

    private static SheepResult result(int number) {
        return Objects.requireNonNull(SheepResult.of(number), () -> "unknown result " + number);
    }

    private Reply read(long object, long offset, int length) throws IOException {
        return client.call(
                object(SheepOpcode.READ_OBJ, 0, object, offset, length).array(), new byte[0]);
    }

    private static ByteBuffer object(
            SheepOpcode opcode, int flags, long object, long offset, int length) {
        return ByteBuffer.wrap(header(2, opcode.number(), flags, length))
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(16, object)
                .putInt(40, (int) offset);
    }

    private static byte[] header(int version, int opcode, int flags, int length) {
        return ByteBuffer.allocate(SheepClient.HEADER_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(0, (byte) version)
                .put(1, (byte) opcode)
                .putShort(2, (short) flags)
                .putInt(12, length)
                .array();
    }

    private static byte[] name(String name) {
        return ByteBuffer.allocate(256)
                .put(name.getBytes(StandardCharsets.UTF_8))
                .array();
    }

    private static byte[] words(int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            bytes.putInt(value);
        }
        return bytes.array();
    }
}
