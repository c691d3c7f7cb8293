package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Coordinator.Announcement;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The map after a format: made once all announced processes have emptied their stores, or those
 * that did not were waited for long enough; these join later, empty. Core loop only.
 */
final class FormatPlan {
    private final ControlConfig config;
    /** By process the format it emptied its store for; the last one of each node. */
    private final TreeMap<PeerId, Long> emptied = new TreeMap<>();

    private long waitingFor;
    private long sinceNanos;

    FormatPlan(ControlConfig config) {
        this.config = config;
    }

    void onEmptied(PeerId process, long createdNanos) {
        emptied.keySet().removeIf(known -> known.node().equals(process.node()));
        emptied.put(process, createdNanos);
    }

    /** Whether an event orders a format that the map does not carry. */
    boolean isPending(ClusterMap map, ClusterSettings formatted) {
        return formatted.createdNanos() != 0
                && formatted.createdNanos() != map.settings().createdNanos();
    }

    /** Whether a process said that its store is empty for the cluster of a map. */
    boolean isEmptied(PeerId process, ClusterMap map) {
        Long created = emptied.get(process);
        return created != null && created == map.settings().createdNanos();
    }

    /** The announcement as it would be if it had been made after the store was emptied. */
    Announcement own(Announcement process, ClusterMap map) {
        return isEmptied(process.id(), map)
                ? new Announcement(
                        process.id(),
                        process.endpoint(),
                        process.peer(),
                        process.zone(),
                        process.weightGib(),
                        map.settings().createdNanos(),
                        true)
                : process;
    }

    @Nullable
    ClusterMap plan(
            ClusterMap map,
            ClusterSettings formatted,
            TreeMap<NodeId, Announcement> announced,
            long eventsIndex,
            long now) {
        if (waitingFor != formatted.createdNanos()) {
            waitingFor = formatted.createdNanos();
            sinceNanos = now;
        }
        List<Announcement> ready = new ArrayList<>();
        for (Announcement process : announced.values()) {
            Long created = emptied.get(process.id());
            if (created != null && created == formatted.createdNanos()) {
                ready.add(process);
            }
        }
        boolean waits = ready.size() < announced.size()
                && now - sinceNanos < config.times().formatNanos();
        boolean holds = ready.stream().anyMatch(process -> process.weightGib() > 0);
        if (waits || !holds) {
            return null;
        }
        List<Member> members = members(map, ready);
        return MapEdit.format(map, formatted, members, config.partBits(), eventsIndex);
    }

    /** Nodes keep their numbers; new ones get those that are free. */
    private static List<Member> members(ClusterMap map, List<Announcement> ready) {
        TreeSet<Integer> taken = new TreeSet<>();
        map.members().forEach(member -> taken.add(member.index()));
        TreeMap<Integer, Member> members = new TreeMap<>();
        for (Announcement process : ready) {
            Member before = map.memberOf(process.id().node());
            int index = before == null ? 0 : before.index();
            while (before == null && !taken.add(index)) {
                index++;
            }
            Member plain = new Member(
                    index,
                    process.id().node(),
                    process.id().incarnation(),
                    process.endpoint(),
                    process.zone(),
                    process.weightGib());
            members.put(index, at(plain, process, map.version() + 1));
        }
        return List.copyOf(members.values());
    }

    private static Member at(Member member, Announcement process, long version) {
        return new Member(
                member.index(),
                member.node(),
                member.incarnation(),
                process.endpoint(),
                process.peer(),
                process.zone(),
                process.weightGib(),
                member.state(),
                version);
    }
}
