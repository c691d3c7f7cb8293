package io.kelpie.node.store;

import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.ObjectDigest;
import io.kelpie.store.ObjectEntry;
import io.kelpie.store.ObjectExtent;
import io.kelpie.store.ObjectHead;
import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectSnapshot;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreException;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * What the object store holds of objects, in the words of the core: versions, ranges, checksums.
 * Store threads only.
 */
final class HeldContent {
    private static final int CHUNK_BYTES = ObjectDigest.CHUNK_BYTES;
    /** Bytes of an object asked about at once, so that the answer stays small. */
    private static final long WINDOW_BYTES = 64L << 20;

    private HeldContent() {}

    static HeldObject held(ObjectStore store, PgId pg, ObjectId object) {
        return store.head(StoreKeys.object(pg, object))
                .map(head -> held(object, head))
                .orElseGet(() -> nothing(object));
    }

    static List<HeldObject> list(ObjectStore store, PgId pg, ObjectId from, int max) {
        List<HeldObject> held = new ArrayList<>();
        for (ObjectEntry entry : store.heads(pg.partition(), from.value(), max)) {
            held.add(held(new ObjectId(entry.key().objectId()), entry.head()));
        }
        return List.copyOf(held);
    }

    static List<PgId> groups(ObjectStore store) {
        return store.partitions().stream().map(PgId::new).toList();
    }

    /** The object at this instant, to be closed; null if there is none. */
    static @Nullable ObjectSnapshot snapshot(ObjectStore store, ObjectKey key) {
        try {
            return store.snapshot(key);
        } catch (StoreException e) {
            if (e.kind() == StoreException.Kind.NOT_FOUND) {
                return null;
            }
            throw e;
        }
    }

    static HeldObject held(ObjectId object, @Nullable ObjectSnapshot snapshot) {
        return snapshot == null ? nothing(object) : held(object, snapshot.head());
    }

    static ObjectDigest digest(ObjectStore store, PgId pg, ObjectId object) {
        try (ObjectSnapshot snapshot = snapshot(store, StoreKeys.object(pg, object))) {
            HeldObject held = held(object, snapshot);
            int[] sums =
                    new int[Math.toIntExact((held.sizeBytes() + CHUNK_BYTES - 1) / CHUNK_BYTES)];
            if (snapshot != null) {
                ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
                for (long at = 0; at < held.sizeBytes(); at += WINDOW_BYTES) {
                    for (DataRange range : dataRanges(snapshot.extents(at, WINDOW_BYTES))) {
                        sum(snapshot, range, chunk, sums);
                    }
                }
            }
            return new ObjectDigest(held, sums);
        }
    }

    /** The runs that hold data, joined where they touch. */
    static List<DataRange> dataRanges(List<ObjectExtent> extents) {
        List<DataRange> ranges = new ArrayList<>();
        for (ObjectExtent extent : extents) {
            int last = ranges.size() - 1;
            if (!extent.allocated()) {
                continue;
            }
            if (last >= 0
                    && ranges.get(last).offset() + ranges.get(last).length() == extent.offset()) {
                DataRange joined = ranges.remove(last);
                ranges.add(new DataRange(joined.offset(), joined.length() + extent.length()));
            } else {
                ranges.add(new DataRange(extent.offset(), extent.length()));
            }
        }
        return List.copyOf(ranges);
    }

    /** Fills in the sums of the chunks that a range touches, whole chunks each. */
    private static void sum(
            ObjectSnapshot snapshot, DataRange range, ByteBuffer chunk, int[] sums) {
        int first = (int) (range.offset() / CHUNK_BYTES);
        int last = (int) ((range.offset() + range.length() - 1) / CHUNK_BYTES);
        CRC32C checksum = new CRC32C();
        for (int index = first; index <= last; index++) {
            chunk.clear();
            snapshot.read((long) index * CHUNK_BYTES, chunk);
            checksum.reset();
            checksum.update(chunk.flip());
            sums[index] = (int) checksum.getValue();
        }
    }

    private static HeldObject held(ObjectId object, ObjectHead head) {
        return new HeldObject(
                object,
                new ObjectVersion(head.version().epoch(), head.version().sequence()),
                head.sizeBytes());
    }

    private static HeldObject nothing(ObjectId object) {
        return new HeldObject(object, ObjectVersion.NONE, 0);
    }
}
