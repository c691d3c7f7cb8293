package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.ControlMessage.AddLearner;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Coordinator.Announcement;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/** Everything that one map is made from, besides the map before it. Filled by the controller. */
final class PlanInput {
    /** Processes that are announced and may come in. */
    final List<Announcement> joining = new ArrayList<>();

    /** Members that were down and answer again, in the process that the map names. */
    final TreeSet<NodeId> revived = new TreeSet<>();

    /** Members to be taken out of everything. */
    final TreeSet<NodeId> evicted = new TreeSet<>();

    /** Members that are dead for certain: even the minimum of copies does not keep them. */
    final TreeSet<NodeId> dead = new TreeSet<>();

    /**
     * Members that the map calls alive and that did not answer lately. They are not left as the
     * only ones in sync: perhaps they are gone for good, and who was let go knew as much.
     */
    final TreeSet<NodeId> unheard = new TreeSet<>();

    /** Members that are down for so long that others get their copies. */
    final TreeSet<NodeId> away = new TreeSet<>();

    final List<Departure> departures = new ArrayList<>();
    final List<Cut> cuts = new ArrayList<>();
    final List<AddLearner> additions = new ArrayList<>();
    final TreeSet<NodeId> draining = new TreeSet<>();

    /** By member the groups that it must not learn or lead for a while. */
    final TreeMap<Integer, TreeSet<Integer>> barred = new TreeMap<>();

    /** The status to set; null: as it is. */
    @Nullable
    ClusterStatus status;

    int flagsToSet;
    int flagsToClear;

    /** By partition who takes over without any in-sync member, as an operator wants it. */
    final TreeMap<Integer, Integer> takers = new TreeMap<>();

    /** Whether these are all that the order is about. */
    boolean forceReady;

    /** How many primaries may move for the sake of balance. */
    int moves;

    /** In how many groups learners may begin. */
    int learnings;

    long eventsIndex;

    /**
     * A member leaves some groups, though it is alive.
     *
     * @param member its index
     * @param groups the groups
     * @param forced even below the minimum of copies, as its copy is of no use
     */
    record Departure(int member, List<PgId> groups, boolean forced) {
        Departure {
            groups = List.copyOf(groups);
        }
    }

    /**
     * Two members that the controller hears do not hear each other.
     *
     * @param one index of one
     * @param other index of the other
     */
    record Cut(int one, int other) {
        boolean touches(int index) {
            return index == one || index == other;
        }
    }

    boolean isBarred(int member, int partition) {
        TreeSet<Integer> groups = barred.get(member);
        return groups != null && groups.contains(partition);
    }
}
