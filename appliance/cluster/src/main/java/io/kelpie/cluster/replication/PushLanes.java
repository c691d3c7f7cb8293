package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.ObjectId;

import java.util.ArrayDeque;
import java.util.List;
import java.util.TreeMap;

/**
 * Keeps writes to an object behind a push of it to the same member. Bounded by the writes in
 * flight: a push takes as long as reading the object once.
 */
final class PushLanes {
    private final Group group;
    private final TreeMap<Lane, ArrayDeque<Replicate>> open = new TreeMap<>();

    PushLanes(Group group) {
        this.group = group;
    }

    boolean isOpen(int member, ObjectId object) {
        return open.containsKey(new Lane(member, object));
    }

    /** A push begins: writes to the object wait for its end. */
    void open(int member, ObjectId object) {
        Invariant.check(
                open.put(new Lane(member, object), new ArrayDeque<>()) == null,
                "one push of an object to a member at a time",
                object);
    }

    /** The push is on its way, or given up: the writes follow. */
    void close(int member, ObjectId object) {
        ArrayDeque<Replicate> queue = open.remove(new Lane(member, object));
        if (queue != null) {
            queue.forEach(message -> group.send(member, message));
        }
    }

    void send(int member, Replicate message) {
        ArrayDeque<Replicate> queue = open.isEmpty()
                ? null
                : open.get(new Lane(member, message.change().object()));
        if (queue == null) {
            group.send(member, message);
        } else {
            queue.add(message);
        }
    }

    void drop() {
        List<ArrayDeque<Replicate>> left = List.copyOf(open.values());
        open.clear();
        left.forEach(queue -> queue.forEach(Replicate::release));
    }

    private record Lane(int member, ObjectId object) implements Comparable<Lane> {
        @Override
        public int compareTo(Lane other) {
            int order = Integer.compare(member, other.member);
            return order != 0 ? order : object.compareTo(other.object);
        }
    }
}
