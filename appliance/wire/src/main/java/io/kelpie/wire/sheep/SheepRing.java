package io.kelpie.wire.sheep;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Upstream's placement as {@code dog} computes it from the node list: consistent hashing with
 * zones. Kelpie places objects in its own way; this serves the commands that print or check what
 * upstream's formula says. Immutable after construction.
 */
public final class SheepRing {
    private final TreeMap<Long, NodeRecord> points = new TreeMap<>(Long::compareUnsigned);
    private final int zoneCount;

    /**
     * Builds the ring of a node list; nodes with 0 vnodes (gateways) have no point on it.
     *
     * @param nodes at most 6144
     */
    public SheepRing(List<NodeRecord> nodes) {
        Set<Long> zones = new HashSet<>();
        for (NodeRecord node : nodes) {
            for (long point : SheepHash.vnodePoints(node.id().address(), node.vnodes())) {
                points.put(point, node);
            }
            if (node.vnodes() > 0) {
                zones.add(node.zone());
            }
        }
        zoneCount = zones.size();
    }

    /** Returns the number of zones that hold data. */
    public int zoneCount() {
        return zoneCount;
    }

    /**
     * Returns the nodes that hold an object, in ring order, one per zone.
     *
     * @param oid object id
     * @param copies how many are wanted; fewer come back if there are fewer zones
     */
    public List<NodeRecord> holders(long oid, int copies) {
        List<NodeRecord> holders = new ArrayList<>();
        Set<Long> zones = new HashSet<>();
        long start = SheepHash.objectHash(oid);
        collect(points.tailMap(start, true), copies, holders, zones);
        collect(points.headMap(start, false), copies, holders, zones);
        return holders;
    }

    private static void collect(
            Map<Long, NodeRecord> arc, int copies, List<NodeRecord> holders, Set<Long> zones) {
        for (NodeRecord node : arc.values()) {
            if (holders.size() >= copies) {
                return;
            }
            if (zones.add(node.zone())) {
                holders.add(node);
            }
        }
    }
}
