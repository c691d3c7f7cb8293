package io.kelpie.simulator;

import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;

import org.jspecify.annotations.Nullable;

import java.util.Comparator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Objects and records of a disk at one instant. */
final class DiskImage {
    private final TreeMap<Key, StoredObject> objects = new TreeMap<>();
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
    StoredObject object(Key key) {
        return objects.get(key);
    }

    byte @Nullable [] record(String name) {
        return records.get(name);
    }

    /** All objects in key order. */
    NavigableMap<Key, StoredObject> objects() {
        return objects;
    }

    /** Room that the image would need after a change. */
    long usedBytesAfter(Change change) {
        long after = change.dropsEverything ? recordBytes() : usedBytes;
        for (Map.Entry<Key, StoredObject> entry : change.puts.entrySet()) {
            after += entry.getValue().storedBytes() - sizeOf(change, entry.getKey());
        }
        for (Key key : change.removes.keySet()) {
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

    private long sizeOf(Change change, Key key) {
        StoredObject old = change.dropsEverything ? null : objects.get(key);
        return old == null ? 0 : old.storedBytes();
    }

    void apply(Change change) {
        usedBytes = usedBytesAfter(change);
        if (change.dropsEverything) {
            objects.clear();
        }
        objects.putAll(change.puts);
        for (Key key : change.removes.keySet()) {
            objects.remove(key);
        }
        records.putAll(change.records);
    }

    /** What a batch does, resolved to whole states so that it can be applied to any image. */
    static final class Change {
        private final TreeMap<Key, StoredObject> puts = new TreeMap<>();
        private final TreeMap<Key, Boolean> removes = new TreeMap<>();
        private final TreeMap<String, byte[]> records = new TreeMap<>();
        private boolean dropsEverything;

        /** The object as the batch sees it so far. */
        @Nullable
        StoredObject object(DiskImage image, Key key) {
            if (removes.containsKey(key)) {
                return null;
            }
            StoredObject put = puts.get(key);
            return put != null || dropsEverything ? put : image.object(key);
        }

        void put(Key key, StoredObject object) {
            removes.remove(key);
            puts.put(key, object);
        }

        void remove(Key key) {
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
        NavigableMap<Key, StoredObject> puts() {
            return puts;
        }
    }

    /**
     * Name of an object on disk: partition first, as the real store orders keys.
     *
     * @param pg its placement group
     * @param object its id
     */
    record Key(PgId pg, ObjectId object) implements Comparable<Key> {
        private static final Comparator<Key> ORDER =
                Comparator.comparing(Key::pg).thenComparing(Key::object);

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }
}
