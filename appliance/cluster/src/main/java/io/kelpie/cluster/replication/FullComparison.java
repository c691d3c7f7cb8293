package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage.ListRequest;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Finds the objects on which members differ by going through the lists of all of them, window by
 * window in the order of ids, so that no list has to be in memory as a whole.
 */
final class FullComparison {
    private static final int PAGE = 4096;
    private static final ObjectId FIRST = new ObjectId(0);

    private final Group group;
    private final Answers own;
    private final List<Integer> members;
    private final TreeSet<ObjectId> differing;
    private final Runnable ended;
    private final TreeMap<Integer, Page> pages = new TreeMap<>();
    private ObjectId from = FIRST;

    FullComparison(
            Group group,
            Answers own,
            List<Integer> members,
            TreeSet<ObjectId> differing,
            Runnable ended) {
        this.group = group;
        this.own = own;
        this.members = members;
        this.differing = differing;
        this.ended = ended;
    }

    void begin() {
        pages.clear();
        members.forEach(this::repeat);
    }

    boolean isAwaited(int member) {
        return !pages.containsKey(member);
    }

    void repeat(int member) {
        ObjectId asked = from;
        if (member == group.self()) {
            own.list(asked, PAGE, held -> onListing(member, asked, held, held.size() < PAGE));
        } else {
            group.send(member, new ListRequest(group.pg, group.epoch(), 0, asked, PAGE));
        }
    }

    void onListing(int member, ObjectId asked, List<HeldObject> held, boolean last) {
        if (!asked.equals(from) || pages.containsKey(member)) {
            return;
        }
        pages.put(member, new Page(held, last));
        if (pages.size() == members.size()) {
            compare();
        }
    }

    private void compare() {
        ObjectId end = windowEnd();
        TreeMap<ObjectId, ObjectVersion> common = new TreeMap<>();
        TreeMap<ObjectId, Integer> holders = new TreeMap<>();
        for (Page page : pages.values()) {
            for (HeldObject held : page.held()) {
                ObjectId object = held.object();
                if (end != null && object.compareTo(end) > 0) {
                    break;
                }
                ObjectVersion before = common.putIfAbsent(object, held.version());
                holders.merge(object, 1, Integer::sum);
                boolean counts = !held.version().equals(ObjectVersion.NONE);
                if (!counts || (before != null && !before.equals(held.version()))) {
                    differing.add(object);
                }
            }
        }
        holders.forEach((object, count) -> {
            if (count < members.size()) {
                differing.add(object);
            }
        });
        if (end == null || end.value() == -1L) {
            ended.run();
        } else {
            from = new ObjectId(end.value() + 1);
            begin();
        }
    }

    /** Up to where every list is known; null: to the end. */
    private @Nullable ObjectId windowEnd() {
        ObjectId end = null;
        for (Page page : pages.values()) {
            if (!page.last() && !page.held().isEmpty()) {
                ObjectId lastId = page.held().get(page.held().size() - 1).object();
                end = end == null || lastId.compareTo(end) < 0 ? lastId : end;
            }
        }
        return end;
    }

    private record Page(List<HeldObject> held, boolean last) {}
}
