package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.PgEntry;

import java.util.ArrayList;
import java.util.List;

/** The rules for one group, applied to a draft ({@code cluster.md} 7.7 and 9). */
final class GroupPlan {
    private final MapDraft draft;
    private final int partition;
    private final PlanInput input;

    GroupPlan(MapDraft draft, int partition, PlanInput input) {
        this.draft = draft;
        this.partition = partition;
        this.input = input;
    }

    /** Drops who is not alive, as far as that is allowed, and sees to a primary. */
    void settle(boolean unclean) {
        PgEntry entry = draft.group(partition);
        List<Integer> learners = new ArrayList<>(entry.learners());
        learners.removeIf(index -> !draft.isAlive(index));
        List<Integer> sync = surviving(entry.sync());
        if (sync.stream().noneMatch(draft::isAlive)) {
            int taker = input.takers.getOrDefault(partition, PgEntry.NONE);
            if (taker == PgEntry.NONE || !draft.isAlive(taker)) {
                taker = unclean ? taker(entry, learners) : PgEntry.NONE;
            }
            if (taker != PgEntry.NONE) {
                sync = List.of(taker);
                learners.remove(Integer.valueOf(taker));
            }
        }
        draft.roles(partition, primaryOf(entry, sync), sync, learners);
    }

    /** Brings the group to where it should be, one safe step a map. */
    void recover() {
        learn();
        if (!shrink()) {
            balance();
        }
    }

    /**
     * The in-sync set without its dead, if anybody is left who answers: the last ones stay the
     * authority until they return. Who may only be slow stays as well while too few would be left.
     */
    private List<Integer> surviving(List<Integer> sync) {
        List<Integer> alive = new ArrayList<>(sync);
        alive.removeIf(index -> !draft.isAlive(index));
        if (alive.stream().noneMatch(draft::isHeard) || alive.size() == sync.size()) {
            return sync;
        }
        if (alive.size() >= draft.minCopies()) {
            return alive;
        }
        List<Integer> kept = new ArrayList<>(sync);
        kept.removeIf(index -> !draft.isAlive(index)
                && (draft.member(index).state() == MemberState.OUT
                        || input.dead.contains(draft.member(index).node())));
        return kept;
    }

    /** Who takes over where that rule is missing: who learned last, or should hold it. */
    private int taker(PgEntry entry, List<Integer> learners) {
        List<Integer> candidates = new ArrayList<>(learners);
        candidates.addAll(entry.target());
        draft.members().forEach(member -> candidates.add(member.index()));
        for (int index : candidates) {
            if (draft.isAlive(index) && draft.member(index).weightGib() > 0) {
                return index;
            }
        }
        return PgEntry.NONE;
    }

    private int primaryOf(PgEntry entry, List<Integer> sync) {
        int now = entry.primary();
        boolean serves = now != PgEntry.NONE && sync.contains(now) && draft.isAlive(now);
        if (serves && draft.member(now).state() != MemberState.DRAIN) {
            return now;
        }
        List<Integer> candidates = new ArrayList<>(entry.target());
        candidates.retainAll(sync);
        candidates.addAll(sync);
        candidates.removeIf(index -> !draft.isAlive(index));
        int any = PgEntry.NONE;
        for (int index : candidates) {
            boolean stays = draft.member(index).state() == MemberState.UP;
            if (stays && !input.isBarred(index, partition)) {
                return index;
            }
            if (any == PgEntry.NONE || (stays && !isStaying(any))) {
                any = index;
            }
        }
        return any;
    }

    private boolean isStaying(int index) {
        return draft.member(index).state() == MemberState.UP;
    }

    private void learn() {
        PgEntry entry = draft.group(partition);
        List<Integer> learners = new ArrayList<>(entry.learners());
        learners.removeIf(index -> !entry.target().contains(index));
        List<Integer> fresh = new ArrayList<>();
        for (int index : entry.target()) {
            boolean wanted = !entry.names(index)
                    && isStaying(index)
                    && !input.isBarred(index, partition)
                    && !isCutOff(index, entry.primary());
            if (wanted) {
                fresh.add(index);
            }
        }
        if (!fresh.isEmpty() && entry.primary() != PgEntry.NONE && input.learnings > 0) {
            input.learnings--;
            learners.addAll(fresh);
        }
        draft.roles(partition, entry.primary(), entry.sync(), learners);
    }

    private boolean isCutOff(int index, int primary) {
        return input.cuts.stream().anyMatch(cut -> cut.touches(index) && cut.touches(primary));
    }

    /** Lets go of members that should not hold the group, once all that should are in sync. */
    private boolean shrink() {
        PgEntry entry = draft.group(partition);
        boolean placed = draft.hasSameSync(partition)
                && entry.sync().containsAll(entry.target())
                && entry.target().stream().allMatch(draft::isAlive);
        if (!placed || entry.sync().size() == entry.target().size()) {
            return false;
        }
        draft.roles(partition, primaryOf(entry, entry.target()), entry.target(), List.of());
        return true;
    }

    /** Gives the group to its preferred primary; a change of roles, so nobody may be learning. */
    private void balance() {
        PgEntry entry = draft.group(partition);
        int preferred = entry.target().get(0);
        boolean moves = entry.primary() != PgEntry.NONE
                && entry.primary() != preferred
                && entry.learners().isEmpty()
                && entry.sync().contains(preferred)
                && isStaying(preferred)
                && !input.isBarred(preferred, partition)
                && input.cuts.stream().noneMatch(cut -> cut.touches(preferred));
        if (moves && input.moves > 0) {
            input.moves--;
            draft.primary(partition, preferred);
        }
    }
}
