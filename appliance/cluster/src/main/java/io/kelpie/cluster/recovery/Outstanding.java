package io.kelpie.cluster.recovery;

import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;

import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was sent to a learner and is not known to be durable there. Bounded by the bytes a session
 * lets a learner lag.
 */
final class Outstanding {
    private final TreeMap<Long, Sent> byOrder = new TreeMap<>();
    private final TreeMap<ObjectId, TreeMap<ObjectVersion, Long>> byObject = new TreeMap<>();
    private long next;
    private long bytes;
    private int pushes;

    /** Notes a push or a forwarded write; sent once more it keeps its place in the order. */
    void add(ObjectId object, ObjectVersion version, long length, boolean push) {
        Long known =
                byObject.computeIfAbsent(object, id -> new TreeMap<>()).putIfAbsent(version, next);
        if (known == null) {
            byOrder.put(next++, new Sent(length, push));
            bytes += length;
            pushes += push ? 1 : 0;
        }
    }

    /** A version is durable: whatever came before it does not matter any more. */
    void settle(ObjectId object, ObjectVersion version) {
        TreeMap<ObjectVersion, Long> versions = byObject.get(object);
        if (versions == null) {
            return;
        }
        Iterator<Map.Entry<ObjectVersion, Long>> settled =
                versions.headMap(version, true).entrySet().iterator();
        while (settled.hasNext()) {
            Sent sent = byOrder.remove(settled.next().getValue());
            if (sent != null) {
                bytes -= sent.length;
                pushes -= sent.push ? 1 : 0;
            }
            settled.remove();
        }
        if (versions.isEmpty()) {
            byObject.remove(object);
        }
    }

    /** Whether a version is on its way by a push. */
    boolean isPush(ObjectId object, ObjectVersion version) {
        Long order = byObject.getOrDefault(object, new TreeMap<>()).get(version);
        Sent sent = order == null ? null : byOrder.get(order);
        return sent != null && sent.push;
    }

    boolean isEmpty() {
        return byOrder.isEmpty();
    }

    /** Bytes on their way. */
    long bytes() {
        return bytes;
    }

    /** Pushes on their way. */
    int pushes() {
        return pushes;
    }

    /** A mark behind everything sent so far. */
    long mark() {
        return next;
    }

    /** Whether everything before a mark is durable at the learner. */
    boolean isSettledBefore(long mark) {
        return byOrder.isEmpty() || byOrder.firstKey() >= mark;
    }

    private record Sent(long length, boolean push) {}
}
