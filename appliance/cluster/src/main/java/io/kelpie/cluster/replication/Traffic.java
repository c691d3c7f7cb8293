package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.ObjectId;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * The open writes of a group's objects and who waits for them. A read waits for every overlapping
 * write that is not committed yet, so no value is seen that a crash could still take back from its
 * writer.
 */
final class Traffic {
    private final TreeMap<ObjectId, ObjectTraffic> objects = new TreeMap<>();

    void open(ObjectChange change) {
        objects.computeIfAbsent(change.object(), id -> new ObjectTraffic())
                .uncommitted
                .add(change);
    }

    boolean overlaps(ObjectId object, long offset, long length) {
        ObjectTraffic open = objects.get(object);
        return open != null && open.overlaps(offset, length);
    }

    /** Runs an action once no open write overlaps a range, perhaps at once. */
    void afterOverlapping(ObjectId object, long offset, long length, Runnable action) {
        ObjectTraffic open = objects.get(object);
        if (open == null || !open.overlaps(offset, length)) {
            action.run();
        } else {
            open.waiting.add(new Waiting(offset, length, action));
        }
    }

    /** A write ended: who waited for nothing else goes on, in order. */
    void settle(ObjectChange change) {
        ObjectTraffic open =
                Invariant.present(objects.get(change.object()), "an object with writes is known");
        Invariant.check(open.remove(change), "a settled write was open", change.object());
        if (open.uncommitted.isEmpty()) {
            objects.remove(change.object());
        }
        List<Waiting> waiting = open.waiting;
        if (!waiting.isEmpty()) {
            open.waiting = new ArrayList<>();
            for (Waiting each : waiting) {
                afterOverlapping(change.object(), each.offset(), each.length(), each.action());
            }
        }
    }

    /** The epoch is over: whoever waits goes on and finds that. */
    void close() {
        List<ObjectTraffic> left = List.copyOf(objects.values());
        objects.clear();
        left.forEach(traffic -> traffic.waiting.forEach(each -> each.action().run()));
    }

    private record Waiting(long offset, long length, Runnable action) {}

    private static final class ObjectTraffic {
        private final List<ObjectChange> uncommitted = new ArrayList<>();
        private List<Waiting> waiting = new ArrayList<>();

        boolean overlaps(long offset, long length) {
            for (ObjectChange change : uncommitted) {
                if (change.overlaps(offset, length)) {
                    return true;
                }
            }
            return false;
        }

        /**
         * By identity: two equal writes may be open at once, and equality would compare payloads.
         */
        boolean remove(ObjectChange change) {
            for (int i = 0; i < uncommitted.size(); i++) {
                if (uncommitted.get(i) == change) {
                    uncommitted.remove(i);
                    return true;
                }
            }
            return false;
        }
    }
}
