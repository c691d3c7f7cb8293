package io.kelpie.cluster.membership;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.InvariantViolation;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgEntry;

import org.junit.jupiter.api.Test;

import java.util.List;

final class MapRulesTest {
    private static final ClusterSettings SETTINGS = new ClusterSettings(77, 0, 2, 22, "");

    private final List<Member> members = List.of(member(0, 1), member(1, 1), member(2, 1));
    private final ClusterMap before = map(5, 1, members, new PgEntry(5, 0, list(0, 1), list(2)));

    private static List<Integer> list(Integer... indexes) {
        return List.of(indexes);
    }

    private static Member member(int index, long incarnation) {
        return new Member(
                index,
                new NodeId(0, index + 1),
                incarnation,
                new Endpoint(0, 0x7F000001L, 7000 + index),
                index,
                100);
    }

    private static ClusterMap map(long version, int epoch, List<Member> members, PgEntry entry) {
        return new ClusterMap(
                version, epoch, 9, ClusterStatus.RUNNING, SETTINGS, members, List.of(entry));
    }

    private ClusterMap after(PgEntry entry) {
        return map(6, 1, members, entry);
    }

    private void assertRefused(ClusterMap after, String why) {
        assertThatThrownBy(() -> MapRules.check(before, after))
                .isInstanceOf(InvariantViolation.class)
                .hasMessageContaining(why);
    }

    @Test
    void memberMayLeaveAndLearnerMayBecomeInSync() {
        assertThatCode(() -> MapRules.check(before, after(new PgEntry(6, 1, list(1, 2), list()))))
                .doesNotThrowAnyException();
    }

    @Test
    void versionsRiseByOne() {
        assertRefused(map(7, 1, members, before.groups().get(0)), "versions rise");
    }

    @Test
    void changedRolesNeedANewEpoch() {
        assertRefused(after(new PgEntry(5, 1, list(0, 1), list(2))), "changed roles");
    }

    @Test
    void inSyncSetMayNotBeReplaced() {
        assertRefused(after(new PgEntry(6, 2, list(2), list())), "in-sync member stays");
    }

    @Test
    void strangerMayNotBecomeInSync() {
        ClusterMap map = map(5, 1, members, new PgEntry(5, 0, list(0, 1), list()));

        assertThatThrownBy(() ->
                        MapRules.check(map, after(new PgEntry(6, 0, list(0, 1, 2), list()))))
                .isInstanceOf(InvariantViolation.class)
                .hasMessageContaining("only learners");
    }

    @Test
    void newLifeNeedsANewEpoch() {
        List<Member> reborn = List.of(member(0, 1), member(1, 2), member(2, 1));

        assertRefused(map(6, 1, reborn, before.groups().get(0)), "a new process");
    }

    @Test
    void incarnationsDoNotFall() {
        ClusterMap later = map(
                5,
                1,
                List.of(member(0, 2), member(1, 1), member(2, 1)),
                before.groups().get(0));

        assertThatThrownBy(() -> MapRules.check(later, after(before.groups().get(0))))
                .isInstanceOf(InvariantViolation.class);
    }

    @Test
    void membersStay() {
        assertRefused(
                map(6, 2, members.subList(0, 2), new PgEntry(6, 0, list(0, 1), list())),
                "members stay");
    }

    @Test
    void epochFollowsWhoIsAlive() {
        List<Member> down = List.of(
                members.get(0), members.get(1), members.get(2).inState(MemberState.DOWN, 6));

        assertRefused(map(6, 1, down, new PgEntry(6, 0, list(0, 1), list())), "the epoch rises");
    }

    @Test
    void forceMayReplaceAnInSyncSetOfWhichNobodyIsAlive() {
        List<Member> down = List.of(
                members.get(0).inState(MemberState.DOWN, 6),
                members.get(1).inState(MemberState.DOWN, 6),
                members.get(2));
        ClusterMap forced = map(6, 2, down, new PgEntry(6, 2, list(2), list()));

        assertThatCode(() -> MapRules.check(before, forced, true)).doesNotThrowAnyException();
        assertRefused(forced, "in-sync member stays");
    }

    @Test
    void forceMayNotReplaceALivingOne() {
        assertThatThrownBy(() ->
                        MapRules.check(before, after(new PgEntry(6, 2, list(2), list())), true))
                .isInstanceOf(InvariantViolation.class);
    }

    @Test
    void formatBeginsAnew() {
        ClusterMap formatted = new ClusterMap(
                6,
                1,
                9,
                ClusterStatus.RUNNING,
                new ClusterSettings(78, 0, 2, 22, ""),
                List.of(members.get(2)),
                List.of(new PgEntry(6, 2, list(2), list())));

        assertThatCode(() -> MapRules.check(before, formatted)).doesNotThrowAnyException();
    }
}
