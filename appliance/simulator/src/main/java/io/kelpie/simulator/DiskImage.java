package io.kelpie.simulator;

import org.jspecify.annotations.Nullable;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Objects and records of a disk at one instant. */
final class DiskImage {
    private final TreeMap<ObjectKey, StoredObject> objects = new TreeMap<>();
    private final TreeMap<String, byte[]> records = new TreeMap<>();
    private long usedBytes;

    /** A copy that changes on its own. */
    DiskImage copy() {
        DiskImage copy = new DiskImage();
        copy.objects.putAll(objects);
        copy.records.putAll(records);
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

    /** All objects in key order. */
    NavigableMap<ObjectKey, StoredObject> objects() {
        return objects;
    }

    /** Room that the image would need after a change. */
    long usedBytesAfter(Change change) {
        long after = change.dropsEverything ? recordBytes() : usedBytes;
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
        }
        objects.putAll(change.puts);
        for (ObjectKey key : change.removes.keySet()) {
            objects.remove(key);
        }
        records.putAll(change.records);
    }

    /** What a batch does, resolved to whole states so that it can be applied to any image. */
    static final class Change {
        private final TreeMap<ObjectKey, StoredObject> puts = new TreeMap<>();
        private final TreeMap<ObjectKey, Boolean> removes = new TreeMap<>();
        private final TreeMap<String, byte[]> records = new TreeMap<>();
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

        void dropEverything() {
            dropsEverything = true;
        }

        /** The states that objects have after the change. */
        NavigableMap<ObjectKey, StoredObject> puts() {
            return puts;
        }
    }
}
