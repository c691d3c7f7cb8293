package io.kelpie.cluster.model;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The agreed state of the cluster: who is a member and which members hold each placement group.
 * Immutable; a change is a new map with the next version, written by compare-and-swap.
 *
 * @param version map version, rises by one with each change, 0 before the first
 * @param epoch what users see: rises when the set of members changes; 0 before the first format
 * @param eventsIndex a node installs the map only after applying the events up to this index
 * @param status what the cluster does
 * @param flags what the operator asked of the whole cluster, {@link #FLAG_NO_RECOVERY} and others
 * @param settings what the format decided
 * @param members the nodes, in index order
 * @param groups one entry for each partition, a power of two of them; empty before the first format
 */
public record ClusterMap(
        long version,
        int epoch,
        long eventsIndex,
        ClusterStatus status,
        int flags,
        ClusterSettings settings,
        List<Member> members,
        List<PgEntry> groups) {
    /** No copies are moved or made anew: {@code dog cluster recover disable}. */
    public static final int FLAG_NO_RECOVERY = 1;

    /** Members that are away keep their groups: maintenance. */
    public static final int FLAG_NO_OUT = 2;

    /** The map before the first write. */
    public static final ClusterMap EMPTY = new ClusterMap(
            0, 0, 0, ClusterStatus.UNFORMATTED, ClusterSettings.UNFORMATTED, List.of(), List.of());

    /**
     * A map without flags.
     *
     * @param version map version
     * @param epoch the users' epoch
     * @param eventsIndex events to apply first
     * @param status what the cluster does
     * @param settings what the format decided
     * @param members the nodes
     * @param groups the placement groups
     */
    public ClusterMap(
            long version,
            int epoch,
            long eventsIndex,
            ClusterStatus status,
            ClusterSettings settings,
            List<Member> members,
            List<PgEntry> groups) {
        this(version, epoch, eventsIndex, status, 0, settings, members, groups);
    }

    /** Copies the lists and checks their sizes. */
    public ClusterMap {
        members = List.copyOf(members);
        groups = List.copyOf(groups);
        Invariant.check(
                groups.isEmpty() || Integer.bitCount(groups.size()) == 1,
                "the number of partitions is a power of two",
                groups.size());
    }

    /**
     * How many leading hash bits choose the partition.
     *
     * @return 0 to {@link PgId#MAX_BITS}
     */
    public int partBits() {
        return groups.isEmpty() ? 0 : Integer.numberOfTrailingZeros(groups.size());
    }

    /**
     * A placement group's entry.
     *
     * @param pg the group, below the number of partitions
     * @return its entry
     */
    public PgEntry group(PgId pg) {
        return groups.get(pg.partition());
    }

    /**
     * The member that a node process is in this map.
     *
     * @param node the node
     * @param incarnation its process lifetime
     * @return the member, or null if the map does not name this lifetime
     */
    public @Nullable Member member(NodeId node, long incarnation) {
        for (Member member : members) {
            if (member.node().equals(node) && member.incarnation() == incarnation) {
                return member;
            }
        }
        return null;
    }

    /**
     * The member with an index.
     *
     * @param index as placement groups name it
     * @return the member
     */
    public Member member(int index) {
        for (Member member : members) {
            if (member.index() == index) {
                return member;
            }
        }
        throw new InvariantViolation("the map names member " + index);
    }

    /**
     * The member that a node is, whatever its process lifetime.
     *
     * @param node the node
     * @return the member, or null if the node is none
     */
    public @Nullable Member memberOf(NodeId node) {
        for (Member member : members) {
            if (member.node().equals(node)) {
                return member;
            }
        }
        return null;
    }
}
