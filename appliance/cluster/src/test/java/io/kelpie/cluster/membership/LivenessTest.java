package io.kelpie.cluster.membership;

import static io.kelpie.cluster.membership.Cluster.MILLI;
import static io.kelpie.cluster.membership.Cluster.SECOND;
import static io.kelpie.cluster.membership.Cluster.id;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.LivenessMessage.HeartbeatReply;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Peers.Location;
import io.kelpie.cluster.port.Ports;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

final class LivenessTest {
    private static final ClusterTimes TIMES = ClusterTimes.DEFAULT;

    private final Cluster cluster = Cluster.formatted(3, 3);
    private final Liveness holder = cluster.node(1).watch.liveness();
    private final Liveness giver = cluster.node(2).watch.liveness();
    private final long version = cluster.map().version();

    private boolean isHeld() {
        return holder.isHeld(version, version, List.of(id(2), id(3)));
    }

    @Test
    void leaseIsHeldWhileAllGiversAnswer() {
        cluster.pass(60 * SECOND);

        assertThat(isHeld()).isTrue();
    }

    @Test
    void withNobodyToAskTheLeaseIsEndless() {
        cluster.hang(1);
        cluster.pass(60 * SECOND);

        assertThat(holder.isHeld(version, version, List.of())).isTrue();
    }

    @Test
    void leaseEndsWhenOneGiverFallsSilentBeforeThatOneIsFree() {
        cluster.network.hang(id(2), true);
        long end = cluster.loop.nanos() + TIMES.leaseNanos();
        while (isHeld()) {
            cluster.pass(MILLI);
        }

        assertThat(cluster.loop.nanos()).isLessThanOrEqualTo(end);
        assertThat(giver.boundUntil(id(1))).isGreaterThan(cluster.loop.nanos());
    }

    @Test
    void giverThatNeverGrantedIsFree() {
        assertThat(giver.boundUntil(id(9))).isLessThanOrEqualTo(cluster.loop.nanos());
    }

    @Test
    void grantUnderAnOlderMapThanTheGroupDoesNotCount() {
        assertThat(holder.isHeld(version + 1, version + 1, List.of(id(2)))).isFalse();
    }

    @Test
    void grantUnderANewerMapThanTheHoldersDoesNotCount() {
        assertThat(holder.isHeld(version - 1, version - 1, List.of(id(2)))).isFalse();
    }

    @Test
    void nobodyKnownAsGiverMeansNoLease() {
        assertThat(holder.isHeld(version, version, List.of(id(9)))).isFalse();
    }

    @Test
    void answersOfAnEarlierLifeDoNotCount() {
        cluster.kill(2);
        cluster.start(2);
        cluster.pass(SECOND);
        long now = cluster.map().version();
        cluster.kill(2);
        cluster.pass(2 * SECOND);

        holder.onReply(
                new PeerId(id(2), 1), new HeartbeatReply(cluster.loop.nanos(), now, 5, 1, 1));

        assertThat(holder.isHeld(now, now, List.of(id(2)))).isFalse();
    }

    @Test
    void answerToAHeartbeatOfAnEarlierLifeIsNoGrant() {
        cluster.hang(1);
        cluster.pass(2 * SECOND);

        holder.onReply(
                new PeerId(id(2), 1),
                new HeartbeatReply(cluster.loop.nanos() + 1, version, 5, 1, 1));

        assertThat(holder.isHeld(version, version, List.of(id(2)))).isFalse();
    }

    @Test
    void freshProcessTakesPartInNoTakeoverForTheTimeAGrantBinds() {
        long start = cluster.loop.nanos();

        Liveness fresh = cluster.start(4).watch.liveness();

        assertThat(fresh.quarantineEnd()).isEqualTo(start + TIMES.boundNanos());
        assertThat(TIMES.boundNanos()).isEqualTo(1580 * MILLI);
    }

    @Test
    void withoutTheBootWaitItTakesPartAtOnce() {
        Cluster mutant = new Cluster(Cluster.config().without(Mutation.NO_BOOT_WAIT));

        assertThat(mutant.start(1).watch.liveness().quarantineEnd()).isZero();
    }

    @Test
    void taskRunsAfterTheNextGrantAndNotInsideTheCall() {
        int[] ran = new int[1];

        holder.afterNextGrant(() -> ran[0]++);

        assertThat(ran[0]).isZero();
        cluster.pass(300 * MILLI);
        assertThat(ran[0]).isEqualTo(1);
    }

    @Test
    void taskRunsWithoutAnyGrantWhenALeaseHasPassed() {
        int[] ran = new int[1];
        cluster.hang(1);
        cluster.pass(100 * MILLI);

        holder.afterNextGrant(() -> ran[0]++);
        cluster.pass(TIMES.leaseNanos() - 1);
        assertThat(ran[0]).isZero();
        cluster.pass(1);

        assertThat(ran[0]).isEqualTo(1);
    }

    @Test
    void peersShowRoundTripMapAndSpace() {
        assertThat(holder.peers()).hasSize(2).allSatisfy(peer -> {
            assertThat(peer.roundTripNanos()).isEqualTo(2 * MILLI);
            assertThat(peer.mapVersion()).isEqualTo(version);
            assertThat(peer.totalBytes()).isPositive();
            assertThat(peer.silentNanos()).isLessThan(TIMES.heartbeatNanos() + 2 * MILLI);
        });
    }

    @Test
    void closedProcessGrantsNothing() {
        long before = giver.boundUntil(id(1));
        cluster.node(2).watch.close();

        cluster.pass(SECOND);

        assertThat(giver.boundUntil(id(1))).isEqualTo(before);
    }

    @Test
    void whoWasAnnouncedBeforeTheStartIsLookedForAtTheStart() {
        List<List<Location>> located = new ArrayList<>();
        Ports ports = cluster.node(1).ports;
        Peers recorder = new Peers() {
            @Override
            public void send(NodeId to, PeerMessage message) {
                message.release();
            }

            @Override
            public void locate(List<Location> nodes) {
                located.add(nodes);
            }

            @Override
            public void listen(Listener listener) {}
        };
        Ports recorded = new Ports(
                ports.clock(),
                ports.timers(),
                ports.entropy(),
                ports.payloads(),
                ports.store(),
                ports.coordinator(),
                recorder,
                ports.tracer());
        Liveness early = new ClusterWatch(
                        recorded, new PeerId(id(9), 1), Cluster.config(), cluster.node(1))
                .liveness();
        Endpoint endpoint = new Endpoint(0, 0x7F000002L, 7000);

        early.onAnnounced(
                List.of(new Announcement(new PeerId(id(2), 1), endpoint, endpoint, 2, 1, 0, true)));
        // Meanwhile the loading of events says where to look, and would be contradicted.
        assertThat(located).isEmpty();
        early.start();

        assertThat(located).containsExactly(List.of(new Location(id(2), endpoint)));
    }
}
