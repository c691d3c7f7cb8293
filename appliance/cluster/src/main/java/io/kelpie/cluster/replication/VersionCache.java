package io.kelpie.cluster.replication;

import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.ObjectId;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the local store holds of recently used objects after every call made so far. An entry that
 * is missing costs a question to the store, nothing else.
 */
final class VersionCache {
    /** About 6 MiB: enough for the objects that a busy node writes at one time. */
    private static final int MAX_ENTRIES = 32_768;

    private final LinkedHashMap<ObjectId, HeldObject> entries =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<ObjectId, HeldObject> eldest) {
                    return size() > MAX_ENTRIES;
                }
            };

    @Nullable
    HeldObject find(ObjectId object) {
        return entries.get(object);
    }

    void put(HeldObject held) {
        entries.put(held.object(), held);
    }

    /** The store may hold something else: a call failed. */
    void forget(ObjectId object) {
        entries.remove(object);
    }

    void clear() {
        entries.clear();
    }
}
