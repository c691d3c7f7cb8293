package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.PgEntry;

import java.util.ArrayList;
import java.util.List;

/**
 * What must hold between a map and the next one ({@code cluster.md} 15, invariants 1 and 2).
 * Checked by the controller before each swap, and by the simulator for every map that lands.
 */
public final class MapRules {
    private MapRules() {}

    /**
     * Checks a step that no operator forced.
     *
     * @param before a map
     * @param after the one that replaces it
     * @throws io.kelpie.cluster.model.InvariantViolation if it must not
     */
    public static void check(ClusterMap before, ClusterMap after) {
        check(before, after, false);
    }

    /**
     * Checks a step.
     *
     * @param before a map
     * @param after the one that replaces it
     * @param forced whether an operator ordered to start groups without their in-sync members: then
     *     a group none of whose in-sync members is alive may get others
     * @throws io.kelpie.cluster.model.InvariantViolation if it must not replace the other
     */
    public static void check(ClusterMap before, ClusterMap after, boolean forced) {
        Invariant.check(
                after.version() == before.version() + 1,
                "map versions rise by one",
                after.version());
        Invariant.check(
                after.eventsIndex() >= before.eventsIndex(),
                "maps do not go back in the events",
                after.eventsIndex());
        checkIndexes(after);
        if (after.settings().createdNanos() != before.settings().createdNanos()) {
            Invariant.check(after.epoch() == 1, "a format begins with epoch 1", after.epoch());
            return;
        }
        Invariant.check(
                after.groups().size() == before.groups().size(),
                "the number of groups stays",
                after.groups().size());
        checkMembers(before, after);
        for (int partition = 0; partition < before.groups().size(); partition++) {
            checkGroup(before, after, partition, forced);
        }
    }

    private static void checkIndexes(ClusterMap map) {
        int last = -1;
        for (Member member : map.members()) {
            Invariant.check(member.index() > last, "members are in index order", member);
            last = member.index();
        }
        for (PgEntry entry : map.groups()) {
            entry.sync().forEach(map::member);
            entry.learners().forEach(map::member);
            Invariant.check(
                    entry.learners().stream().noneMatch(entry.sync()::contains),
                    "a member has one role in a group",
                    entry);
        }
    }

    private static void checkMembers(ClusterMap before, ClusterMap after) {
        for (Member member : before.members()) {
            Member next = Invariant.present(
                    after.memberOf(member.node()), "members stay in the map: " + member);
            Invariant.check(next.index() == member.index(), "indexes stay", next);
            Invariant.check(next.incarnation() >= member.incarnation(), "incarnations rise", next);
        }
        boolean same =
                MapDraft.aliveNodes(before.members()).equals(MapDraft.aliveNodes(after.members()));
        Invariant.check(
                after.epoch() == (same ? before.epoch() : before.epoch() + 1),
                "the epoch rises by one when the members change",
                after.epoch());
    }

    private static void checkGroup(
            ClusterMap before, ClusterMap after, int partition, boolean forced) {
        PgEntry old = before.groups().get(partition);
        PgEntry next = after.groups().get(partition);
        boolean same = old.primary() == next.primary()
                && old.sync().equals(next.sync())
                && old.learners().equals(next.learners());
        boolean raised = next.epoch() == after.version();
        Invariant.check(
                raised || (same && next.epoch() == old.epoch()),
                "changed roles have the map's epoch: group " + partition,
                next);
        for (Member member : before.members()) {
            boolean reborn = after.member(member.index()).incarnation() != member.incarnation();
            Invariant.check(
                    raised || !reborn || !old.names(member.index()),
                    "a new process has a new epoch in group " + partition,
                    member);
        }
        boolean orphaned = old.sync().stream()
                .noneMatch(index -> after.member(index).state().isAlive());
        if (forced && orphaned) {
            return;
        }
        Invariant.check(
                next.sync().stream().anyMatch(old.sync()::contains),
                "an in-sync member stays in group " + partition,
                next);
        List<Integer> added = new ArrayList<>(next.sync());
        added.removeAll(old.sync());
        Invariant.check(
                old.learners().containsAll(added),
                "only learners become in-sync: group " + partition,
                next);
    }
}
