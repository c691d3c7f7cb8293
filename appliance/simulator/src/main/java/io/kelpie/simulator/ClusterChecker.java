package io.kelpie.simulator;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.placement.Placement;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The invariants of {@code cluster.md} 15 that can be seen from outside, asserted on what a step
 * touched: maps as they are written, batches as disks apply them, writes as they are acknowledged.
 */
final class ClusterChecker implements SimCoordinator.MapObserver {
    /** Name of the record in which a node keeps the cluster's state. */
    private static final String STATE_RECORD = "cluster-state";

    private final World world;
    private final SimCoordinator coordinator;
    private final List<TestVdi> vdis;
    /** Disks by node, also of nodes that are no more; a lost disk is null. */
    private final TreeMap<NodeId, Disk> disks = new TreeMap<>();
    /** What each version of each group is, wherever it was seen first; only looked up. */
    private final Map<String, Known> versions = new HashMap<>();
    /** Hash of the cluster's state by the index of its last event. */
    private final TreeMap<Long, Long> states = new TreeMap<>();

    /** Whether a store may have refused a write in the middle of others. */
    private boolean mayLackWrites;

    private long checks;

    ClusterChecker(World world, SimCoordinator coordinator, List<TestVdi> vdis) {
        this.world = world;
        this.coordinator = coordinator;
        this.vdis = vdis;
    }

    /** Comparisons made, for the tests of the checker itself. */
    long checks() {
        return checks;
    }

    /** A disk had no room. */
    void onFullDisk() {
        mayLackWrites = true;
    }

    /** Watches a node's disk. */
    void addDisk(NodeId node, String name, SimDisk disk) {
        disks.put(node, new Disk(name, disk));
        disk.observe(change -> onBatch(node, name, disk, change));
    }

    /** A disk is gone for good, by a fault: its node promises nothing any more. */
    void onDiskLost(NodeId node) {
        disks.remove(node);
    }

    /** Whether every group has an in-sync copy on another disk, so that this one may be lost. */
    boolean canSpare(NodeId node) {
        ClusterMap map = coordinator.map();
        Member member = map.memberOf(node);
        if (member == null) {
            return map.status() == ClusterStatus.RUNNING;
        }
        for (PgEntry entry : map.groups()) {
            boolean other = false;
            for (int index : entry.sync()) {
                other |= index != member.index()
                        && disks.containsKey(map.member(index).node());
            }
            if (!other) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void onMap(ClusterMap previous, ClusterMap next) {
        checkChain(previous, next);
        boolean same = previous.status() == ClusterStatus.RUNNING
                && previous.settings().createdNanos() == next.settings().createdNanos();
        for (int i = 0; i < next.groups().size(); i++) {
            PgId pg = new PgId(i);
            PgEntry entry = next.group(pg);
            PgEntry before = same ? previous.group(pg) : null;
            if (before == null || !entry.sync().equals(before.sync())) {
                checkGroup(next, pg);
            }
            if (before != null) {
                checkEntry(pg, before, entry, next.version());
            }
        }
    }

    private void checkChain(ClusterMap previous, ClusterMap next) {
        world.check(
                next.version() == previous.version() + 1,
                "I1: each map follows its one predecessor",
                previous.version() + " to " + next.version());
        world.check(
                next.eventsIndex() >= previous.eventsIndex()
                        || next.settings().createdNanos() != previous.settings().createdNanos(),
                "I1: maps do not forget events",
                next.version());
    }

    private void checkEntry(PgId pg, PgEntry before, PgEntry now, long version) {
        boolean changed = before.primary() != now.primary()
                || !before.sync().equals(now.sync())
                || !before.learners().equals(now.learners());
        world.check(
                changed ? now.epoch() == version : now.epoch() >= before.epoch(),
                "I1: a changed entry carries a new partition epoch",
                pg + " " + before + " became " + now + " at " + version);
        boolean kept = false;
        for (int index : now.sync()) {
            kept |= before.sync().contains(index);
        }
        world.check(
                kept,
                "I2: some of the in-sync set stays",
                pg + " " + before + " became " + now + " at " + version);
    }

    /** All copies in sync have what was acknowledged or read in a group. */
    void checkGroup(ClusterMap map, PgId pg) {
        for (TestVdi vdi : vdis) {
            if (!vdi.isLive() || vdi.history().isFrozen()) {
                continue;
            }
            int perObject = (int) (vdi.objectBytes() / vdi.blockBytes());
            int objects = (vdi.blockCount() + perObject - 1) / perObject;
            for (int index = 0; index < objects; index++) {
                ObjectId object = ObjectId.data(vdi.id(), index);
                if (Placement.groupOf(vdi.number(), object, map.partBits()).equals(pg)) {
                    int first = index * perObject;
                    int count = Math.min(perObject, vdi.blockCount() - first);
                    checkBlocks(map, pg, vdi, object, first, count);
                }
            }
        }
    }

    /** Everything, everywhere. */
    void checkAll() {
        ClusterMap map = coordinator.map();
        if (map.status() == ClusterStatus.RUNNING) {
            for (int i = 0; i < map.groups().size(); i++) {
                checkGroup(map, new PgId(i));
            }
        }
    }

    /** A write or read ended well: the blocks it names are on every copy. */
    void onEnded(TestVdi vdi, VdiHistory.Operation operation) {
        ClusterMap map = coordinator.map();
        if (!vdi.isLive() || map.groups().isEmpty() || vdi.history().isFrozen()) {
            return;
        }
        int perObject = (int) (vdi.objectBytes() / vdi.blockBytes());
        int block = operation.firstBlock();
        int end = Math.min(block + operation.blockCount(), vdi.blockCount());
        while (block < end) {
            int index = block / perObject;
            int next = Math.min(end, (index + 1) * perObject);
            ObjectId object = ObjectId.data(vdi.id(), index);
            PgId pg = Placement.groupOf(vdi.number(), object, map.partBits());
            checkBlocks(map, pg, vdi, object, block, next - block);
            block = next;
        }
    }

    private void checkBlocks(
            ClusterMap map, PgId pg, TestVdi vdi, ObjectId object, int first, int count) {
        for (int index : map.group(pg).sync()) {
            Disk disk = disks.get(map.member(index).node());
            if (disk == null) {
                continue;
            }
            StoredObject stored = disk.disk.durableImage().object(new ObjectKey(pg, object));
            if (stored != null && stored.version().equals(ObjectVersion.PARTIAL)) {
                continue;
            }
            for (int block = first; block < first + count; block++) {
                long offset = (long) block * vdi.blockBytes() % vdi.objectBytes();
                long stamp = stored == null || stored.isRotten(offset) ? 0 : stored.longAt(offset);
                boolean fits = (stored != null && stored.isRotten(offset))
                        || vdi.history().mayHold(block, stamp);
                checks++;
                if (!fits) {
                    throw world.fail(
                            SimulationFailure.Kind.CORRECTNESS,
                            "I3: every in-sync copy durably has what was acknowledged or read",
                            disk.name + " in " + map.group(pg) + " of " + pg + " map "
                                    + map.version() + ": " + vdi.name() + " block " + block
                                    + " holds " + Long.toHexString(stamp) + " in version "
                                    + (stored == null ? "none" : stored.version()) + "\n"
                                    + vdi.history().describe(block));
                }
            }
        }
    }

    private void onBatch(NodeId node, String name, SimDisk disk, DiskImage.Change change) {
        for (Map.Entry<ObjectKey, StoredObject> put : change.puts().entrySet()) {
            checkVersion(name, put.getKey(), put.getValue());
        }
        PgId dropped = change.droppedGroup();
        if (dropped != null) {
            checkPurge(node, name, disk, dropped);
        }
        byte[] state = change.records().get(STATE_RECORD);
        if (state != null) {
            checkState(name, state);
        }
    }

    private void checkVersion(String name, ObjectKey key, StoredObject object) {
        ObjectVersion version = object.version();
        if (version.equals(ObjectVersion.PARTIAL)) {
            return;
        }
        checks++;
        Known now = new Known(key.object(), object.sizeBytes(), object.contentHash());
        // The lower version that marks a copy that lacks a write (see below) may be another
        // object's.
        Known first = versions.putIfAbsent(
                coordinator.map().settings().createdNanos() + " " + key.pg() + " " + version, now);
        world.check(
                first == null || first.object.equals(now.object) || mayLackWrites,
                "I5: a version is assigned once",
                key + " got " + version + " at " + name + ", so did " + first);
        // Where a disk was full, a copy that lacks a write is marked by a lower version in a batch
        // of its own, right after; what is not marked differs at rest.
        world.check(
                first == null || first.equals(now) || mayLackWrites,
                "I6: the same version has the same bytes",
                key + " in version " + version + " at " + name);
    }

    private void checkPurge(NodeId node, String name, SimDisk disk, PgId pg) {
        ClusterMap map = coordinator.map();
        if (map.groups().size() <= pg.partition() || disk.image().objects(pg).isEmpty()) {
            return;
        }
        PgEntry entry = map.group(pg);
        Member member = map.memberOf(node);
        boolean stays = member == null || !entry.names(member.index());
        world.check(
                stays && entry.sync().containsAll(entry.target()),
                "I18: only strays of a group that is where it belongs are purged",
                name + " drops " + pg + " " + entry);
    }

    private void checkState(String name, byte[] state) {
        long index = 0;
        for (int i = Long.BYTES - 1; i >= 0; i--) {
            index = index << 8 | (state[Integer.BYTES + i] & 0xFF);
        }
        long hash = 0;
        for (byte each : state) {
            hash = hash * 31 + each;
        }
        Long other = states.putIfAbsent(index, hash);
        world.check(
                other == null || other == hash,
                "I20: the state after an event is the same everywhere",
                name + " at event " + index);
    }

    /** Whether a node is in the in-sync set of a group. */
    boolean isMemberOf(SimNode node, PgId pg) {
        ClusterMap map = coordinator.map();
        Member member = map.memberOf(node.id());
        return member != null
                && map.groups().size() > pg.partition()
                && map.group(pg).sync().contains(member.index());
    }

    /** Why the cluster has not come to rest, or null if it has. */
    @Nullable
    String unrest(int copies) {
        ClusterMap map = coordinator.map();
        if (map.status() != ClusterStatus.RUNNING) {
            return "the cluster is " + map.status();
        }
        List<String> reasons = new ArrayList<>();
        for (int i = 0; i < map.groups().size(); i++) {
            PgEntry entry = map.groups().get(i);
            boolean placed = entry.sync().containsAll(entry.target())
                    && entry.target().containsAll(entry.sync())
                    && entry.learners().isEmpty();
            if (entry.primary() == PgEntry.NONE || !placed || entry.sync().size() != copies) {
                reasons.add("pg" + i + " " + entry);
            }
        }
        return reasons.isEmpty() ? null : reasons.toString();
    }

    /** All copies of each group are equal, byte for byte. */
    void checkReplicas() {
        ClusterMap map = coordinator.map();
        for (int i = 0; i < map.groups().size(); i++) {
            PgId pg = new PgId(i);
            Disk first = null;
            for (int index : map.group(pg).sync()) {
                Disk disk = disks.get(map.member(index).node());
                if (disk == null) {
                    continue;
                }
                if (first == null) {
                    first = disk;
                } else {
                    compare(pg, first, disk);
                }
            }
        }
    }

    private void compare(PgId pg, Disk first, Disk second) {
        List<String> one = contentOf(pg, first);
        List<String> two = contentOf(pg, second);
        if (!one.equals(two)) {
            List<String> onlyOne = new ArrayList<>(one);
            onlyOne.removeAll(two);
            List<String> onlyTwo = new ArrayList<>(two);
            onlyTwo.removeAll(one);
            throw world.fail(
                    SimulationFailure.Kind.CORRECTNESS,
                    "I25: replicas are equal at rest",
                    pg + ": " + first.name + " " + onlyOne + ", " + second.name + " " + onlyTwo);
        }
    }

    private static List<String> contentOf(PgId pg, Disk disk) {
        List<String> content = new ArrayList<>();
        disk.disk
                .image()
                .objects(pg)
                .forEach((key, object) -> content.add(key.object() + " "
                        + object.version() + " " + object.sizeBytes() + " "
                        + Long.toHexString(object.contentHash())));
        return content;
    }

    private record Known(ObjectId object, long sizeBytes, long contentHash) {}

    private record Disk(String name, SimDisk disk) {}
}
