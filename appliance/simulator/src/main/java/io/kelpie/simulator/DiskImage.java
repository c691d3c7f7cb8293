package io.kelpie.simulator;

import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Objects, records and operation logs of a disk at one instant. The logs take no room: a reserve
 * that no write of a client may touch pays for them.
 */
final class DiskImage {
    private final TreeMap<ObjectKey, StoredObject> objects = new TreeMap<>();
    private final TreeMap<String, byte[]> records = new TreeMap<>();
    private final TreeMap<PgId, TreeMap<ObjectVersion, LogEntry>> lines = new TreeMap<>();
    private long usedBytes;

    /** A copy that changes on its own. */
    DiskImage copy() {
        DiskImage copy = new DiskImage();
        copy.objects.putAll(objects);
        copy.records.putAll(records);
        lines.forEach((pg, log) -> copy.lines.put(pg, new TreeMap<>(log)));
        copy.usedBytes = usedBytes;
        return copy;
    }

    long usedBytes() {
        return usedBytes;
    }

    @Nullable
    StoredObject object(ObjectKey key) {
        return objects.get(key);
    }

    byte @Nullable [] record(String name) {
        return records.get(name);
    }

    /** A group's operation log in the order of versions. */
    List<LogEntry> lines(PgId pg) {
        TreeMap<ObjectVersion, LogEntry> log = lines.get(pg);
        return log == null ? List.of() : List.copyOf(log.values());
    }

    /** The objects of a group in key order. */
    NavigableMap<ObjectKey, StoredObject> objects(PgId pg) {
        return objects.subMap(
                new ObjectKey(pg, new ObjectId(0)),
                true,
                new ObjectKey(pg, new ObjectId(-1)),
                true);
    }

    /** All objects in key order. */
    NavigableMap<ObjectKey, StoredObject> objects() {
        return objects;
    }

    /** Room that the image would need after a change. */
    long usedBytesAfter(Change change) {
        long after = change.dropsEverything ? recordBytes() : usedBytes;
        PgId dropped = change.droppedGroup;
        if (dropped != null) {
            for (StoredObject object : objects(dropped).values()) {
                after -= object.storedBytes();
            }
        }
        for (Map.Entry<ObjectKey, StoredObject> entry : change.puts.entrySet()) {
            after += entry.getValue().storedBytes() - sizeOf(change, entry.getKey());
        }
        for (ObjectKey key : change.removes.keySet()) {
            after -= sizeOf(change, key);
        }
        for (Map.Entry<String, byte[]> entry : change.records.entrySet()) {
            byte[] old = records.get(entry.getKey());
            after += entry.getValue().length - (old == null ? 0 : old.length);
        }
        return after;
    }

    private long recordBytes() {
        long bytes = 0;
        for (byte[] value : records.values()) {
            bytes += value.length;
        }
        return bytes;
    }

    private long sizeOf(Change change, ObjectKey key) {
        StoredObject old = change.dropsEverything ? null : objects.get(key);
        return old == null ? 0 : old.storedBytes();
    }

    void apply(Change change) {
        usedBytes = usedBytesAfter(change);
        if (change.dropsEverything) {
            objects.clear();
            lines.clear();
        }
        PgId dropped = change.droppedGroup;
        if (dropped != null) {
            objects(dropped).clear();
            lines.remove(dropped);
        }
        objects.putAll(change.puts);
        for (ObjectKey key : change.removes.keySet()) {
            objects.remove(key);
        }
        records.putAll(change.records);
        for (LogChange each : change.logChanges) {
            TreeMap<ObjectVersion, LogEntry> log =
                    lines.computeIfAbsent(each.pg, pg -> new TreeMap<>());
            LogEntry line = each.line;
            if (line == null) {
                log.headMap(each.version, true).clear();
            } else {
                log.put(each.version, line);
            }
        }
    }

    /** A line added to a log, or with none the end of those dropped. */
    private record LogChange(
            PgId pg, ObjectVersion version, @Nullable LogEntry line) {}

    /** What a batch does, resolved to whole states so that it can be applied to any image. */
    static final class Change {
        private final TreeMap<ObjectKey, StoredObject> puts = new TreeMap<>();
        private final TreeMap<ObjectKey, Boolean> removes = new TreeMap<>();
        private final TreeMap<String, byte[]> records = new TreeMap<>();
        private final List<LogChange> logChanges = new ArrayList<>();
        private @Nullable PgId droppedGroup;
        private boolean dropsEverything;

        /** The object as the batch sees it so far. */
        @Nullable
        StoredObject object(DiskImage image, ObjectKey key) {
            if (removes.containsKey(key)) {
                return null;
            }
            StoredObject put = puts.get(key);
            return put != null || dropsEverything ? put : image.object(key);
        }

        void put(ObjectKey key, StoredObject object) {
            removes.remove(key);
            puts.put(key, object);
        }

        void remove(ObjectKey key) {
            puts.remove(key);
            removes.put(key, true);
        }

        void putRecord(String name, byte[] value) {
            records.put(name, value);
        }

        void append(PgId pg, LogEntry line) {
            logChanges.add(new LogChange(pg, line.version(), line));
        }

        void trim(PgId pg, ObjectVersion through) {
            logChanges.add(new LogChange(pg, through, null));
        }

        /** Stands alone in its batch. */
        void dropGroup(PgId pg) {
            droppedGroup = pg;
        }

        void dropEverything() {
            dropsEverything = true;
        }

        /** The records that are put. */
        NavigableMap<String, byte[]> records() {
            return records;
        }

        /** The group that is dropped, or null. */
        @Nullable
        PgId droppedGroup() {
            return droppedGroup;
        }

        /** The states that objects have after the change. */
        NavigableMap<ObjectKey, StoredObject> puts() {
            return puts;
        }
    }
}
