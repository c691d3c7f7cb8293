package io.kelpie.cluster.membership;

import io.kelpie.cluster.membership.PlanInput.Cut;
import io.kelpie.cluster.membership.PlanInput.Departure;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Edits for members that leave everything or some groups ({@code cluster.md} 7.7, 8.2). An in-sync
 * member goes only where another one that answers stays.
 */
final class Departures {
    private Departures() {}

    /** Marks members as down; what that means for their groups is settled for each group. */
    static void evict(MapDraft draft, TreeSet<NodeId> nodes) {
        for (NodeId node : nodes) {
            Member member = draft.memberOf(node);
            if (member != null && member.state().isAlive()) {
                draft.put(member.inState(MemberState.DOWN, draft.version()));
            }
        }
    }

    /** Marks members that are about to stop. */
    static void drain(MapDraft draft, TreeSet<NodeId> nodes) {
        for (NodeId node : nodes) {
            Member member = draft.memberOf(node);
            if (member != null && member.state() == MemberState.UP) {
                draft.put(member.inState(MemberState.DRAIN, draft.version()));
            }
        }
    }

    /** Takes a member that is alive out of some groups. */
    static void leave(MapDraft draft, Departure departure) {
        for (PgId pg : departure.groups()) {
            leave(draft, pg.partition(), departure.member(), departure.forced());
        }
    }

    /**
     * Lets groups go round a broken link: a primary at one of its ends gives way to a member that
     * reaches both, so that all keep their copies and all gateways reach the primary. Where there
     * is none, the end that is not primary leaves.
     */
    static void avoid(MapDraft draft, Cut cut, List<Cut> all) {
        for (int partition = 0; partition < draft.groupCount(); partition++) {
            PgEntry entry = draft.group(partition);
            if (!cut.touches(entry.primary())) {
                continue;
            }
            int third = firstWhole(draft, entry, all);
            int other = entry.primary() == cut.one() ? cut.other() : cut.one();
            if (third != PgEntry.NONE) {
                draft.primary(partition, third);
            } else if (entry.names(other)) {
                leave(draft, partition, other, false);
            }
        }
    }

    private static int firstWhole(MapDraft draft, PgEntry entry, List<Cut> all) {
        for (int index : entry.sync()) {
            boolean whole = draft.member(index).state() == MemberState.UP;
            for (Cut cut : all) {
                whole &= !cut.touches(index);
            }
            if (whole) {
                return index;
            }
        }
        return PgEntry.NONE;
    }

    private static void leave(MapDraft draft, int partition, int member, boolean forced) {
        PgEntry entry = draft.group(partition);
        List<Integer> learners = new ArrayList<>(entry.learners());
        learners.remove((Integer) member);
        List<Integer> sync = new ArrayList<>(entry.sync());
        sync.remove((Integer) member);
        boolean served = sync.stream().anyMatch(draft::isHeard);
        boolean enough = forced || sync.size() >= draft.minCopies();
        if (entry.sync().contains(member) && served && enough) {
            int primary = entry.primary() == member ? PgEntry.NONE : entry.primary();
            draft.roles(partition, primary, sync, learners);
        } else {
            draft.roles(partition, entry.primary(), entry.sync(), learners);
        }
    }
}
