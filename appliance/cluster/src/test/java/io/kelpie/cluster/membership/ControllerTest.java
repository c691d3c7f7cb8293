package io.kelpie.cluster.membership;

import static io.kelpie.cluster.membership.Cluster.MILLI;
import static io.kelpie.cluster.membership.Cluster.SECOND;
import static io.kelpie.cluster.membership.Cluster.id;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.membership.Cluster.Node;
import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.ControlMessage.Order;
import io.kelpie.cluster.message.ControlMessage.OrderKind;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.MemoryCoordinator.Fate;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

final class ControllerTest {
    private final List<Cluster> made = new ArrayList<>();

    private Cluster cluster(int count, int copies) {
        Cluster cluster = Cluster.formatted(count, copies);
        made.add(cluster);
        return cluster;
    }

    /** Whatever a test did: each map that was written may follow the one before it. */
    @AfterEach
    void everyMapFollowsTheOneBefore() {
        for (Cluster cluster : made) {
            ClusterMap before = ClusterMap.EMPTY;
            for (ClusterMap map : cluster.written) {
                if (map.version() == before.version() + 1 && before.version() > 0) {
                    MapRules.check(before, map, true);
                }
                before = map;
            }
        }
    }

    @Test
    void nodesFormatAndGetTheirShares() {
        Cluster cluster = cluster(3, 2);

        ClusterMap map = cluster.map();
        assertThat(map.members()).hasSize(3);
        assertThat(map.epoch()).isEqualTo(1);
        assertThat(map.groups()).hasSize(16).allMatch(group -> group.sync().size() == 2);
        assertThat(cluster.node(2).map).isEqualTo(map);
    }

    @Test
    void nodeAloneFormatsAtOnce() {
        Cluster cluster = new Cluster(Cluster.config());
        cluster.start(1);
        cluster.pass(10 * MILLI);

        assertThat(cluster.coordinator.controller().term()).isEqualTo(1);

        cluster.format(1);
        cluster.pass(300 * MILLI);

        assertThat(cluster.map().status()).isEqualTo(ClusterStatus.RUNNING);
    }

    @Test
    void settledClusterWritesNoMaps() {
        Cluster cluster = cluster(3, 3);
        int swaps = cluster.coordinator.swapCalls();

        cluster.pass(60 * SECOND);

        assertThat(cluster.coordinator.swapCalls()).isEqualTo(swaps);
        assertThat(cluster.coordinator.controller().term()).isEqualTo(1);
    }

    @Test
    void joiningNodeLearnsItsShareAndOthersLetGoOfIt() {
        Cluster cluster = cluster(2, 2);

        cluster.start(3);
        cluster.pass(SECOND);

        assertThat(cluster.map().epoch()).isEqualTo(2);
        assertThat(cluster.map().groups()).anyMatch(group -> group.learners().equals(List.of(2)));
        assertThat(cluster.map().groups()).allMatch(group -> group.sync().size() == 2);

        cluster.learnAll();

        assertPlaced(cluster);
        assertThat(cluster.map().groups()).anyMatch(group -> group.sync().contains(2));
    }

    @Test
    void killedNodeIsEvictedWithinHalfSecondWhereItsHostRefuses() {
        Cluster cluster = cluster(3, 3);

        cluster.kill(2);
        cluster.pass(SECOND / 2);

        assertThat(state(cluster, 2)).isEqualTo(MemberState.DOWN);
        assertThat(cluster.map().groups()).allMatch(group -> group.sync().size() == 2);
        assertThat(cluster.map().groups()).allMatch(group -> group.primary() != PgEntry.NONE);
        assertThat(cluster.map().epoch()).isEqualTo(2);
    }

    @Test
    void killedControllerIsReplacedWithinOneSecondWhereItsHostRefuses() {
        Cluster cluster = cluster(3, 3);
        int leader = leader(cluster);

        cluster.kill(leader);
        cluster.pass(SECOND);

        assertThat(cluster.coordinator.controller().term()).isEqualTo(2);
        assertThat(state(cluster, leader)).isEqualTo(MemberState.DOWN);
        assertThat(cluster.map().groups()).allMatch(group -> group.primary() != PgEntry.NONE);
    }

    @Test
    void hungNodeIsEvictedAfterTheTimeOfSuspicion() {
        Cluster cluster = cluster(3, 3);
        int other = leader(cluster) % 3 + 1;

        cluster.hang(other);
        cluster.pass(1400 * MILLI);
        assertThat(state(cluster, other)).isEqualTo(MemberState.UP);
        cluster.pass(800 * MILLI);

        assertThat(state(cluster, other)).isEqualTo(MemberState.DOWN);
    }

    @Test
    void hungControllerIsReplacedAndEvictedWithinThreeSeconds() {
        Cluster cluster = cluster(3, 3);
        int leader = leader(cluster);

        cluster.hang(leader);
        cluster.pass(3 * SECOND);

        assertThat(leader(cluster)).isNotEqualTo(leader);
        assertThat(state(cluster, leader)).isEqualTo(MemberState.DOWN);
    }

    @Test
    void hungNodeOfTwoIsEvicted() {
        Cluster cluster = cluster(2, 2);

        cluster.hang(leader(cluster));
        cluster.pass(3 * SECOND);

        assertThat(cluster.map().groups()).allMatch(group -> group.sync().size() == 1);
    }

    @Test
    void nodeThatGoesOnLearnsAndReturns() {
        Cluster cluster = cluster(3, 3);
        int other = leader(cluster) % 3 + 1;
        cluster.hang(other);
        cluster.pass(3 * SECOND);

        cluster.network.hang(id(other), false);
        cluster.pass(3 * SECOND);

        assertThat(state(cluster, other)).isEqualTo(MemberState.UP);
        assertThat(cluster.map().groups()).allMatch(group -> group.learners().size() == 1);
        cluster.learnAll();
        assertPlaced(cluster);
    }

    @Test
    void nodeThatIsCutOffDoesNotEvictTheOthers() {
        for (int lonely = 1; lonely <= 3; lonely++) {
            Cluster cluster = cluster(3, 3);
            for (int i = 1; i <= 3; i++) {
                cluster.network.cut(id(lonely), id(i));
            }

            cluster.pass(30 * SECOND);

            assertThat(state(cluster, lonely)).isEqualTo(MemberState.DOWN);
            assertThat(cluster.map().members())
                    .filteredOn(member -> member.state() == MemberState.UP)
                    .hasSize(2);
            long version = cluster.map().version();
            cluster.pass(30 * SECOND);
            assertThat(cluster.map().version()).isLessThan(version + 2);
        }
    }

    @Test
    void brokenLinkBetweenTwoMovesPrimariesToTheThird() {
        Cluster cluster = cluster(3, 3);
        int leader = leader(cluster);
        int one = leader % 3 + 1;
        int other = one % 3 + 1;
        int third = index(cluster, leader);

        cluster.network.cut(id(one), id(other));
        cluster.pass(6 * SECOND);

        assertThat(cluster.map().members()).allMatch(member -> member.state() == MemberState.UP);
        assertThat(cluster.map().groups())
                .allMatch(group -> group.primary() == third && group.sync().size() == 3);

        cluster.network.heal();
        cluster.pass(20 * SECOND);
        assertThat(cluster.map().groups())
                .allMatch(group -> group.primary() == group.target().get(0));
    }

    @Test
    void missingAcknowledgementsEndTheReplicasPartInThatPrimarysGroupsOnly() {
        Cluster cluster = cluster(3, 3);
        int leader = leader(cluster);
        int accuser = leader % 3 + 1;
        int accused = accuser % 3 + 1;
        long version = cluster.map().version();

        for (int i = 0; i < 5; i++) {
            cluster.node(accuser)
                    .watch
                    .reports()
                    .suspect(id(accused), Evidence.NO_ACKNOWLEDGEMENT, List.of());
            cluster.pass(SECOND / 2);
        }

        int by = index(cluster, accuser);
        int who = index(cluster, accused);
        assertThat(cluster.map().version()).isGreaterThan(version);
        assertThat(cluster.map().groups())
                .filteredOn(group -> group.primary() == by)
                .isNotEmpty()
                .noneMatch(group -> group.names(who));
        assertThat(cluster.map().groups())
                .filteredOn(group -> group.primary() != by)
                .allMatch(group -> group.sync().contains(who));

        cluster.pass(8 * SECOND);
        assertThat(cluster.map().groups()).allMatch(group -> group.names(who));
    }

    @Test
    void failedStoreLeavesItsGroups() {
        Cluster cluster = cluster(3, 3);
        PgId pg = new PgId(3);

        cluster.node(1).watch.reports().suspect(id(1), Evidence.STORE_FAILED, List.of(pg));
        cluster.pass(SECOND);

        assertThat(cluster.map().group(pg).names(index(cluster, 1))).isFalse();
        assertThat(cluster.map().group(pg).primary()).isNotEqualTo(PgEntry.NONE);
        assertThat(cluster.map().group(new PgId(4)).names(index(cluster, 1))).isTrue();
    }

    @Test
    void rolledBackCopyLearnsAnew() {
        Cluster cluster = cluster(3, 3);
        PgId pg = new PgId(3);
        int primary = cluster.map().group(pg).primary();
        int replica = cluster.map().group(pg).sync().stream()
                .filter(index -> index != primary)
                .findFirst()
                .orElseThrow();

        node(cluster, primary)
                .watch
                .reports()
                .suspect(cluster.map().member(replica).node(), Evidence.ROLLED_BACK, List.of(pg));
        cluster.pass(SECOND);

        assertThat(cluster.map().group(pg).sync()).doesNotContain(replica);
        assertThat(cluster.map().group(pg).learners()).containsExactly(replica);
    }

    @Test
    void quickRestartKeepsTheCopiesInSyncUnderNewEpochs() {
        Cluster cluster = cluster(3, 3);
        ClusterMap before = cluster.map();
        int other = leader(cluster) % 3 + 1;

        cluster.kill(other);
        cluster.start(other);
        cluster.pass(SECOND);

        ClusterMap after = cluster.map();
        assertThat(after.epoch()).isEqualTo(before.epoch());
        assertThat(member(cluster, other).incarnation()).isEqualTo(2);
        for (int i = 0; i < after.groups().size(); i++) {
            assertThat(after.groups().get(i).sync()).hasSize(3);
            assertThat(after.groups().get(i).epoch())
                    .isGreaterThan(before.groups().get(i).epoch());
        }
    }

    @Test
    void returningNodeComesBackAsLearnerAndOnlyAfterAwayTimeOthersGetItsCopies() {
        Cluster cluster = cluster(4, 2);
        int other = leader(cluster) % 4 + 1;
        int index = index(cluster, other);
        cluster.kill(other);
        cluster.pass(20 * SECOND);
        assertThat(cluster.map().groups()).allMatch(group -> group.learners().isEmpty());

        cluster.start(other);
        cluster.pass(SECOND);
        assertThat(cluster.map().groups())
                .filteredOn(group -> group.target().contains(index))
                .isNotEmpty()
                .allMatch(group -> group.learners().equals(List.of(index)));
        cluster.learnAll();
        assertPlaced(cluster);

        cluster.kill(other);
        cluster.pass(32 * SECOND);
        cluster.learnAll();
        assertPlaced(cluster);
        assertThat(cluster.map().groups()).noneMatch(group -> group.names(index));
    }

    @Test
    void lastMemberStaysTheAuthorityUntilItReturns() {
        Cluster cluster = cluster(2, 2);
        int survivor = leader(cluster);
        int other = survivor % 2 + 1;
        cluster.kill(other);
        cluster.pass(SECOND);
        int last = index(cluster, survivor);
        cluster.start(other);
        cluster.pass(100 * MILLI);
        cluster.kill(survivor);

        cluster.pass(60 * SECOND);

        assertThat(cluster.map().groups())
                .allMatch(group ->
                        group.sync().equals(List.of(last)) && group.primary() == PgEntry.NONE);

        cluster.start(survivor);
        cluster.pass(2 * SECOND);
        assertThat(cluster.map().groups()).allMatch(group -> group.primary() == last);
        cluster.learnAll();
        assertPlaced(cluster);
    }

    @Test
    void forceStartsGroupsWithoutTheirAuthority() {
        Cluster cluster = cluster(2, 2);
        int survivor = leader(cluster);
        int other = survivor % 2 + 1;
        cluster.kill(other);
        cluster.pass(SECOND);
        cluster.start(other);
        cluster.pass(100 * MILLI);
        cluster.kill(survivor);
        cluster.pass(10 * SECOND);

        order(cluster, other, OrderKind.FORCE_RECOVERY);

        assertThat(cluster.node(other).replies).hasSize(1);
        assertThat(cluster.map().groups())
                .allMatch(group -> group.primary() == index(cluster, other));
    }

    /** Gives a node some objects of a group, each of its own version. */
    private static void give(Cluster cluster, int number, int partition, long... epochs) {
        PgId pg = new PgId(partition);
        for (int i = 0; i < epochs.length; i++) {
            StoreOperation made = new StoreOperation.Create(
                    pg,
                    ObjectId.data(new VdiId(1 + partition), i),
                    4096,
                    new ObjectVersion(epochs[i], 1));
            cluster.node(number)
                    .store
                    .write(new StoreBatch(List.of(made), true), new Ended<Outcome>());
        }
    }

    /** Three nodes of which the last died with the only copies of its groups. */
    private Cluster clusterThatLostANode() {
        Cluster cluster = cluster(3, 1);
        int leader = leader(cluster);
        assertThat(leader).isNotEqualTo(3);
        cluster.kill(3);
        cluster.pass(2 * SECOND);
        return cluster;
    }

    private static List<Integer> groupsOf(ClusterMap map, int index) {
        List<Integer> partitions = new ArrayList<>();
        for (int i = 0; i < map.groups().size(); i++) {
            if (map.groups().get(i).sync().equals(List.of(index))) {
                partitions.add(i);
            }
        }
        return partitions;
    }

    @Test
    void forceTakesTheCopyWithTheHighestVersionAndTouchesOnlyInactiveGroups() {
        Cluster cluster = clusterThatLostANode();
        ClusterMap before = cluster.map();
        List<Integer> lost = groupsOf(before, index(cluster, 3));
        give(cluster, 1, lost.get(0), 3, 4);
        give(cluster, 2, lost.get(0), 3, 7);
        give(cluster, 1, lost.get(1), 8, 4);
        give(cluster, 2, lost.get(1), 3, 7);

        order(cluster, 1, OrderKind.FORCE_RECOVERY);

        ClusterMap map = cluster.map();
        assertThat(map.groups().get(lost.get(0)).sync()).isEqualTo(List.of(index(cluster, 2)));
        assertThat(map.groups().get(lost.get(1)).sync()).isEqualTo(List.of(index(cluster, 1)));
        for (int i = 0; i < map.groups().size(); i++) {
            assertThat(map.groups().get(i).primary()).isNotEqualTo(PgEntry.NONE);
            if (!lost.contains(i)) {
                assertThat(map.groups().get(i)).isEqualTo(before.groups().get(i));
            }
        }
        assertThat(cluster.node(1).replies).hasSize(1);
    }

    @Test
    void forceDoesNotTakeACopyThatHadJustBegunToBeMade() {
        Cluster cluster = clusterThatLostANode();
        int lost = groupsOf(cluster.map(), index(cluster, 3)).get(0);
        give(cluster, 1, lost, 3, 3, 3);
        give(cluster, 2, lost, 9);

        order(cluster, 1, OrderKind.FORCE_RECOVERY);

        assertThat(cluster.map().groups().get(lost).sync()).isEqualTo(List.of(index(cluster, 1)));
    }

    @Test
    void forceIsToldInAnEventBeforeTheMap() {
        Cluster cluster = clusterThatLostANode();
        List<Integer> lost = groupsOf(cluster.map(), index(cluster, 3));

        order(cluster, 2, OrderKind.FORCE_RECOVERY);

        assertThat(cluster.appended).hasSize(1);
        List<String> told = new ArrayList<>();
        UncleanLog log = new UncleanLog(new Ports(
                cluster.loop,
                cluster.loop,
                () -> 4,
                cluster.payloads,
                cluster.node(1).store,
                cluster.node(1).session,
                cluster.network.join(new PeerId(id(99), 1)),
                (level, text) -> told.add(level + " " + text)));
        log.apply(cluster.appended.get(0).order(ByteOrder.LITTLE_ENDIAN));
        UncleanLog copy = new UncleanLog(new Ports(
                cluster.loop,
                cluster.loop,
                () -> 4,
                cluster.payloads,
                cluster.node(1).store,
                cluster.node(1).session,
                cluster.network.join(new PeerId(id(98), 1)),
                (level, text) -> {}));
        copy.restore(log.save().order(ByteOrder.LITTLE_ENDIAN));

        assertThat(log.events()).hasSize(1);
        assertThat(log.events().get(0).by()).isEqualTo(id(2));
        assertThat(log.events().get(0).starts().stream()
                        .map(start -> start.pg().partition())
                        .toList())
                .isEqualTo(lost);
        assertThat(copy.events()).isEqualTo(log.events());
        assertThat(told).hasSize(1).allMatch(text -> text.startsWith("WARN UNCLEAN"));
    }

    @Test
    void forceChangesNothingWhereEveryGroupIsServed() {
        Cluster cluster = cluster(3, 2);
        ClusterMap before = cluster.map();

        order(cluster, 1, OrderKind.FORCE_RECOVERY);

        assertThat(cluster.map()).isEqualTo(before);
        assertThat(cluster.appended).isEmpty();
        assertThat(cluster.node(1).replies).hasSize(1);
    }

    @Test
    void forceGoesOnWithoutAMemberThatDoesNotTell() {
        Cluster cluster = clusterThatLostANode();
        cluster.hang(leader(cluster) % 2 + 1);

        order(cluster, leader(cluster), OrderKind.FORCE_RECOVERY);
        cluster.pass(8 * SECOND);

        assertThat(cluster.node(leader(cluster)).replies).hasSize(1);
    }

    @Test
    void afterPowerLossTheClusterStartsOnceAllAreBack() {
        Cluster cluster = cluster(3, 3);
        long version = cluster.map().version();
        for (int i = 1; i <= 3; i++) {
            cluster.kill(i);
        }
        cluster.start(3);
        cluster.pass(10 * SECOND);
        cluster.start(1);
        cluster.pass(10 * SECOND);
        assertThat(cluster.map().version()).isEqualTo(version);

        cluster.start(2);
        cluster.pass(2 * SECOND);

        assertThat(cluster.map().version()).isEqualTo(version + 1);
        assertThat(cluster.map().groups())
                .allMatch(group -> group.sync().size() == 3 && group.primary() != PgEntry.NONE);
        assertThat(cluster.map().epoch()).isEqualTo(1);
    }

    @Test
    void afterPowerLossTheAbsentAreWaitedForAndThenLeftOut() {
        Cluster cluster = cluster(3, 3);
        for (int i = 1; i <= 3; i++) {
            cluster.kill(i);
        }
        cluster.start(3);
        cluster.start(2);
        cluster.pass(19 * SECOND);
        assertThat(cluster.map().groups()).allMatch(group -> group.sync().size() == 3);

        cluster.pass(6 * SECOND);

        assertThat(state(cluster, 1)).isEqualTo(MemberState.DOWN);
        assertThat(cluster.map().groups())
                .allMatch(group -> group.sync().size() == 2 && group.primary() != PgEntry.NONE);
    }

    @Test
    void shutdownEvictsNobodyAndTheNextStartRunsAgain() {
        Cluster cluster = cluster(3, 2);
        order(cluster, 2, OrderKind.SHUTDOWN);
        assertThat(cluster.map().status()).isEqualTo(ClusterStatus.SHUTDOWN);
        assertThat(cluster.node(2).replies).hasSize(1);
        long version = cluster.map().version();
        for (int i = 1; i <= 3; i++) {
            cluster.kill(i);
            cluster.pass(3 * SECOND);
        }
        assertThat(cluster.map().version()).isEqualTo(version);

        for (int i = 1; i <= 3; i++) {
            cluster.start(i);
            cluster.pass(2 * SECOND);
        }
        cluster.pass(2 * SECOND);

        assertThat(cluster.map().status()).isEqualTo(ClusterStatus.RUNNING);
        assertThat(cluster.map().groups()).allMatch(group -> group.sync().size() == 2);
    }

    @Test
    void startOrderEndsTheWaiting() {
        Cluster cluster = cluster(3, 3);
        for (int i = 1; i <= 3; i++) {
            cluster.kill(i);
        }
        cluster.start(2);
        cluster.pass(5 * SECOND);
        cluster.pass(8 * SECOND);

        order(cluster, 2, OrderKind.START);

        assertThat(cluster.map().groups()).allMatch(group -> group.primary() == index(cluster, 2));
    }

    @Test
    void recoveryOffBeginsNoLearningButEvicts() {
        Cluster cluster = cluster(3, 2);
        order(cluster, 1, OrderKind.RECOVERY_OFF);
        int other = leader(cluster) % 3 + 1;
        cluster.kill(other);
        cluster.pass(60 * SECOND);

        assertThat(cluster.map().groups())
                .allMatch(group -> group.learners().isEmpty() && group.primary() != PgEntry.NONE);
        assertThat(cluster.map().groups()).anyMatch(group -> group.sync().size() == 1);

        order(cluster, leader(cluster), OrderKind.RECOVERY_ON);
        cluster.learnAll();
        assertThat(cluster.map().groups()).allMatch(group -> group.sync().size() == 2);
    }

    @Test
    void drainingNodeGivesItsPrimariesAway() {
        Cluster cluster = cluster(3, 2);

        cluster.node(2).watch.reports().drain();
        cluster.pass(SECOND);

        assertThat(state(cluster, 2)).isEqualTo(MemberState.DRAIN);
        assertThat(cluster.map().groups()).noneMatch(group -> group.primary() == index(cluster, 2));
        assertThat(cluster.node(2).watch.reports().reports()).isEmpty();
    }

    @Test
    void foreignStoreIsRefused() {
        Cluster cluster = cluster(2, 2);
        long version = cluster.map().version();

        cluster.start(
                3,
                wish -> new Announcement(
                        wish.id(), wish.endpoint(), wish.peer(), wish.zone(), 100, 12345, true));
        cluster.pass(5 * SECOND);

        assertThat(cluster.map().version()).isEqualTo(version);
        assertThat(cluster.traced).anyMatch(line -> line.contains("another cluster"));
    }

    @Test
    void uncleanReturnLearnsWhileHealthyCopiesAreThere() {
        Cluster cluster = cluster(3, 3);
        int other = leader(cluster) % 3 + 1;
        cluster.kill(other);

        cluster.start(other, ControllerTest::unclean);
        cluster.pass(SECOND);

        assertThat(cluster.map().groups())
                .allMatch(group -> group.learners().equals(List.of(index(cluster, other))));
    }

    @Test
    void ifAllAreUncleanAllStayInSync() {
        Cluster cluster = cluster(3, 3);
        for (int i = 1; i <= 3; i++) {
            cluster.kill(i);
        }
        for (int i = 1; i <= 3; i++) {
            cluster.start(i, ControllerTest::unclean);
        }
        cluster.pass(10 * SECOND);

        assertThat(cluster.map().groups())
                .allMatch(group -> group.sync().size() == 3 && group.primary() != PgEntry.NONE);
    }

    @Test
    void conflictIsReadAndPlannedAnew() {
        Cluster cluster = cluster(3, 3);
        int other = leader(cluster) % 3 + 1;
        cluster.coordinator.otherEditsFirst(map -> MapEdit.withStatus(map, map.status()));

        cluster.kill(other);
        cluster.pass(SECOND);

        assertThat(state(cluster, other)).isEqualTo(MemberState.DOWN);
    }

    @Test
    void unknownOutcomeIsReadBack() {
        for (Fate fate : List.of(Fate.LANDS_UNKNOWN, Fate.LOST_UNKNOWN, Fate.FAILS)) {
            Cluster cluster = cluster(3, 3);
            int other = leader(cluster) % 3 + 1;
            cluster.coordinator.nextSwaps(fate);

            cluster.kill(other);
            cluster.pass(2 * SECOND);

            assertThat(state(cluster, other)).isEqualTo(MemberState.DOWN);
            assertThat(cluster.node(leader(cluster)).map).isEqualTo(cluster.map());
        }
    }

    @Test
    void controllerWithoutTheCoordinatorIsReplacedAndKeptWhileItsHeartBeats() {
        Cluster cluster = cluster(3, 3);
        int leader = leader(cluster);

        cluster.node(leader).session.suspend();
        cluster.pass(4 * SECOND);
        cluster.node(leader).session.lose();
        cluster.pass(4 * SECOND);

        assertThat(leader(cluster)).isNotEqualTo(leader);
        assertThat(state(cluster, leader)).isEqualTo(MemberState.UP);

        cluster.pass(121 * SECOND);
        assertThat(state(cluster, leader)).isEqualTo(MemberState.DOWN);

        cluster.node(leader).session.reconnect();
        cluster.pass(5 * SECOND);
        assertThat(state(cluster, leader)).isEqualTo(MemberState.UP);
    }

    @Test
    void restartOfTheWholeCoordinatorChangesNoMap() {
        Cluster cluster = cluster(3, 3);
        long version = cluster.map().version();
        for (int i = 1; i <= 3; i++) {
            cluster.node(i).session.lose();
        }
        cluster.pass(60 * SECOND);
        for (int i = 1; i <= 3; i++) {
            cluster.node(i).session.reconnect();
        }
        cluster.pass(60 * SECOND);

        assertThat(cluster.map().version()).isEqualTo(version);
    }

    private static Announcement unclean(Announcement wish) {
        return new Announcement(
                wish.id(),
                wish.endpoint(),
                wish.peer(),
                wish.zone(),
                wish.weightGib(),
                wish.clusterCreatedNanos(),
                false);
    }

    private static void order(Cluster cluster, int by, OrderKind kind) {
        cluster.node(by).watch.reports().send(new Order(1, kind, null));
        cluster.pass(SECOND);
    }

    private static void assertPlaced(Cluster cluster) {
        assertThat(cluster.map().groups()).allMatch(group -> group.learners().isEmpty());
        assertThat(cluster.map().groups())
                .allMatch(group -> group.sync().size() == group.target().size()
                        && group.sync().containsAll(group.target()));
    }

    private static int leader(Cluster cluster) {
        PeerId holder = cluster.coordinator.controller().holder();
        return (int) Invariant.present(holder, "somebody leads").node().low();
    }

    private static Node node(Cluster cluster, int index) {
        return cluster.node((int) cluster.map().member(index).node().low());
    }

    private static Member member(Cluster cluster, int number) {
        return Invariant.present(cluster.map().memberOf(id(number)), "it is a member");
    }

    private static int index(Cluster cluster, int number) {
        return member(cluster, number).index();
    }

    private static MemberState state(Cluster cluster, int number) {
        return member(cluster, number).state();
    }
}
