package io.kelpie.cluster.membership;

import static io.kelpie.cluster.membership.Cluster.SECOND;
import static io.kelpie.cluster.membership.Cluster.id;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.PgEntry;

import org.junit.jupiter.api.Test;

final class ControllerTest {
    @Test
    void nodesFormatAndGetTheirShares() {
        Cluster cluster = Cluster.formatted(3, 2);

        ClusterMap map = cluster.map();
        assertThat(map.members()).hasSize(3);
        assertThat(map.epoch()).isEqualTo(1);
        assertThat(map.groups()).hasSize(16).allMatch(group -> group.sync().size() == 2);
        assertThat(cluster.node(2).map).isEqualTo(map);
    }

    @Test
    void killedNodeIsEvictedWithinHalfSecondWhereItsHostRefuses() {
        Cluster cluster = Cluster.formatted(3, 3);

        cluster.kill(3);
        cluster.pass(SECOND / 2);

        assertThat(state(cluster, 3)).isEqualTo(MemberState.DOWN);
        assertThat(cluster.map().groups()).allMatch(group -> group.sync().size() == 2);
        assertThat(cluster.map().groups()).allMatch(group -> group.primary() != PgEntry.NONE);
        assertThat(cluster.map().epoch()).isEqualTo(2);
    }

    private static MemberState state(Cluster cluster, int number) {
        var member = cluster.map().memberOf(id(number));
        assertThat(member).isNotNull();
        return member.state();
    }
}
