package io.kelpie.simulator;

import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;
import io.kelpie.simulator.DiskImage.Change;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * What outlives a process: the image that survives a power loss, the image that the operating
 * system holds, and between them the log of batches that were applied but not synced.
 */
final class SimDisk {
    private final World world;
    private final RandomSource random;
    private final Mutation mutation;
    private final ArrayDeque<Change> unsynced = new ArrayDeque<>();
    /** Which object got each version: a version is assigned once, for ever. */
    private final TreeMap<PgId, TreeMap<ObjectVersion, ObjectId>> versions = new TreeMap<>();

    private DiskImage durable = new DiskImage();
    private DiskImage cached = new DiskImage();
    private long appliedCount;
    private long durableCount;
    private long limitBytes = Long.MAX_VALUE;
    private boolean hardFull;
    private boolean broken;
    private long rottenPages;
    private Consumer<Change> observer = change -> {};
    /** Every access is slower by up to this time. */
    private long slowNanos;
    /** No sync ends before this time. */
    private long stuckUntilNanos;

    SimDisk(World world, String name, Mutation mutation) {
        this.world = world;
        this.random = world.random(name + " disk");
        this.mutation = mutation;
    }

    /** What a running system reads. */
    DiskImage image() {
        return cached;
    }

    /** Number of batches applied so far: the end of the log. */
    long appliedCount() {
        return appliedCount;
    }

    /** What survives a loss of power. */
    DiskImage durableImage() {
        return durable;
    }

    /** Sets who sees every batch before it is applied. */
    void observe(Consumer<Change> newObserver) {
        observer = newObserver;
    }

    /** Appends a batch to the log. The caller has checked that it fits. */
    void apply(Change change) {
        observer.accept(change);
        checkVersions(change);
        cached.apply(change);
        appliedCount++;
        unsynced.add(change);
    }

    /** Pushes may bring a version of an object again, but never to another object. */
    private void checkVersions(Change change) {
        for (Map.Entry<ObjectKey, StoredObject> entry : change.puts().entrySet()) {
            ObjectKey key = entry.getKey();
            ObjectVersion version = entry.getValue().version();
            if (!version.equals(ObjectVersion.PARTIAL)) {
                ObjectId other = versions.computeIfAbsent(key.pg(), pg -> new TreeMap<>())
                        .putIfAbsent(version, key.object());
                world.check(
                        other == null || other.equals(key.object()),
                        "a version is assigned once in its placement group",
                        key + " got " + version);
            }
        }
    }

    /** Makes the log durable up to a number of batches. */
    void sync(long count) {
        if (mutation == Mutation.SYNC_LIES) {
            return;
        }
        while (durableCount < count) {
            durable.apply(unsynced.remove());
            durableCount++;
        }
    }

    /**
     * Cuts the power: of the batches that were not synced a random prefix is left.
     *
     * @return how many batches were lost
     */
    int losePower() {
        int kept = random.below(unsynced.size() + 1);
        for (int i = 0; i < kept; i++) {
            durable.apply(unsynced.remove());
        }
        int lost = unsynced.size();
        unsynced.clear();
        cached = durable.copy();
        durableCount = appliedCount;
        return lost;
    }

    /** Ends the process only. Everything applied survives, unless the disk is planted to forget. */
    void loseProcess() {
        if (mutation == Mutation.FORGETS_PAGE_CACHE) {
            losePower();
        }
    }

    /**
     * Damages one stored and synced page of a data object.
     *
     * @return whether there was one
     */
    boolean rotOnePage() {
        List<StoredObject.Page> candidates = new ArrayList<>();
        for (Map.Entry<ObjectKey, StoredObject> entry : cached.objects().entrySet()) {
            StoredObject synced = durable.object(entry.getKey());
            if (entry.getKey().object().kind() == ObjectKind.DATA && synced != null) {
                candidates.addAll(entry.getValue().pagesSharedWith(synced));
            }
        }
        if (candidates.isEmpty()) {
            return false;
        }
        candidates.get(random.below(candidates.size())).rot();
        rottenPages++;
        return true;
    }

    /** Pages damaged so far. */
    long rottenPages() {
        return rottenPages;
    }

    /**
     * Limits the disk to what it holds now and some bytes more.
     *
     * @param hard true if even writes that need no more room are refused
     */
    void fillUpTo(long spareBytes, boolean hard) {
        limitBytes = cached.usedBytes() + spareBytes;
        hardFull = hard;
    }

    void giveRoom() {
        limitBytes = Long.MAX_VALUE;
        hardFull = false;
    }

    /** Whether a batch that leads to so many used bytes finds room. */
    boolean hasRoomFor(long usedBytesAfter) {
        return usedBytesAfter <= limitBytes || (!hardFull && usedBytesAfter <= cached.usedBytes());
    }

    long limitBytes() {
        return limitBytes;
    }

    boolean isBroken() {
        return broken;
    }

    void breakDown() {
        broken = true;
    }

    void repair() {
        broken = false;
    }

    void slowDown(long nanos) {
        slowNanos = nanos;
    }

    long slowNanos() {
        return slowNanos;
    }

    void stickUntil(long nanos) {
        stuckUntilNanos = nanos;
    }

    long stuckUntilNanos() {
        return stuckUntilNanos;
    }

    Mutation mutation() {
        return mutation;
    }
}
