package io.kelpie.wire.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.message.ControlMessage.AddLearner;
import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.GatewayMessage.Response;
import io.kelpie.cluster.message.GroupMessage.Query;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.message.LivenessMessage.Heartbeat;
import io.kelpie.cluster.message.LivenessMessage.StateUpdate;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.PeerMessage;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;

/** Messages as frames and back. {@code -Dkelpie.seed} repeats, {@code -Dkelpie.rounds} goes on. */
class PeerCodecTest {
    private static final long SEED = Long.getLong("kelpie.seed", System.nanoTime());
    private static final int ROUNDS = Integer.getInteger("kelpie.rounds", 20_000);
    private static final String REPEAT = "-Dkelpie.seed=" + SEED;

    /** Payloads that the decoder made, to see that none is left over. */
    private final List<ArrayPayload> made = new ArrayList<>();

    @Test
    void everyMessageSurvivesTheRoundTrip() {
        RandomMessages messages = new RandomMessages(SEED);
        for (Class<?> type : RandomMessages.TYPES) {
            for (int round = 0; round < 100; round++) {
                PeerMessage message = messages.of(type);

                assertThat(decode(PeerEncoder.encode(message).toBytes()))
                        .as("%s %s", type.getSimpleName(), REPEAT)
                        .usingRecursiveComparison()
                        .isEqualTo(message);
            }
        }
    }

    @Test
    void anyDamageIsRefusedAndNoPayloadLeftOver() {
        RandomMessages messages = new RandomMessages(SEED);
        Random random = new Random(SEED);
        for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes = PeerEncoder.encode(messages.any()).toBytes();
            byte[] damaged = random.nextInt(4) == 0
                    ? Arrays.copyOf(bytes, random.nextInt(bytes.length))
                    : flipped(bytes, random);

            assertThatThrownBy(() -> decode(damaged))
                    .as(REPEAT)
                    .isInstanceOf(PeerFormatException.class);
        }
        assertThat(made).allMatch(payload -> payload.references() == 0);
    }

    /** What a sender with a fault would send: wrong content under right checksums. */
    @Test
    void wrongContentUnderRightChecksumsIsRefusedOrHarmless() {
        RandomMessages messages = new RandomMessages(SEED);
        Random random = new Random(SEED);
        for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes = PeerEncoder.encode(messages.any()).toBytes();
            byte[] damaged = resealed(flipped(bytes, random));
            made.clear();

            try {
                decode(damaged).release();
            } catch (PeerFormatException expected) {
                assertThat(expected).hasMessageMatching("(?s).+");
            }
            assertThat(made).as(REPEAT).allMatch(payload -> payload.references() == 0);
        }
    }

    @Test
    void garbageIsRefused() {
        Random random = new Random(SEED);
        for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);

            assertThatThrownBy(() -> decode(bytes)).isInstanceOf(PeerFormatException.class);
        }
    }

    @Test
    void payloadsAreNotCopiedOnTheWayOut() {
        ArrayPayload payload = new ArrayPayload(new byte[5000]);

        EncodedFrame frame = PeerEncoder.encode(new Response(7, new Answer.Bytes(payload)));

        assertThat(frame.data()).singleElement().isSameAs(payload);
        assertThat(payload.references()).isOne();
        assertThat(frame.head().remaining()).isEqualTo(53);
        assertThat(frame.length()).isEqualTo(5053);
    }

    @Test
    void whatIsTooLongIsNotEncoded() {
        assertThatThrownBy(() -> PeerEncoder.encode(new StateUpdate(new byte[(64 << 20) + 1])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("67108865 elements where at most 67108864");
    }

    @Test
    void aLengthBeyondTheTypesLimitIsRefusedUnread() {
        byte[] header = Arrays.copyOf(
                PeerEncoder.encode(new Query(new PgId(1), 2)).toBytes(), PeerHeader.BYTES);
        ByteBuffer words = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        words.putInt(0, 4097).putInt(36, checksum(header, 0, 36));

        assertThatThrownBy(() -> PeerHeader.decode(words))
                .isInstanceOf(PeerFormatException.class)
                .hasMessage("a QUERY of 4097 bytes; allowed are 8 to 4096");
    }

    @Test
    void anUnknownTypeIsRefused() {
        byte[] header = Arrays.copyOf(
                PeerEncoder.encode(new Query(new PgId(1), 2)).toBytes(), PeerHeader.BYTES);
        ByteBuffer words = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        words.putShort(4, (short) 999).putInt(36, checksum(header, 0, 36));

        assertThatThrownBy(() -> PeerHeader.decode(words))
                .isInstanceOf(PeerFormatException.class)
                .hasMessage("a frame of the unknown type 999");
    }

    @Test
    void typesHaveDifferentNumbers() {
        assertThat(Arrays.stream(PeerType.values()).map(PeerType::code)).doesNotHaveDuplicates();
    }

    @Test
    void helloSurvivesTheRoundTrip() {
        Hello hello =
                new Hello(1, 9, new PeerId(new NodeId(1, -2), 3), 4, 5, new NodeId(-6, 7), 8, 63);
        byte[] bytes = hello.encode().toBytes();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        PeerHeader header = PeerHeader.decode(in);

        assertThat(Hello.decode(header, in)).isEqualTo(hello);
    }

    @Test
    void closeSurvivesTheRoundTrip() {
        for (Close.Reason reason : Close.Reason.values()) {
            Close close = new Close(reason, "for a reason, \u00e9");
            ByteBuffer in = ByteBuffer.wrap(close.encode().toBytes());
            PeerHeader header = PeerHeader.decode(in);

            assertThat(Close.decode(header, in)).isEqualTo(close);
        }
    }

    @Test
    void helloFindsTheHighestCommonVersion() {
        assertThat(hello(1, 3, 0).versionWith(hello(2, 5, 0))).isEqualTo(3);
        assertThat(hello(2, 5, 0).versionWith(hello(1, 3, 0))).isEqualTo(3);
        assertThat(hello(1, 2, 0).versionWith(hello(3, 4, 0))).isZero();
        assertThat(hello(3, 4, 0).versionWith(hello(1, 2, 0))).isZero();
    }

    @Test
    void helloTellsClustersApart() {
        assertThat(hello(1, 1, 5).isOfSameCluster(hello(1, 1, 5))).isTrue();
        assertThat(hello(1, 1, 5).isOfSameCluster(hello(1, 1, 0))).isTrue();
        assertThat(hello(1, 1, 0).isOfSameCluster(hello(1, 1, 5))).isTrue();
        assertThat(hello(1, 1, 5).isOfSameCluster(hello(1, 1, 6))).isFalse();
    }

    /** Frames as they were when the layout was laid down: nodes of other versions rely on it. */
    @Test
    void framesKeepTheirBytes() {
        assertGolden(
                new Heartbeat(1, 2, 3, 4),
                "20000000 1000 0000 0000000000000000 0200000000000000 00000000"
                        + "0000000000000000 HHHHHHHH CCCCCCCC 18000000"
                        + "0100000000000000 0300000000000000 0400000000000000");
        assertGolden(
                new AddLearner(new PgId(0x123), 0x45, 6),
                "0c000000 2100 0000 0000000000000000 0000000000000000 23010000"
                        + "4500000000000000 HHHHHHHH CCCCCCCC 04000000 06000000");
        assertGolden(
                new Response(9, new Answer.Bytes(new ArrayPayload(new byte[] {1, 2, 3}))),
                "10000000 3100 0000 0900000000000000 0000000000000000 00000000"
                        + "0000000000000000 HHHHHHHH CCCCCCCC 05000000 02 03000000 010203");
        assertGolden(
                new Replicate(
                        new PgId(1),
                        2,
                        3,
                        new ObjectVersion(4, 5),
                        new ObjectVersion(6, 7),
                        null,
                        8,
                        ObjectChange.write(
                                new ObjectId(0x1122),
                                List.of(
                                        Piece.of(4096, new ArrayPayload(new byte[] {9})),
                                        Piece.zeros(0, 512)),
                                true)),
                "6e000000 4000 0000 0000000000000000 0000000000000000 01000000"
                        + "0200000000000000 HHHHHHHH CCCCCCCC 65000000"
                        + "0300000000000000 0400000000000000 0500000000000000"
                        + "0600000000000000 0700000000000000 00 0800000000000000"
                        + "2211000000000000 00 0000000000000000 01"
                        + "02000000 0010000000000000 01 01000000"
                        + "0000000000000000 00 0002000000000000 09");
    }

    private static void assertGolden(PeerMessage message, String layout) {
        String zeroed = layout.replace(" ", "").replaceAll("[HC]{8}", "00000000");
        byte[] expected = resealed(HexFormat.of().parseHex(zeroed));

        assertThat(HexFormat.of().formatHex(PeerEncoder.encode(message).toBytes()))
                .isEqualTo(HexFormat.of().formatHex(expected));
    }

    private static Hello hello(int min, int max, long cluster) {
        return new Hello(
                min, max, new PeerId(new NodeId(1, 2), 3), 0, cluster, new NodeId(4, 5), 1, 0);
    }

    private PeerMessage decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        PeerHeader header = PeerHeader.decode(in);
        return PeerDecoder.decode(header, in, (offset, length) -> {
            int from = PeerHeader.BYTES + offset;
            ArrayPayload payload = new ArrayPayload(Arrays.copyOfRange(bytes, from, from + length));
            made.add(payload);
            return payload;
        });
    }

    private static byte[] flipped(byte[] bytes, Random random) {
        byte[] damaged = bytes.clone();
        int bit = random.nextInt(bytes.length * 8);
        damaged[bit / 8] ^= (byte) (1 << (bit % 8));
        return damaged;
    }

    private static byte[] resealed(byte[] frame) {
        ByteBuffer words = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
        words.putInt(40, checksum(frame, 44, frame.length)).putInt(36, checksum(frame, 0, 36));
        return frame;
    }

    private static int checksum(byte[] bytes, int from, int to) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, from, to - from);
        return (int) checksum.getValue();
    }
}
