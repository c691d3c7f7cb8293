package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Pull;
import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.ReplicaStatus;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.ObjectSnapshot;
import io.kelpie.cluster.replication.PushReceiver.Verdict;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Brings the copies on which members differ to the newest version any of them has: first the
 * primary's own, then the others'. A removal is a version too.
 */
final class Leveling {
    /** Objects that are worked on at a time; each may take a push's worth of memory. */
    private static final int MAX_OPEN = 8;

    private final Group group;
    private final Runnable ended;
    private final ObjectTurns turns;
    private final PushReceiver receiver;
    private final ArrayDeque<Task> waiting = new ArrayDeque<>();
    private final TreeMap<ObjectId, Task> open = new TreeMap<>();
    private boolean closed;

    Leveling(Group group, Runnable ended) {
        this.group = group;
        this.ended = ended;
        this.turns = new ObjectTurns(group.pg, group.store(), group.around.versions);
        this.receiver = new PushReceiver(group, turns, this::judge, this::onPulled);
    }

    /** Adds an object with what the members hold of it. */
    void add(ObjectId object, TreeMap<Integer, HeldObject> copies) {
        HeldObject newest = new HeldObject(object, ObjectVersion.NONE, 0);
        for (HeldObject held : copies.values()) {
            if (held.version().compareTo(newest.version()) > 0) {
                newest = held;
            }
        }
        boolean removed = newest.sizeBytes() == PushReceiver.REMOVED;
        Task task = new Task(object, newest.version());
        copies.forEach((member, held) -> {
            boolean gone = removed && held.version().equals(ObjectVersion.NONE);
            if (held.version().equals(task.version)) {
                task.sources.add(member);
            } else if (!gone) {
                task.behind.add(member);
            }
        });
        boolean hereBehind = !task.sources.contains(group.self());
        task.pulls = hereBehind && (!task.behind.isEmpty() || !removed);
        task.behind.remove(group.self());
        if (task.pulls || !task.behind.isEmpty()) {
            waiting.add(task);
        }
    }

    void begin() {
        fill();
    }

    void close() {
        closed = true;
        turns.close();
        receiver.close();
    }

    boolean isAwaited(int member) {
        return open.values().stream().anyMatch(task -> task.isAwaiting(member));
    }

    /** A member may have lost what it was sent. */
    void repeat(int member) {
        for (Task task : List.copyOf(open.values())) {
            if (task.isAwaiting(member)) {
                task.repeat(member);
            }
        }
    }

    void onPush(int from, Push part) {
        Task task = open.get(part.held().object());
        if (task != null && task.pulls) {
            receiver.onPush(part);
        } else {
            part.release();
        }
    }

    void onAcknowledge(int from, Acknowledge answer) {
        Task task = open.get(answer.object());
        if (task == null || !task.behind.contains(from)) {
            return;
        }
        switch (answer.status()) {
            case APPLIED -> {
                if (answer.version().compareTo(task.version) >= 0) {
                    task.behind.remove(from);
                    endIfLevel(task);
                }
            }
            case GAP -> task.push(from);
            case NO_SPACE, IO_ERROR -> group.suspect(from, Evidence.STORE_FAILED);
        }
    }

    private Verdict judge(HeldObject head, Push first) {
        boolean lags = group.gapped.contains(head.object())
                || first.held().version().compareTo(group.known(head)) > 0;
        return lags ? Verdict.TAKE : Verdict.HAVE;
    }

    private void onPulled(Push last, ReplicaStatus status, ObjectVersion held) {
        Task task = open.get(last.held().object());
        if (closed || task == null || !task.pulls) {
            return;
        }
        switch (status) {
            case APPLIED -> {
                if (last.held().version().compareTo(task.version) >= 0) {
                    task.pulls = false;
                    List.copyOf(task.behind).forEach(task::push);
                    endIfLevel(task);
                }
            }
            case GAP -> task.pull();
            case NO_SPACE, IO_ERROR -> group.suspect(group.self(), Evidence.STORE_FAILED);
        }
    }

    private void endIfLevel(Task task) {
        if (!task.pulls && task.behind.isEmpty() && open.remove(task.object) != null) {
            fill();
        }
    }

    private void fill() {
        List<Task> begun = new ArrayList<>();
        while (open.size() < MAX_OPEN && !waiting.isEmpty()) {
            Task task = waiting.remove();
            open.put(task.object, task);
            begun.add(task);
        }
        begun.forEach(Task::begin);
        if (open.isEmpty() && waiting.isEmpty() && !closed) {
            closed = true;
            ended.run();
        }
    }

    private final class Task {
        private final ObjectId object;
        private final ObjectVersion version;
        private final List<Integer> sources = new ArrayList<>();
        private final TreeSet<Integer> behind = new TreeSet<>();
        private final TreeSet<Integer> pushing = new TreeSet<>();
        private boolean pulls;
        private int attempts;
        private int source;

        Task(ObjectId object, ObjectVersion version) {
            this.object = object;
            this.version = version;
        }

        void begin() {
            if (pulls) {
                pull();
            } else {
                List.copyOf(behind).forEach(this::push);
            }
        }

        boolean isAwaiting(int member) {
            return pulls ? member == source : behind.contains(member);
        }

        void repeat(int member) {
            if (pulls) {
                pull();
            } else {
                push(member);
            }
        }

        void pull() {
            source = sources.get(attempts++ % sources.size());
            group.send(source, new Pull(group.pg, group.epoch(), object));
        }

        void push(int member) {
            if (!pushing.add(member)) {
                return;
            }
            group.store().openSnapshot(group.pg, object, new Completion<>() {
                @Override
                public void done(ObjectSnapshot snapshot) {
                    if (closed) {
                        snapshot.close();
                    } else {
                        send(member, snapshot);
                    }
                }

                @Override
                public void failed(ErrorCode error) {
                    onUnreadable();
                }
            });
        }

        private void send(int member, ObjectSnapshot snapshot) {
            var target = new PushSender.Target(member, 0, ObjectVersion.NONE, null);
            new PushSender(group, target, snapshot, () -> !closed, new Completion<>() {
                        @Override
                        public void done(ObjectVersion sent) {
                            pushing.remove(member);
                        }

                        @Override
                        public void failed(ErrorCode error) {
                            onUnreadable();
                        }
                    })
                    .start();
        }

        /** The copy here is damaged: another with the same version replaces it. */
        private void onUnreadable() {
            if (closed) {
                return;
            }
            pushing.clear();
            sources.remove((Integer) group.self());
            if (sources.isEmpty()) {
                group.suspect(group.self(), Evidence.STORE_FAILED);
            } else if (!pulls) {
                group.gapped.add(object);
                pulls = true;
                pull();
            }
        }
    }
}
