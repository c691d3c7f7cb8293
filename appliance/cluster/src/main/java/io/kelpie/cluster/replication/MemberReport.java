package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage.Info;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.List;
import java.util.TreeMap;

/** What a member told while a group is made level. */
final class MemberReport {
    /** Newest version of each object that was listed or asked for; size REMOVED: it is gone. */
    private final TreeMap<ObjectId, HeldObject> objects = new TreeMap<>();

    /** Lists of objects whose versions have to be asked. */
    final ArrayDeque<List<ObjectId>> questions = new ArrayDeque<>();

    boolean complete;
    boolean full;
    ObjectVersion highest = ObjectVersion.NONE;
    long heardNanos;

    MemberReport(long nowNanos) {
        heardNanos = nowNanos;
    }

    void add(Info part) {
        full |= part.full();
        if (part.highest().compareTo(highest) > 0) {
            highest = part.highest();
        }
        for (LogEntry line : part.entries()) {
            long size = line.removed() ? PushReceiver.REMOVED : 0;
            add(new HeldObject(line.object(), line.version(), size));
        }
        complete |= part.last();
    }

    void add(HeldObject held) {
        HeldObject before = objects.get(held.object());
        if (before == null || before.version().compareTo(held.version()) < 0) {
            objects.put(held.object(), held);
        }
    }

    /** What was told of an object replaces what the log said: the copy itself was looked at. */
    void set(HeldObject held) {
        objects.put(held.object(), held);
    }

    @Nullable
    HeldObject find(ObjectId object) {
        return objects.get(object);
    }

    Iterable<ObjectId> listed() {
        return List.copyOf(objects.keySet());
    }
}
