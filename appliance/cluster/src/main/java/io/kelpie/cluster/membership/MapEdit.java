package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.placement.Placement;

import java.util.ArrayList;
import java.util.List;

/** The changes that are made to maps, as pure functions from a map to the next one. */
final class MapEdit {
    private MapEdit() {}

    /** A fresh cluster of the given members at epoch 1; every group is served by its placement. */
    static ClusterMap format(
            ClusterMap map,
            ClusterSettings settings,
            List<Member> members,
            int partBits,
            long events) {
        long version = map.version() + 1;
        List<PgEntry> groups = new ArrayList<>();
        for (int partition = 0; partition < 1 << partBits; partition++) {
            List<Integer> holders =
                    Placement.membersOf(new PgId(partition), members, settings.copies());
            groups.add(new PgEntry(version, holders.get(0), holders, List.of()));
        }
        return new ClusterMap(version, 1, events, ClusterStatus.RUNNING, settings, members, groups);
    }

    /**
     * Names a new process lifetime of a member and raises the epoch of all its groups, so that no
     * process continues under an epoch in which a previous life of it acted.
     */
    static ClusterMap restart(ClusterMap map, Member self, long events) {
        long version = map.version() + 1;
        List<Member> members = new ArrayList<>();
        for (Member member : map.members()) {
            members.add(member.index() == self.index() ? self : member);
        }
        List<PgEntry> groups = new ArrayList<>();
        for (PgEntry group : map.groups()) {
            boolean holds =
                    group.sync().contains(self.index()) || group.learners().contains(self.index());
            groups.add(holds ? group.raisedTo(version) : group);
        }
        return new ClusterMap(
                version,
                map.epoch(),
                events,
                ClusterStatus.RUNNING,
                map.settings(),
                members,
                groups);
    }

    /** The same cluster with another status. */
    static ClusterMap withStatus(ClusterMap map, ClusterStatus status) {
        return new ClusterMap(
                map.version() + 1,
                map.epoch(),
                map.eventsIndex(),
                status,
                map.settings(),
                map.members(),
                map.groups());
    }
}
