package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.port.Coordinator.Announcement;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;

/** Edits for processes that come in, and for members that come back ({@code cluster.md} 8.1). */
final class Joins {
    private Joins() {}

    /** Whether a process carries the data of another cluster. */
    static boolean isForeign(ClusterMap map, Announcement process) {
        long created = process.clusterCreatedNanos();
        return created != 0 && created != map.settings().createdNanos();
    }

    /** Whether a process is not the one that the map names for its node, but a later one. */
    static boolean isNewer(ClusterMap map, Announcement process) {
        Member member = map.memberOf(process.id().node());
        return member == null || process.id().incarnation() > member.incarnation();
    }

    /**
     * Whether a process whose copies may lack unsynced writes has to wait: some group has no
     * healthy in-sync member, and one that is absent may be it.
     */
    static boolean waitsForOthers(
            ClusterMap map,
            Announcement process,
            Predicate<Integer> isHeard,
            Predicate<Integer> isBack) {
        Member member = map.memberOf(process.id().node());
        if (process.clean() || member == null || !isNewer(map, process)) {
            return false;
        }
        int own = member.index();
        for (PgEntry entry : map.groups()) {
            boolean healthy = entry.sync().stream()
                    .anyMatch(index -> index != own
                            && map.member(index).state().isAlive()
                            && isHeard.test(index));
            boolean complete =
                    entry.sync().stream().allMatch(index -> index == own || isBack.test(index));
            if (entry.sync().contains(own) && !healthy && !complete) {
                return true;
            }
        }
        return false;
    }

    /**
     * Takes processes in. Their groups get a new epoch, so that no process goes on under an epoch
     * in which an earlier life of it acted; who was in sync and was not evicted stays so.
     */
    static void join(MapDraft draft, List<Announcement> processes, boolean raise) {
        TreeSet<Integer> unclean = new TreeSet<>();
        for (Announcement process : processes) {
            boolean later = isNewer(draft.base(), process);
            if (isForeign(draft.base(), process) || !isCurrent(draft, process)) {
                continue;
            }
            Member member = joined(draft, process);
            draft.put(member);
            if (later && raise) {
                draft.raiseGroupsOf(member.index());
            }
            if (later && !process.clean()) {
                unclean.add(member.index());
            }
        }
        if (!unclean.isEmpty()) {
            demote(draft, unclean);
        }
    }

    /** Names members alive again that were down and answer. */
    static void revive(MapDraft draft, TreeSet<NodeId> nodes) {
        for (NodeId node : nodes) {
            Member member = draft.memberOf(node);
            if (member != null && member.state() == MemberState.DOWN) {
                draft.put(member.inState(MemberState.UP, draft.version()));
            }
        }
    }

    private static boolean isCurrent(MapDraft draft, Announcement process) {
        Member member = draft.memberOf(process.id().node());
        return member == null || process.id().incarnation() >= member.incarnation();
    }

    private static Member joined(MapDraft draft, Announcement process) {
        Member before = draft.memberOf(process.id().node());
        boolean sameLife =
                before != null && before.incarnation() == process.id().incarnation();
        // Down in the same life ends with an answer to a heartbeat, not with an announcement.
        MemberState state = before != null && sameLife ? before.state() : MemberState.UP;
        return new Member(
                before == null ? draft.freeIndex() : before.index(),
                process.id().node(),
                process.id().incarnation(),
                process.endpoint(),
                process.peer(),
                process.zone(),
                process.weightGib(),
                state,
                before != null && before.state() == state
                        ? before.sinceVersion()
                        : draft.version());
    }

    /**
     * Copies that may lack unsynced writes do not count while a healthy one is there. Where all are
     * unclean all stay, and are compared in full before they serve.
     */
    private static void demote(MapDraft draft, TreeSet<Integer> unclean) {
        for (int partition = 0; partition < draft.groupCount(); partition++) {
            PgEntry entry = draft.group(partition);
            boolean healthy = false;
            for (int index : entry.sync()) {
                healthy |= draft.isHeard(index) && !unclean.contains(index);
            }
            if (!healthy) {
                continue;
            }
            List<Integer> sync = new ArrayList<>(entry.sync());
            List<Integer> learners = new ArrayList<>(entry.learners());
            for (int index : entry.sync()) {
                if (unclean.contains(index)) {
                    sync.remove((Integer) index);
                    learners.add(index);
                }
            }
            Invariant.check(!sync.isEmpty(), "a healthy copy stays", partition);
            int primary = sync.contains(entry.primary()) ? entry.primary() : PgEntry.NONE;
            draft.roles(partition, primary, sync, learners);
        }
    }
}
