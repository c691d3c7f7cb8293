package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgEntry;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The next map while it is being made: many edits, one version. What did not change in the end
 * keeps its partition epoch; what did, or has to, gets the new version.
 */
final class MapDraft {
    private final ClusterMap base;
    private final TreeMap<Integer, Member> members = new TreeMap<>();
    private final List<PgEntry> groups;
    /** Groups whose epoch rises though nobody's role changes. */
    private final TreeSet<Integer> raised = new TreeSet<>();

    private final TreeSet<NodeId> unheard = new TreeSet<>();
    private ClusterStatus status;
    private int flags;

    MapDraft(ClusterMap base) {
        this.base = base;
        this.status = base.status();
        this.flags = base.flags();
        base.members().forEach(member -> members.put(member.index(), member));
        groups = new ArrayList<>(base.groups());
    }

    ClusterMap base() {
        return base;
    }

    /** The version of the map that this becomes. */
    long version() {
        return base.version() + 1;
    }

    int copies() {
        return base.settings().copies();
    }

    int minCopies() {
        return base.settings().minCopies();
    }

    int flags() {
        return flags;
    }

    void flags(int newFlags) {
        flags = newFlags;
    }

    void status(ClusterStatus newStatus) {
        status = newStatus;
    }

    List<Member> members() {
        return List.copyOf(members.values());
    }

    @Nullable
    Member memberOf(NodeId node) {
        for (Member member : members.values()) {
            if (member.node().equals(node)) {
                return member;
            }
        }
        return null;
    }

    Member member(int index) {
        return Invariant.present(members.get(index), "groups name members of the map");
    }

    boolean isAlive(int index) {
        return member(index).state().isAlive();
    }

    /** Tells which members did not answer lately. */
    void unheard(TreeSet<NodeId> nodes) {
        unheard.clear();
        unheard.addAll(nodes);
    }

    /** Whether a member is alive and has answered lately, so that a group may be left to it. */
    boolean isHeard(int index) {
        return isAlive(index) && !unheard.contains(member(index).node());
    }

    /** Adds a member or replaces the one of its index. */
    void put(Member member) {
        members.put(member.index(), member);
    }

    /** The lowest number that no member has. */
    int freeIndex() {
        int index = 0;
        while (members.containsKey(index)) {
            index++;
        }
        return index;
    }

    int groupCount() {
        return groups.size();
    }

    PgEntry group(int partition) {
        return groups.get(partition);
    }

    /** Whether a group's in-sync set is that of the map before. */
    boolean hasSameSync(int partition) {
        return groups.get(partition).sync().equals(base.groups().get(partition).sync());
    }

    void roles(int partition, int primary, List<Integer> sync, List<Integer> learners) {
        PgEntry entry = groups.get(partition);
        groups.set(partition, new PgEntry(entry.epoch(), primary, sync, learners, entry.target()));
    }

    void primary(int partition, int primary) {
        PgEntry entry = groups.get(partition);
        roles(partition, primary, entry.sync(), entry.learners());
    }

    void target(int partition, List<Integer> target) {
        PgEntry entry = groups.get(partition);
        groups.set(
                partition,
                new PgEntry(
                        entry.epoch(), entry.primary(), entry.sync(), entry.learners(), target));
    }

    /** Raises the epoch of all groups that name a member. */
    void raiseGroupsOf(int index) {
        for (int partition = 0; partition < groups.size(); partition++) {
            if (groups.get(partition).names(index)) {
                raised.add(partition);
            }
        }
    }

    /** The finished map; the one before if nothing changed. */
    ClusterMap finish(long eventsIndex) {
        List<PgEntry> finished = new ArrayList<>();
        for (int partition = 0; partition < groups.size(); partition++) {
            finished.add(finished(partition));
        }
        boolean same = status == base.status()
                && flags == base.flags()
                && members().equals(base.members())
                && finished.equals(base.groups());
        if (same) {
            return base;
        }
        boolean sameNodes = aliveNodes(members()).equals(aliveNodes(base.members()));
        return new ClusterMap(
                version(),
                sameNodes ? base.epoch() : base.epoch() + 1,
                Math.max(eventsIndex, base.eventsIndex()),
                status,
                flags,
                base.settings(),
                members(),
                finished);
    }

    private PgEntry finished(int partition) {
        PgEntry entry = groups.get(partition);
        PgEntry before = base.groups().get(partition);
        boolean same = entry.primary() == before.primary()
                && entry.sync().equals(before.sync())
                && entry.learners().equals(before.learners())
                && !raised.contains(partition);
        return same ? entry : entry.raisedTo(version());
    }

    static TreeSet<NodeId> aliveNodes(List<Member> members) {
        TreeSet<NodeId> alive = new TreeSet<>();
        for (Member member : members) {
            if (member.state().isAlive()) {
                alive.add(member.node());
            }
        }
        return alive;
    }
}
