package io.kelpie.cluster.membership;

import io.kelpie.cluster.membership.PlanInput.Cut;
import io.kelpie.cluster.membership.PlanInput.Departure;
import io.kelpie.cluster.message.ControlMessage.Suspicion;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * What members say against each other, and what follows from it together with what the controller
 * hears itself ({@code cluster.md} 8.2). Core loop only.
 */
final class Suspicions {
    /** More than all pairs of a cluster of fifty; what comes beyond is said again later. */
    private static final int MAX_ACCUSATIONS = 4096;

    private final PeerId self;
    private final ClusterTimes times;
    private final Liveness liveness;
    private final List<Accusation> accusations = new ArrayList<>();
    /** By member and group until when it must not learn or lead it. */
    private final TreeMap<Integer, TreeMap<Integer, Long>> bars = new TreeMap<>();

    Suspicions(PeerId self, ClusterTimes times, Liveness liveness) {
        this.self = self;
        this.times = times;
        this.liveness = liveness;
    }

    private record Accusation(NodeId accuser, Suspicion said, long firstNanos, long lastNanos) {
        /** The same complaint, perhaps about other groups: one link or disk makes them all. */
        boolean continues(NodeId by, Suspicion suspicion) {
            return accuser.equals(by)
                    && said.accused().equals(suspicion.accused())
                    && said.evidence() == suspicion.evidence();
        }
    }

    /** Notes what a member said; a pause in its repetitions begins it anew. */
    void accuse(NodeId accuser, Suspicion said, long now) {
        expire(now);
        long first = now;
        for (Accusation known : accusations) {
            if (known.continues(accuser, said)) {
                first = Math.min(first, known.firstNanos());
            }
        }
        accusations.removeIf(
                known -> known.accuser().equals(accuser) && known.said().equals(said));
        if (accusations.size() < MAX_ACCUSATIONS) {
            accusations.add(new Accusation(accuser, said, first, now));
        }
    }

    private void expire(long now) {
        accusations.removeIf(known -> now - known.lastNanos() > times.persistNanos());
    }

    /** Forgets what the map that was just written has dealt with. */
    void onActed() {
        accusations.removeIf(accusation -> switch (accusation.said().evidence()) {
            case NO_ACKNOWLEDGEMENT, STORE_FAILED, ROLLED_BACK -> true;
            case SILENT, REFUSED -> false;
        });
    }

    /** Forgets what was said against an earlier life of a node. */
    void forget(NodeId accused) {
        accusations.removeIf(known -> known.said().accused().equals(accused));
    }

    /** Forgets everything: another controller was in charge meanwhile. */
    void clear() {
        accusations.clear();
        bars.clear();
    }

    /** Draws the conclusions; whether a member is announced counts only for certainty. */
    void judge(ClusterMap map, TreeSet<NodeId> announced, long now, PlanInput input) {
        expire(now);
        long patience = isMinority(map, announced) ? times.deadNanos() : times.suspectNanos();
        for (Member member : map.members()) {
            if (member.state().isAlive() && isLost(map, member, patience)) {
                input.evicted.add(member.node());
            }
        }
        for (Member member : map.members()) {
            NodeId node = member.node();
            boolean gone = input.evicted.contains(node) || !member.state().isAlive();
            if (gone && isCertainlyDead(node, announced)) {
                input.dead.add(node);
            }
        }
        for (Accusation accusation : accusations) {
            Member accuser = present(map, accusation.accuser(), input);
            Member accused = present(map, accusation.said().accused(), input);
            if (accuser != null && accused != null) {
                judge(map, accusation, accuser, accused, now, input);
            }
        }
        fillBars(now, input);
    }

    /**
     * That nobody listens is certain. Silence may be the controller's own trouble, so somebody else
     * must have noticed, if there is anybody.
     */
    private boolean isLost(ClusterMap map, Member member, long patienceNanos) {
        NodeId node = member.node();
        if (node.equals(self.node())) {
            return false;
        }
        return liveness.isRefused(node)
                || (liveness.silentNanos(node) >= patienceNanos
                        && (isAccusedByOther(node) || !hasWitness(map, node)));
    }

    /** Who hears less than half of those that should be alive is rather cut off itself. */
    private boolean isMinority(ClusterMap map, TreeSet<NodeId> announced) {
        int there = 0;
        int heard = 0;
        for (Member member : map.members()) {
            NodeId node = member.node();
            if (member.state().isAlive() && announced.contains(node)) {
                there += liveness.isRefused(node) ? 0 : 1;
                heard += liveness.isSilent(node) ? 0 : 1;
            }
        }
        return 2 * heard < there;
    }

    private boolean isAccusedByOther(NodeId node) {
        return accusations.stream()
                .anyMatch(accusation -> accusation.said().accused().equals(node)
                        && !accusation.accuser().equals(self.node())
                        && !liveness.isSilent(accusation.accuser()));
    }

    private boolean hasWitness(ClusterMap map, NodeId node) {
        return map.members().stream()
                .anyMatch(other -> other.state().isAlive()
                        && !other.node().equals(node)
                        && !other.node().equals(self.node())
                        && liveness.isHeard(other.id(), 0));
    }

    private boolean isCertainlyDead(NodeId node, TreeSet<NodeId> announced) {
        return liveness.isRefused(node)
                || (liveness.isSilent(node) && !announced.contains(node))
                || liveness.silentNanos(node) >= times.deadNanos();
    }

    private static @Nullable Member present(ClusterMap map, NodeId node, PlanInput input) {
        Member member = map.memberOf(node);
        boolean counts =
                member != null && member.state().isAlive() && !input.evicted.contains(node);
        return counts ? member : null;
    }

    private void judge(
            ClusterMap map,
            Accusation accusation,
            Member accuser,
            Member accused,
            long now,
            PlanInput input) {
        Suspicion said = accusation.said();
        boolean persistent =
                accusation.lastNanos() - accusation.firstNanos() >= times.persistNanos();
        int by = accuser.index();
        int who = accused.index();
        switch (said.evidence()) {
            case SILENT, REFUSED -> {
                Cut cut = new Cut(Math.min(by, who), Math.max(by, who));
                boolean heard = accusation.accuser().equals(self.node())
                        && !liveness.isSilent(said.accused());
                if (persistent && !heard && by != who && !input.cuts.contains(cut)) {
                    input.cuts.add(cut);
                }
            }
            case NO_ACKNOWLEDGEMENT -> {
                if (persistent && by != who) {
                    List<PgId> groups =
                            groups(map, said, entry -> entry.primary() == by && entry.names(who));
                    bar(who, groups, now + times.barNanos());
                    depart(who, groups, false, input);
                }
            }
            case STORE_FAILED -> {
                List<PgId> groups = groups(
                        map,
                        said,
                        entry -> (by == who || entry.primary() == by) && entry.names(who));
                bar(who, groups, now + times.outNanos());
                depart(who, groups, true, input);
            }
            case ROLLED_BACK -> {
                List<PgId> groups = groups(
                        map,
                        said,
                        entry -> entry.sync().contains(by) && entry.sync().contains(who));
                depart(who, groups, true, input);
            }
        }
    }

    private static List<PgId> groups(ClusterMap map, Suspicion said, Predicate<PgEntry> concerned) {
        List<PgId> groups = new ArrayList<>();
        for (int partition = 0; partition < map.groups().size(); partition++) {
            PgId pg = new PgId(partition);
            boolean named = said.groups().isEmpty() || said.groups().contains(pg);
            if (named && concerned.test(map.group(pg))) {
                groups.add(pg);
            }
        }
        return groups;
    }

    private static void depart(int member, List<PgId> groups, boolean forced, PlanInput input) {
        if (!groups.isEmpty()) {
            input.departures.add(new Departure(member, groups, forced));
        }
    }

    private void bar(int member, List<PgId> groups, long untilNanos) {
        TreeMap<Integer, Long> barred = bars.computeIfAbsent(member, index -> new TreeMap<>());
        groups.forEach(pg -> barred.put(pg.partition(), untilNanos));
    }

    private void fillBars(long now, PlanInput input) {
        bars.values().forEach(groups -> groups.values().removeIf(until -> until - now <= 0));
        bars.values().removeIf(TreeMap::isEmpty);
        bars.forEach((member, groups) -> input.barred.put(member, new TreeSet<>(groups.keySet())));
    }
}
