package io.kelpie.node.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.PgEntry;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Maps within ZooKeeper's bounds. */
class MapRecordTest {
    @Test
    void keepsASmallMapAsItIs() throws Exception {
        ClusterMap map = CoordinatorContract.next(ClusterMap.EMPTY, 1);

        byte[] record = MapRecord.encode(map);

        assertThat(record).startsWith('K', 'M', 'A', 'P');
        assertThat(MapRecord.decode(record)).isEqualTo(map);
    }

    @Test
    void deflatesALargeMap() throws Exception {
        ClusterMap map = withGroups(Collections.nCopies(
                1 << 14, new PgEntry(1, 0, List.of(0, 1, 2), List.of(3), List.of(0, 1, 2))));

        byte[] record = MapRecord.encode(map);

        assertThat(record)
                .hasSizeLessThan(MapRecord.MAX_PLAIN_BYTES)
                .startsWith('K', 'M', 'A', 'Z');
        assertThat(MapRecord.decode(record)).isEqualTo(map);
    }

    @Test
    void refusesAMapThatZooKeeperCannotKeep() {
        Random random = new Random(1);
        List<PgEntry> groups = new ArrayList<>();
        for (int i = 0; i < 1 << 14; i++) {
            List<Integer> sync = random.ints(31, 0, 1 << 16).boxed().toList();
            groups.add(new PgEntry(random.nextLong() >>> 1, sync.get(0), sync, List.of(), sync));
        }

        assertThatThrownBy(() -> MapRecord.encode(withGroups(groups)))
                .isInstanceOfSatisfying(
                        CallFailedException.class,
                        failure -> assertThat(failure.error()).isEqualTo(ErrorCode.NO_SPACE))
                .hasMessageContaining("16384 placement groups")
                .hasMessageContaining("format with fewer partitions");
    }

    @Test
    void refusesADamagedRecord() throws Exception {
        ClusterMap map = withGroups(Collections.nCopies(
                1 << 14, new PgEntry(1, 0, List.of(0, 1, 2), List.of(3), List.of(0, 1, 2))));
        byte[] record = MapRecord.encode(map);
        for (int cut : new int[] {0, 4, 8, 100, record.length / 2}) {
            assertThatThrownBy(() -> MapRecord.decode(java.util.Arrays.copyOf(record, cut)))
                    .isInstanceOf(CallFailedException.class);
        }
        for (int flipped : new int[] {5, 7, 9, record.length / 2}) {
            byte[] damaged = record.clone();
            damaged[flipped] ^= 0x55;
            assertThatThrownBy(() -> MapRecord.decode(damaged))
                    .isInstanceOf(CallFailedException.class);
        }
    }

    private static ClusterMap withGroups(List<PgEntry> groups) {
        ClusterMap small = CoordinatorContract.next(ClusterMap.EMPTY, 1);
        return new ClusterMap(1, 1, 0, small.status(), small.settings(), small.members(), groups);
    }
}
