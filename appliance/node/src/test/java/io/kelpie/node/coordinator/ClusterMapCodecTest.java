package io.kelpie.node.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgEntry;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** Bytes of cluster maps. */
class ClusterMapCodecTest {
    @Test
    void aMapSurvivesTheRoundTrip() throws Exception {
        ClusterMap map = aMap(256);

        assertThat(ClusterMapCodec.decode(ClusterMapCodec.encode(map))).isEqualTo(map);
    }

    @Test
    void theEmptyMapSurvivesTheRoundTrip() throws Exception {
        assertThat(ClusterMapCodec.decode(ClusterMapCodec.encode(ClusterMap.EMPTY)))
                .isEqualTo(ClusterMap.EMPTY);
    }

    @Test
    void theLargestNumberOfGroupsFits() throws Exception {
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
                    .isInstanceOf(MapDamagedException.class);
        }
    }

    @Test
    void everyTruncatedMapIsRefused() {
        byte[] bytes = ClusterMapCodec.encode(aMap(4));

        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> ClusterMapCodec.decode(cut))
                    .isInstanceOf(MapDamagedException.class);
        }
    }

    @Test
    void anAbsurdlyLongMapIsRefusedUnread() {
        assertThatThrownBy(() -> ClusterMapCodec.decode(new byte[ClusterMapCodec.MAX_BYTES + 1]))
                .hasMessageContaining("4194305 bytes");
    }

    static ClusterMap aMap(int groups) {
        List<PgEntry> entries = new ArrayList<>();
        for (int i = 0; i < groups; i++) {
            entries.add(
                    i % 3 == 0
                            ? new PgEntry(i, PgEntry.NONE, List.of(0), List.of())
                            : new PgEntry(i + 1, 1, List.of(1, 0), List.of(65535)));
        }
        List<Member> members = List.of(
                new Member(0, new NodeId(1, 2), 3, new Endpoint(0, 0x7F000001, 7000), 16777343, 10),
                new Member(1, new NodeId(-1, -2), 7, new Endpoint(5, -6, 65535), -1, 0));
        return new ClusterMap(
                9,
                2,
                77,
                ClusterStatus.RUNNING,
                new ClusterSettings(123456789L, ClusterSettings.FLAG_STRICT, 3, 22, "plain"),
                members,
                entries);
    }
}
