package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.ControlMessage.AddLearner;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.placement.Placement;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Makes the next map from a map and what the controller learned. The result depends on nothing
 * else; placements are remembered only to save time.
 */
final class Planner {
    private final ControlConfig config;
    private final Targets targets = new Targets();

    Planner(ControlConfig config) {
        this.config = config;
    }

    /** The next map; the same one if there is nothing to change. */
    ClusterMap plan(ClusterMap map, PlanInput input) {
        MapDraft draft = new MapDraft(map);
        draft.unheard(input.unheard);
        // First, as an unclean copy counts as long as no healthy one is there.
        Departures.evict(draft, input.evicted);
        Joins.join(draft, input.joining, !config.lacks(Mutation.NO_INCARNATION));
        Joins.revive(draft, input.revived);
        Departures.drain(draft, input.draining);
        if (input.status != null) {
            draft.status(input.status);
        }
        draft.flags((draft.flags() | input.flagsToSet) & ~input.flagsToClear);
        input.additions.forEach(addition -> add(draft, addition));
        input.departures.forEach(departure -> Departures.leave(draft, departure));
        for (int partition = 0; partition < draft.groupCount(); partition++) {
            GroupPlan group = new GroupPlan(draft, partition, input);
            group.settle(config.lacks(Mutation.UNCLEAN));
        }
        input.cuts.forEach(cut -> Departures.avoid(draft, cut, input.cuts));
        if ((draft.flags() & ClusterMap.FLAG_NO_RECOVERY) == 0) {
            recover(draft, input);
        }
        return draft.finish(input.eventsIndex);
    }

    /** A learner that has everything becomes in-sync, if the request is of the present epoch. */
    private void add(MapDraft draft, AddLearner addition) {
        int partition = addition.pg().partition();
        if (partition >= draft.groupCount()) {
            return;
        }
        PgEntry entry = draft.group(partition);
        boolean current = draft.base().groups().get(partition).epoch() == addition.epoch();
        int learner = addition.learner();
        if (!current && !config.lacks(Mutation.ADD_WITHOUT_EPOCH_CHECK)) {
            return;
        }
        if (!entry.learners().contains(learner) || !draft.isAlive(learner)) {
            return;
        }
        List<Integer> learners = new ArrayList<>(entry.learners());
        learners.remove((Integer) learner);
        List<Integer> sync = new ArrayList<>(entry.sync());
        sync.add(learner);
        draft.roles(partition, entry.primary(), sync, learners);
    }

    private void recover(MapDraft draft, PlanInput input) {
        List<Member> holders = new ArrayList<>();
        for (Member member : draft.members()) {
            boolean gone = member.state() == MemberState.OUT
                    || (member.state() == MemberState.DOWN
                            && input.away.contains(member.node())
                            && (draft.flags() & ClusterMap.FLAG_NO_OUT) == 0);
            if (!gone && member.weightGib() > 0) {
                holders.add(member);
            }
        }
        List<List<Integer>> wanted = targets.of(holders, draft.copies(), draft.groupCount());
        for (int partition = 0; partition < draft.groupCount(); partition++) {
            List<Integer> target = wanted.get(partition);
            if (!target.isEmpty()) {
                draft.target(partition, target);
            }
        }
        // Groups that lack copies come first: there may not be enough learnings for all.
        for (boolean degraded : new boolean[] {true, false}) {
            for (int partition = 0; partition < draft.groupCount(); partition++) {
                boolean lacks = draft.group(partition).sync().size() < draft.copies();
                if (lacks == degraded) {
                    new GroupPlan(draft, partition, input).recover();
                }
            }
        }
    }

    /** Where all groups should be, kept until members change. */
    private static final class Targets {
        private record Seat(int index, NodeId node, int zone, int weightGib) {}

        private List<Seat> seats = List.of();
        private int copies;
        private List<List<Integer>> wanted = List.of();

        List<List<Integer>> of(List<Member> holders, int wantedCopies, int count) {
            List<Seat> next = new ArrayList<>();
            for (Member member : holders) {
                next.add(
                        new Seat(member.index(), member.node(), member.zone(), member.weightGib()));
            }
            boolean same = next.equals(seats) && wantedCopies == copies && wanted.size() == count;
            if (!same) {
                seats = next;
                copies = wantedCopies;
                wanted = new ArrayList<>();
                for (int partition = 0; partition < count; partition++) {
                    wanted.add(Placement.membersOf(new PgId(partition), holders, wantedCopies));
                }
            }
            return wanted;
        }
    }

    /** Members that a starting cluster has to wait for: those that served or hold the last copy. */
    static TreeSet<NodeId> awaited(ClusterMap map) {
        TreeSet<Integer> holding = new TreeSet<>();
        map.groups().forEach(group -> holding.addAll(group.sync()));
        TreeSet<NodeId> awaited = new TreeSet<>();
        for (Member member : map.members()) {
            if (member.state().isAlive() || holding.contains(member.index())) {
                awaited.add(member.node());
            }
        }
        return awaited;
    }
}
