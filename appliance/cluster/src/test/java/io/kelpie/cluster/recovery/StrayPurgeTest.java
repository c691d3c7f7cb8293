package io.kelpie.cluster.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Coordinator.SwapOutcome;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.Loop;
import io.kelpie.cluster.testing.MemoryCoordinator;
import io.kelpie.cluster.testing.MemoryStore;
import io.kelpie.cluster.testing.Payloads;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** Member 2 holds copies of group 0 and of group 9, which is beyond the groups of the map. */
final class StrayPurgeTest {
    private static final long MINUTE = 60_000_000_000L;
    private static final ObjectId STRAY = ObjectId.data(new VdiId(3), 0);
    private static final ObjectId BEYOND = ObjectId.data(new VdiId(3), 1);
    private static final List<Integer> OTHERS = List.of(0, 1);

    private final Loop loop = new Loop();
    private final Payloads payloads = new Payloads();
    private final MemoryStore store = new MemoryStore(loop, payloads);
    private final MemoryCoordinator coordinator = new MemoryCoordinator(loop);
    private StrayPurge purge = purge(RecoveryConfig.DEFAULT);

    private StrayPurge purge(RecoveryConfig config) {
        return new StrayPurge(
                new Ports(
                        loop,
                        loop,
                        () -> 4,
                        payloads,
                        store,
                        coordinator,
                        Peers.NONE,
                        (level, text) -> {}),
                config);
    }

    private void hold(int partition, ObjectId object) {
        store.write(
                new StoreBatch(
                        List.of(new StoreOperation.Create(
                                new PgId(partition), object, 4096, new ObjectVersion(1, 1))),
                        true),
                new Ended<Outcome>());
    }

    /** A map that is in force, and installed here if asked for. */
    private void show(boolean installed, MemberState stateOfFirst, PgEntry entry) {
        long version = coordinator.map().version() + 1;
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            members.add(Classroom.member(i, new NodeId(i + 1, 1))
                    .inState(i == 0 ? stateOfFirst : MemberState.UP, version));
        }
        ClusterMap map = new ClusterMap(
                version,
                1,
                0,
                ClusterStatus.RUNNING,
                new ClusterSettings(1, 0, 2, 22, ""),
                members,
                List.of(entry));
        coordinator.swapMap(version - 1, map, new Ended<SwapOutcome>());
        if (installed) {
            purge.onMap(map, members.get(2));
        }
    }

    private static PgEntry complete(long epoch) {
        return new PgEntry(epoch, 0, OTHERS, List.of(), OTHERS);
    }

    @Test
    void keepsStraysForTheirTimeAndThenDropsThem() {
        hold(0, STRAY);
        show(true, MemberState.UP, complete(3));

        loop.pass(9 * MINUTE);
        assertThat(store.has(STRAY)).isTrue();

        loop.pass(2 * MINUTE);
        assertThat(store.has(STRAY)).isFalse();
        assertThat(purge.dropped()).isEqualTo(1);
    }

    @Test
    void dropsGroupsThatNoMapWillNameAgain() {
        hold(9, BEYOND);
        show(true, MemberState.UP, new PgEntry(3, 2, List.of(2), List.of(), List.of(2)));

        loop.pass(11 * MINUTE);

        assertThat(store.has(BEYOND)).isFalse();
    }

    @Test
    void keepsWhatItHoldsOrShallHold() {
        hold(0, STRAY);
        show(true, MemberState.UP, new PgEntry(3, 2, List.of(2), List.of(), List.of(2)));
        loop.pass(20 * MINUTE);
        show(true, MemberState.UP, new PgEntry(4, 0, OTHERS, List.of(2), OTHERS));
        loop.pass(20 * MINUTE);
        show(true, MemberState.UP, new PgEntry(5, 0, OTHERS, List.of(), List.of(0, 1, 2)));
        loop.pass(20 * MINUTE);

        assertThat(store.has(STRAY)).isTrue();
    }

    @Test
    void keepsStraysWhileTheGroupIsNotCompleteElsewhere() {
        hold(0, STRAY);
        show(true, MemberState.UP, new PgEntry(3, 0, List.of(0), List.of(1), OTHERS));
        loop.pass(20 * MINUTE);
        show(true, MemberState.DOWN, complete(4));
        loop.pass(20 * MINUTE);
        show(true, MemberState.UP, new PgEntry(5, PgEntry.NONE, OTHERS, List.of(), OTHERS));
        loop.pass(20 * MINUTE);

        assertThat(store.has(STRAY)).isTrue();
    }

    @Test
    void theTimeBeginsAnewWithEveryChangeOfTheGroup() {
        hold(0, STRAY);
        show(true, MemberState.UP, complete(3));
        loop.pass(8 * MINUTE);

        show(true, MemberState.UP, complete(4));
        loop.pass(8 * MINUTE);

        assertThat(store.has(STRAY)).isTrue();
        loop.pass(3 * MINUTE);
        assertThat(store.has(STRAY)).isFalse();
    }

    @Test
    void aNodeThatMissedAMapDropsNothing() {
        hold(0, STRAY);
        show(true, MemberState.UP, complete(3));
        show(false, MemberState.UP, new PgEntry(4, 0, List.of(0), List.of(2), List.of(0, 2)));

        loop.pass(30 * MINUTE);

        assertThat(store.has(STRAY)).isTrue();
    }

    @Test
    void withoutTheRuleStraysGoAtOnce() {
        purge = purge(RecoveryConfig.DEFAULT.without(RecoveryMutation.PURGE_AT_ONCE));
        hold(0, STRAY);

        show(true, MemberState.UP, new PgEntry(3, 0, List.of(0), List.of(), List.of(0, 2)));
        loop.run();

        assertThat(store.has(STRAY)).isFalse();
    }
}
