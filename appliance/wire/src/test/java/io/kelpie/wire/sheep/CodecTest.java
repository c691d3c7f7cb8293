package io.kelpie.wire.sheep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/** What the codecs do with strange input, and the small records. */
final class CodecTest {
    private static final List<Consumer<ByteBuffer>> DECODERS = List.of(
            RequestHeader::decode,
            ResponseHeader::decode,
            NamePayload::decode,
            NodeIdRecord::decode,
            NodeRecord::decode,
            NodeRecord::decodeList,
            ClusterInfoRecord::decode,
            buffer -> EpochLogRecord.decode(buffer, 3),
            VdiStateRecord::decode,
            StatRecord::decode,
            RecoveryStateRecord::decode,
            RecoveryThrottleRecord::decode,
            MdInfoRecord::decode,
            buffer -> SheepName.decode(buffer, 16));

    @Test
    void randomBytesThrowNothingButTheCodecsOwnError() {
        long seed = Long.getLong("kelpie.seed", System.nanoTime());
        Random random = new Random(seed);
        for (int round = 0; round < 400; round++) {
            byte[] bytes = new byte
                    [random.nextInt(8) == 0 ? random.nextInt(500_000) : random.nextInt(2000)];
            random.nextBytes(bytes);
            for (Consumer<ByteBuffer> decoder : DECODERS) {
                assertThat(failure(decoder, bytes))
                        .as("repeat with -Dkelpie.seed=" + seed)
                        .isIn(null, SheepFormatException.class);
            }
        }
    }

    private static @Nullable Object failure(Consumer<ByteBuffer> decoder, byte[] bytes) {
        try {
            decoder.accept(ByteBuffer.wrap(bytes));
            return null;
        } catch (RuntimeException e) {
            return e.getClass();
        }
    }

    @Test
    void refusesAHeaderThatIsOneByteShort() {
        assertThatThrownBy(() -> RequestHeader.decode(ByteBuffer.allocate(47)))
                .isInstanceOf(SheepFormatException.class)
                .hasMessage("a header needs 48 bytes, but only 47 are there");
    }

    @Test
    void announcesAPayloadOnlyWithTheWriteFlag() {
        RequestHeader read = new RequestHeader(2, 2, 0, 0, 0, 4096, HeaderWords.ZERO);
        RequestHeader write =
                new RequestHeader(2, 3, SheepFlags.WRITE, 0, 0, 4096, HeaderWords.ZERO);

        assertThat(read.payloadBytes()).isZero();
        assertThat(write.payloadBytes()).isEqualTo(4096);
    }

    @Test
    void readsAndReplacesEveryFieldOfTheWords() {
        HeaderWords words = HeaderWords.ZERO
                .with64(16, 0x1122334455667788L)
                .with32(28, 0xFFFFFFFFL)
                .with16(34, 0xABCD)
                .with8(47, 0x7F);

        assertThat(words.u8(16)).isEqualTo(0x88);
        assertThat(words.u16(18)).isEqualTo(0x5566);
        assertThat(words.u32(28)).isEqualTo(0xFFFFFFFFL);
        assertThat(words.i32(28)).isEqualTo(-1);
        assertThat(words.u32(24)).isZero();
        assertThat(words.u16(34)).isEqualTo(0xABCD);
        assertThat(words.u64(40)).isEqualTo(0x7FL << 56);
        assertThat(words.with64(16, 0).u64(16)).isZero();
    }

    @Test
    void refusesAnOffsetOutsideTheWords() {
        assertThatThrownBy(() -> HeaderWords.ZERO.u32(48))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> HeaderWords.ZERO.u8(15))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void cutsNamesAtTheFirstNulAndAt255Bytes() {
        assertThat(SheepName.of("ab\0cd")).isEqualTo(SheepName.of("ab"));
        assertThat(SheepName.of("n".repeat(300)).length()).isEqualTo(255);
        assertThat(SheepName.of("é").bytes()).hasSize(2);
        assertThat(SheepName.EMPTY.isEmpty()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"255", "257", "0", "511", "1024"})
    void refusesNamePayloadsOfOtherLengths(int length) {
        assertThatThrownBy(() -> NamePayload.decode(ByteBuffer.allocate(length)))
                .isInstanceOf(SheepFormatException.class)
                .hasMessageContaining("not " + length);
    }

    @Test
    void refusesMoreNodesThanSlots() {
        ByteBuffer record = ByteBuffer.allocate(48 + 80);
        record.put(20, (byte) 2);

        assertThatThrownBy(() -> EpochLogRecord.decode(record, 1))
                .isInstanceOf(SheepFormatException.class)
                .hasMessage("epoch log says 2 nodes in 1 slots");
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 127.0.0.1",
        "::1, ::1",
        "fe80::1:0:0:2, fe80::1:0:0:2",
        "2001:db8:0:1:2:3:4:5, 2001:db8:0:1:2:3:4:5",
        "2001:db8::, 2001:db8::",
        "::, ::"
    })
    void printsAddressesInTheirShortestForm(String host, String text)
            throws java.net.UnknownHostException {
        byte[] bytes = java.net.InetAddress.getByName(host).getAddress();
        NodeAddress address = NodeAddress.of(bytes, 7000);

        assertThat(address.host()).isEqualTo(text);
        assertThat(address).hasToString(text + ":7000");
        assertThat(NodeAddress.of(address.addressBytes(), 7000)).isEqualTo(address);
    }

    @Test
    void ordersAddressesAsNodeListsAre() {
        NodeAddress low = NodeAddress.of(new byte[] {10, 0, 0, 1}, 7001);
        NodeAddress high = NodeAddress.of(new byte[] {(byte) 192, 0, 0, 1}, 7000);
        NodeAddress lowest = NodeAddress.of(new byte[] {10, 0, 0, 1}, 7000);

        List<NodeAddress> sorted = new ArrayList<>(List.of(high, low, lowest));
        sorted.sort(null);

        assertThat(sorted).containsExactly(lowest, low, high);
    }

    @Test
    void derivesTheZoneFromTheAddress() {
        assertThat(NodeAddress.of(new byte[] {127, 0, 0, 1}, 7000).defaultZone())
                .isEqualTo(16_777_343);
    }

    @Test
    void knowsTheWordsOfResults() {
        assertThat(SheepResult.textOf(0x16)).isEqualTo("Waiting for cluster to be formatted");
        assertThat(SheepResult.textOf(0x92)).isEqualTo("Invalid error code 92");
        assertThat(SheepResult.textOf(-1)).isEqualTo("Invalid error code ffffffff");
        assertThat(SheepResult.of(0x1B)).isNull();
    }

    @Test
    void knowsClassAndForceOfOpcodes() {
        assertThat(SheepOpcode.of(0x82)).isEqualTo(SheepOpcode.GET_NODE_LIST);
        assertThat(SheepOpcode.GET_NODE_LIST.isForce()).isTrue();
        assertThat(SheepOpcode.NEW_VDI.operationClass()).isEqualTo(OperationClass.CLUSTER);
        assertThat(SheepOpcode.NEW_VDI.isInternal()).isFalse();
        assertThat(SheepOpcode.of(0xAD)).isNull();
        assertThat(SheepOpcode.of(0xFF)).isNull();
    }
}
