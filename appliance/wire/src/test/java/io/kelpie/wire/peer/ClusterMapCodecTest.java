package io.kelpie.wire.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgEntry;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;

/** Bytes of cluster maps. */
class ClusterMapCodecTest {
    @Test
    void aMapSurvivesTheRoundTrip() {
        ClusterMap map = aMap(256);

        assertThat(ClusterMapCodec.decode(ClusterMapCodec.encode(map))).isEqualTo(map);
    }

    @Test
    void theEmptyMapSurvivesTheRoundTrip() {
        assertThat(ClusterMapCodec.decode(ClusterMapCodec.encode(ClusterMap.EMPTY)))
                .isEqualTo(ClusterMap.EMPTY);
    }

    @Test
    void theLargestNumberOfGroupsFits() {
        ClusterMap map = aMap(1 << 14);

        assertThat(ClusterMapCodec.decode(ClusterMapCodec.encode(map)).groups()).hasSize(1 << 14);
    }

    @Test
    void everyFlippedBitIsNoticed() {
        byte[] bytes = ClusterMapCodec.encode(aMap(4));

        for (int bit = 0; bit < bytes.length * 8; bit++) {
            byte[] damaged = bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThatThrownBy(() -> ClusterMapCodec.decode(damaged))
                    .isInstanceOf(PeerFormatException.class);
        }
    }

    @Test
    void everyTruncatedMapIsRefused() {
        byte[] bytes = ClusterMapCodec.encode(aMap(4));

        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> ClusterMapCodec.decode(cut))
                    .isInstanceOf(PeerFormatException.class);
        }
    }

    @Test
    void anAbsurdlyLongMapIsRefusedUnread() {
        assertThatThrownBy(() -> ClusterMapCodec.decode(new byte[ClusterMapCodec.MAX_BYTES + 1]))
                .hasMessageContaining("4194305 bytes");
    }

    /** A map of one node as version 0.1 wrote it into stores that people have. */
    @Test
    void aMapOfTheFirstFormatIsStillRead() {
        byte[] old = HexFormat.of()
                .parseHex("4b4d4150" + "0001" + "0001" // magic, format, running
                        + "0000000000000005" + "00000001" + "0000000000000007"
                        + "000000000000002a" + "00000004" + "01" + "16" + "05" + "706c61696e"
                        + "0001" + "0000" // one member, its index
                        + "0000000000000001" + "0000000000000002" + "0000000000000003"
                        + "0000000000000000" + "000000007f000001" + "1b58"
                        + "0100007f" + "0000000a"
                        + "0001" + "0000000000000004" + "00000000" + "01" + "0000" + "00"
                        + "00000000");
        CRC32C checksum = new CRC32C();
        checksum.update(old, 0, old.length - 4);
        ByteBuffer.wrap(old).putInt(old.length - 4, (int) checksum.getValue());

        ClusterMap map = ClusterMapCodec.decode(old);

        Endpoint endpoint = new Endpoint(0, 0x7F000001, 7000);
        assertThat(map)
                .isEqualTo(new ClusterMap(
                        5,
                        1,
                        7,
                        ClusterStatus.RUNNING,
                        new ClusterSettings(42, ClusterSettings.FLAG_AUTO_VNODES, 1, 22, "plain"),
                        List.of(new Member(0, new NodeId(1, 2), 3, endpoint, 0x0100007F, 10)),
                        List.of(new PgEntry(4, 0, List.of(0), List.of()))));
    }

    static ClusterMap aMap(int groups) {
        List<PgEntry> entries = new ArrayList<>();
        for (int i = 0; i < groups; i++) {
            entries.add(
                    i % 3 == 0
                            ? new PgEntry(i, PgEntry.NONE, List.of(0), List.of())
                            : new PgEntry(
                                    i + 1, 1, List.of(1, 0), List.of(65535), List.of(0, 65535)));
        }
        List<Member> members = List.of(
                new Member(0, new NodeId(1, 2), 3, new Endpoint(0, 0x7F000001, 7000), 16777343, 10),
                new Member(
                        1,
                        new NodeId(-1, -2),
                        7,
                        new Endpoint(5, -6, 65535),
                        new Endpoint(0, 0x0A000001, 7001),
                        -1,
                        0,
                        MemberState.DRAIN,
                        8));
        return new ClusterMap(
                9,
                2,
                77,
                ClusterStatus.RUNNING,
                ClusterMap.FLAG_NO_OUT,
                new ClusterSettings(123456789L, ClusterSettings.FLAG_STRICT, 3, 22, "plain"),
                members,
                entries);
    }
}
