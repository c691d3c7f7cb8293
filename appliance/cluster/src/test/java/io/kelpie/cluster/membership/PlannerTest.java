package io.kelpie.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.membership.PlanInput.Cut;
import io.kelpie.cluster.membership.PlanInput.Departure;
import io.kelpie.cluster.message.ControlMessage.AddLearner;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.InvariantViolation;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Coordinator.Announcement;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

final class PlannerTest {
    private static final long CREATED = 77;
    private static final PgId PG = new PgId(0);

    private final PlanInput input = new PlanInput();
    private Planner planner = new Planner(Cluster.config());

    private static NodeId id(int index) {
        return new NodeId(0, index + 1);
    }

    private static Endpoint endpoint(int index) {
        return new Endpoint(0, 0x7F000001L + index, 7000);
    }

    private static ClusterMap map(int nodes, int copies, int flags) {
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
            members.add(new Member(i, id(i), 1, endpoint(i), i, 100));
        }
        ClusterSettings settings = new ClusterSettings(CREATED, flags, copies, 22, "");
        return MapEdit.format(ClusterMap.EMPTY, settings, members, 2, 3);
    }

    private static ClusterMap map(int nodes, int copies) {
        return map(nodes, copies, 0);
    }

    /** The map with one group as a test needs it. */
    private static ClusterMap with(
            ClusterMap map, int primary, List<Integer> sync, List<Integer> learners) {
        List<PgEntry> groups = new ArrayList<>(map.groups());
        PgEntry old = groups.get(0);
        groups.set(0, new PgEntry(old.epoch(), primary, sync, learners, old.target()));
        return new ClusterMap(
                map.version(),
                map.epoch(),
                map.eventsIndex(),
                map.status(),
                map.flags(),
                map.settings(),
                map.members(),
                groups);
    }

    private static Announcement announced(int index, long incarnation, boolean clean) {
        return new Announcement(
                new PeerId(id(index), incarnation),
                endpoint(index),
                endpoint(index),
                index,
                100,
                CREATED,
                clean);
    }

    private ClusterMap plan(ClusterMap map) {
        ClusterMap next = planner.plan(map, input);
        if (next != map) {
            MapRules.check(map, next);
        }
        return next;
    }

    @Test
    void nothingToDoMakesNoMap() {
        ClusterMap map = map(3, 2);
        input.moves = 4;
        input.learnings = 128;
        input.eventsIndex = 9;

        assertThat(planner.plan(map, input)).isSameAs(map);
    }

    @Test
    void newMemberGetsTheFreeNumberAndBeginsToLearn() {
        input.joining.add(announced(3, 1, true));
        input.learnings = 128;
        input.eventsIndex = 9;

        ClusterMap next = plan(map(3, 3));

        assertThat(next.member(3).node()).isEqualTo(id(3));
        assertThat(next.member(3).sinceVersion()).isEqualTo(next.version());
        assertThat(next.epoch()).isEqualTo(2);
        assertThat(next.eventsIndex()).isEqualTo(9);
        assertThat(next.groups())
                .allSatisfy(group -> assertThat(group.learners())
                        .isEqualTo(group.target().contains(3) ? List.of(3) : List.of()));
    }

    @Test
    void gatewayJoinsWithoutRoles() {
        Announcement gateway = announced(3, 1, true);
        input.joining.add(
                new Announcement(gateway.id(), gateway.endpoint(), gateway.peer(), 3, 0, 0, true));
        input.learnings = 128;

        ClusterMap next = plan(map(3, 3));

        assertThat(next.members()).hasSize(4);
        assertThat(next.groups()).noneMatch(group -> group.names(3));
    }

    @Test
    void learnersAreLimitedAndGroupsThatLackCopiesComeFirst() {
        ClusterMap map = with(map(3, 2), 0, List.of(0), List.of());
        input.joining.add(announced(3, 1, true));
        input.learnings = 1;

        ClusterMap next = plan(map);

        assertThat(next.group(PG).learners()).isNotEmpty();
        assertThat(next.groups().subList(1, 4))
                .allMatch(group -> group.learners().isEmpty());
    }

    @Test
    void newLifeRaisesTheEpochsOfItsGroupsAndKeepsItsCopies() {
        ClusterMap map = map(3, 2);
        input.joining.add(announced(1, 2, true));

        ClusterMap next = plan(map);

        assertThat(next.member(1).incarnation()).isEqualTo(2);
        assertThat(next.epoch()).isEqualTo(map.epoch());
        for (int i = 0; i < 4; i++) {
            PgEntry old = map.groups().get(i);
            PgEntry entry = next.groups().get(i);
            assertThat(entry.sync()).isEqualTo(old.sync());
            assertThat(entry.epoch()).isEqualTo(old.names(1) ? next.version() : old.epoch());
        }
    }

    @Test
    void withoutTheIncarnationRuleEpochsStayAndTheRulesNotice() {
        planner = new Planner(Cluster.config().without(Mutation.NO_INCARNATION));
        ClusterMap map = map(3, 3);
        input.joining.add(announced(1, 2, true));

        ClusterMap next = planner.plan(map, input);

        assertThat(next.groups()).isEqualTo(map.groups());
        assertThatThrownBy(() -> MapRules.check(map, next)).isInstanceOf(InvariantViolation.class);
    }

    @Test
    void earlierLifeAndForeignStoreAreIgnored() {
        ClusterMap map = plan(restarted());
        PlanInput late = new PlanInput();
        late.joining.add(announced(1, 1, true));
        Announcement foreign = announced(5, 1, true);
        late.joining.add(new Announcement(
                foreign.id(), foreign.endpoint(), foreign.peer(), 5, 100, 12, true));

        assertThat(planner.plan(map, late)).isSameAs(map);
    }

    private ClusterMap restarted() {
        input.joining.add(announced(1, 2, true));
        return map(3, 2);
    }

    @Test
    void newWeightMovesGroups() {
        ClusterMap map = map(3, 2);
        Announcement same = announced(1, 1, true);
        input.joining.add(
                new Announcement(same.id(), same.endpoint(), same.peer(), 1, 0, CREATED, true));
        input.learnings = 128;

        ClusterMap next = plan(map);

        assertThat(next.epoch()).isEqualTo(map.epoch());
        assertThat(next.groups()).noneMatch(group -> group.target().contains(1));
        assertThat(next.groups())
                .filteredOn(group -> group.sync().contains(1))
                .isNotEmpty()
                .allMatch(group -> group.learners().size() == 1);
    }

    @Test
    void evictedPrimaryIsFollowedByTheNextOfTheTarget() {
        ClusterMap map = with(map(3, 3), 1, List.of(1, 0, 2), List.of());
        List<Integer> target = new ArrayList<>(map.group(PG).target());
        target.remove((Integer) 1);
        input.evicted.add(id(1));

        ClusterMap next = plan(map);

        assertThat(next.member(1).state()).isEqualTo(MemberState.DOWN);
        assertThat(next.epoch()).isEqualTo(2);
        assertThat(next.group(PG).sync()).containsExactly(0, 2);
        assertThat(next.group(PG).primary()).isEqualTo(target.get(0));
    }

    @Test
    void lastMemberStaysInSyncWithoutBeingPrimary() {
        input.evicted.add(id(0));

        ClusterMap next = plan(with(map(3, 3), 0, List.of(0), List.of(1, 2)));

        assertThat(next.group(PG).sync()).containsExactly(0);
        assertThat(next.group(PG).primary()).isEqualTo(PgEntry.NONE);
    }

    @Test
    void ifAllDieTogetherAllStayTheAuthority() {
        input.evicted.add(id(0));
        input.evicted.add(id(1));

        ClusterMap next = plan(with(map(3, 3), 0, List.of(0, 1), List.of(2)));

        assertThat(next.group(PG).sync()).containsExactly(0, 1);
        assertThat(next.group(PG).primary()).isEqualTo(PgEntry.NONE);
    }

    @Test
    void firstOfThemThatReturnsServesAlone() {
        input.evicted.add(id(0));
        input.evicted.add(id(1));
        ClusterMap down = plan(with(map(3, 3), 0, List.of(0, 1), List.of(2)));
        PlanInput back = new PlanInput();
        back.joining.add(announced(1, 2, true));

        ClusterMap next = planner.plan(down, back);

        MapRules.check(down, next);
        assertThat(next.group(PG).sync()).containsExactly(1);
        assertThat(next.group(PG).primary()).isEqualTo(1);
    }

    @Test
    void withoutTheCleanRuleALearnerTakesOverAndTheRulesNotice() {
        planner = new Planner(Cluster.config().without(Mutation.UNCLEAN));
        ClusterMap map = with(map(3, 3), 0, List.of(0), List.of(1, 2));
        input.evicted.add(id(0));

        ClusterMap next = planner.plan(map, input);

        assertThat(next.group(PG).primary()).isEqualTo(1);
        assertThatThrownBy(() -> MapRules.check(map, next)).isInstanceOf(InvariantViolation.class);
    }

    @Test
    void slowMemberStaysWhereTheMinimumNeedsItAndTheDeadOneDoesNot() {
        ClusterMap map = map(3, 3, ClusterSettings.FLAG_STRICT);
        input.evicted.add(id(2));

        ClusterMap slow = plan(map);
        input.dead.add(id(2));
        ClusterMap dead = plan(map);

        assertThat(slow.group(PG).sync()).hasSize(3);
        assertThat(slow.group(PG).primary()).isNotEqualTo(2);
        assertThat(dead.group(PG).sync()).hasSize(2);
    }

    @Test
    void departureLeavesOnlyTheNamedGroups() {
        input.departures.add(new Departure(1, List.of(PG), false));
        input.barred.computeIfAbsent(1, index -> new java.util.TreeSet<>()).add(0);
        input.learnings = 128;

        ClusterMap next = plan(map(3, 3));

        assertThat(next.group(PG).names(1)).isFalse();
        assertThat(next.groups().subList(1, 4)).allMatch(group -> group.sync().contains(1));
        assertThat(next.member(1).state()).isEqualTo(MemberState.UP);
    }

    @Test
    void departureOfTheOnlyLivingCopyIsRefused() {
        input.departures.add(new Departure(0, List.of(PG), true));

        ClusterMap map = with(map(3, 3), 0, List.of(0), List.of(1, 2));

        assertThat(plan(map)).isSameAs(map);
    }

    @Test
    void brokenLinkOfTwoCopiesCostsTheOneThatIsNotPrimary() {
        input.cuts.add(new Cut(0, 1));
        input.learnings = 128;

        ClusterMap next = plan(with(map(3, 2), 1, List.of(0, 1), List.of()));

        assertThat(next.group(PG).sync()).containsExactly(1);
        assertThat(next.group(PG).learners()).doesNotContain(0);
    }

    @Test
    void requestOfThePresentEpochAddsTheLearner() {
        ClusterMap map = with(map(3, 3), 0, List.of(0), List.of(1, 2));
        input.additions.add(new AddLearner(PG, map.group(PG).epoch(), 2));

        ClusterMap next = plan(map);

        assertThat(next.group(PG).sync()).containsExactly(0, 2);
        assertThat(next.group(PG).learners()).containsExactly(1);
        assertThat(next.group(PG).epoch()).isEqualTo(next.version());
    }

    @Test
    void requestOfAnotherEpochIsRefusedUnlessTheRuleIsTakenOut() {
        ClusterMap map = with(map(3, 3), 0, List.of(0), List.of(1, 2));
        input.additions.add(new AddLearner(PG, map.group(PG).epoch() + 1, 2));

        assertThat(plan(map)).isSameAs(map);

        planner = new Planner(Cluster.config().without(Mutation.ADD_WITHOUT_EPOCH_CHECK));
        assertThat(plan(map).group(PG).sync()).containsExactly(0, 2);
    }

    @Test
    void requestForANonLearnerOrAnUnknownGroupIsRefused() {
        ClusterMap map = with(map(3, 3), 0, List.of(0), List.of(1));
        input.additions.add(new AddLearner(PG, map.group(PG).epoch(), 2));
        input.additions.add(new AddLearner(new PgId(900), 1, 2));

        assertThat(plan(map)).isSameAs(map);
    }

    @Test
    void othersGetTheCopiesOfWhoIsAwayUnlessTheOperatorForbidsIt() {
        ClusterMap map = map(4, 2);
        input.evicted.add(id(1));
        input.away.add(id(1));
        input.learnings = 128;

        assertThat(plan(map).groups())
                .noneMatch(group -> group.target().contains(1))
                .filteredOn(group -> group.sync().size() == 1)
                .isNotEmpty()
                .allMatch(group -> group.learners().size() == 1);

        input.flagsToSet = ClusterMap.FLAG_NO_OUT;
        assertThat(plan(map).groups()).allMatch(group -> group.learners().isEmpty());
    }

    @Test
    void membersThatShouldNotHoldAGroupGoOnceAllOthersAreInSync() {
        ClusterMap map = map(3, 2);
        List<Integer> target = map.group(PG).target();
        int extra = 3 - target.get(0) - target.get(1);

        ClusterMap filling = with(map, extra, List.of(extra, target.get(0)), List.of());
        input.learnings = 128;
        assertThat(plan(filling).group(PG).sync()).contains(extra);

        List<Integer> all = List.of(extra, target.get(0), target.get(1));
        ClusterMap next = plan(with(map, extra, all, List.of()));
        assertThat(next.group(PG).sync()).isEqualTo(target);
        assertThat(next.group(PG).primary()).isEqualTo(target.get(0));
    }

    @Test
    void primariesMoveToThePreferredMemberWithinTheLimit() {
        ClusterMap map = map(3, 3);
        for (int index : map.group(PG).target()) {
            map = with(map, index, map.group(PG).sync(), List.of());
        }
        assertThat(map.group(PG).primary()).isNotEqualTo(map.group(PG).target().get(0));

        assertThat(plan(map)).isSameAs(map);
        input.moves = 1;
        assertThat(plan(map).group(PG).primary())
                .isEqualTo(map.group(PG).target().get(0));
        assertThat(input.moves).isZero();
    }

    @Test
    void noPrimaryMovesWhileSomebodyLearns() {
        ClusterMap map = map(3, 3);
        List<Integer> target = map.group(PG).target();
        input.moves = 1;

        ClusterMap learning =
                with(map, target.get(1), target.subList(0, 2), List.of(target.get(2)));

        assertThat(plan(learning)).isSameAs(learning);
    }

    @Test
    void uncleanCopyLearnsFromAHealthyOne() {
        input.joining.add(announced(1, 2, false));

        ClusterMap next = plan(with(map(3, 3), 1, List.of(1, 0, 2), List.of()));

        assertThat(next.group(PG).sync()).containsExactly(0, 2);
        assertThat(next.group(PG).learners()).containsExactly(1);
        assertThat(next.group(PG).primary()).isNotEqualTo(1);
    }

    @Test
    void uncleanCopyWaitsForAnAbsentOneThatMayBeHealthy() {
        input.evicted.add(id(0));
        input.evicted.add(id(1));
        ClusterMap down = plan(with(map(3, 3), 0, List.of(0, 1), List.of(2)));

        Announcement back = announced(0, 2, false);

        assertThat(Joins.waitsForOthers(down, back, index -> true, index -> index == 0))
                .isTrue();
        assertThat(Joins.waitsForOthers(down, back, index -> true, index -> true))
                .isFalse();
        assertThat(Joins.waitsForOthers(down, announced(0, 2, true), index -> true, index -> false))
                .isFalse();
    }

    @Test
    void uncleanCopyWaitsWhileTheHealthyOneIsNotHeard() {
        ClusterMap map = with(map(3, 3), 0, List.of(0, 1), List.of(2));
        Announcement back = announced(0, 2, false);

        assertThat(Joins.waitsForOthers(map, back, index -> true, index -> index == 0))
                .isFalse();
        assertThat(Joins.waitsForOthers(map, back, index -> false, index -> index == 0))
                .isTrue();
    }

    @Test
    void uncleanCopiesStayInSyncWhereTheHealthyOneIsGone() {
        input.evicted.add(id(0));
        input.joining.add(announced(1, 2, false));
        input.joining.add(announced(2, 2, false));

        ClusterMap next = plan(with(map(3, 3), 0, List.of(0, 1, 2), List.of()));

        assertThat(next.group(PG).sync()).containsExactly(1, 2);
        assertThat(next.group(PG).learners()).isEmpty();
        assertThat(next.group(PG).primary()).isIn(1, 2);
    }

    @Test
    void uncleanCopiesStayInSyncWhileTheHealthyOneIsNotHeard() {
        input.unheard.add(id(0));
        input.joining.add(announced(1, 2, false));

        ClusterMap next = plan(with(map(3, 2), 0, List.of(0, 1), List.of()));

        assertThat(next.group(PG).sync()).containsExactly(0, 1);
    }

    @Test
    void groupIsNotLeftToMembersThatAreNotHeard() {
        input.evicted.add(id(0));
        input.unheard.add(id(1));
        ClusterMap map = with(map(3, 2), 0, List.of(0, 1), List.of());

        ClusterMap next = plan(map);
        input.unheard.clear();
        ClusterMap later = plan(next);

        assertThat(next.group(PG).sync()).containsExactly(0, 1);
        assertThat(next.group(PG).primary()).isEqualTo(1);
        assertThat(later.group(PG).sync()).containsExactly(1);
    }

    @Test
    void nobodyLeavesAGroupToMembersThatAreNotHeard() {
        input.departures.add(new Departure(0, List.of(PG), true));
        input.unheard.add(id(1));
        ClusterMap map = with(map(3, 2), 0, List.of(0, 1), List.of());

        assertThat(plan(map).group(PG).sync()).containsExactly(0, 1);
    }

    @Test
    void planOfALargeClusterIsQuick() {
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            members.add(new Member(i, id(i), 1, endpoint(i), i, 100));
        }
        ClusterMap map = MapEdit.format(
                ClusterMap.EMPTY,
                new ClusterSettings(CREATED, 0, 3, 22, ""),
                members,
                PgId.MAX_BITS,
                3);
        input.evicted.add(id(7));

        ClusterMap next = plan(map);

        assertThat(next.groups()).noneMatch(group -> group.sync().contains(7));
    }
}
