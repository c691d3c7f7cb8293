package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage.Pull;
import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.ReplicaStatus;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Timers.Timer;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.cluster.replication.PushReceiver.Verdict;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Replaces damaged copies of the primary by those of other in-sync members. While one is replaced,
 * no new write of the object is ordered, and the others have to have every open one first, so that
 * what comes is the newest.
 */
final class Healing {
    private static final long STEP_NANOS = 20_000_000L;
    private static final long PATIENCE_NANOS = 3_000_000_000L;

    private final Group group;
    private final ObjectTurns turns;
    private final Predicate<ObjectId> isElsewhere;
    private final Consumer<ObjectId> healed;
    private final PushReceiver receiver;
    private final ObjectTurns pushTurns;
    private final TreeMap<ObjectId, Case> cases = new TreeMap<>();
    private boolean closed;

    /**
     * Composes it.
     *
     * @param isElsewhere whether every open write of an object is on all other in-sync members
     * @param healed learns that the copy here has every write ordered so far, durably
     */
    Healing(
            Group group,
            ObjectTurns turns,
            Predicate<ObjectId> isElsewhere,
            Consumer<ObjectId> healed) {
        this.group = group;
        this.turns = turns;
        this.isElsewhere = isElsewhere;
        this.healed = healed;
        // The object's turns are kept from writers meanwhile, so pushes have turns of their own.
        this.pushTurns = new ObjectTurns(group.pg, group.store(), group.around.versions);
        this.receiver = PushReceiver.ofCopiesInUse(group, pushTurns, this::judge, this::onEnd);
    }

    /** Replaces a copy; tells whether it succeeded, unless the epoch ends before. */
    void heal(ObjectId object, Consumer<Boolean> ended) {
        Case open = cases.get(object);
        if (open != null) {
            open.ended.add(ended);
            return;
        }
        if (group.others().isEmpty()) {
            ended.accept(false);
            return;
        }
        group.around.trace(Tracer.Level.WARN, group.pg + ": the copy of " + object + " is damaged");
        Case begun = new Case(object);
        begun.ended.add(ended);
        cases.put(object, begun);
        turns.take(object, begun);
    }

    /** Takes a part that was pulled. */
    void onPush(int from, Push part) {
        Case open = cases.get(part.held().object());
        if (open != null && open.asked == from) {
            receiver.onPush(part);
        } else {
            part.release();
        }
    }

    void close() {
        closed = true;
        pushTurns.close();
        receiver.close();
        cases.values().forEach(Case::stop);
        cases.clear();
    }

    private Verdict judge(HeldObject head, Push first) {
        boolean newest = first.held().version().compareTo(group.known(head)) >= 0;
        return newest ? Verdict.TAKE : Verdict.REFUSE;
    }

    private void onEnd(Push last, ReplicaStatus status, ObjectVersion held) {
        Case open = cases.get(last.held().object());
        if (open != null) {
            open.onAnswer(status == ReplicaStatus.APPLIED);
        }
    }

    private final class Case implements ObjectTurns.Turn {
        private final ObjectId object;
        private final List<Consumer<Boolean>> ended = new ArrayList<>();
        private int next;
        private int asked = -1;
        private @Nullable Timer timer;

        Case(ObjectId object) {
            this.object = object;
        }

        @Override
        public void run(HeldObject head) {
            turns.keep(object);
            ask();
        }

        @Override
        public void failed(ErrorCode error) {
            cases.remove(object);
            ended.forEach(each -> each.accept(false));
        }

        @Override
        public void abandoned() {}

        private void ask() {
            if (closed) {
                return;
            }
            if (!isElsewhere.test(object)) {
                timer = group.around.ports.timers().after(STEP_NANOS, this::ask);
            } else if (next == group.others().size()) {
                end(false);
            } else {
                asked = group.others().get(next++);
                group.send(asked, new Pull(group.pg, group.epoch(), object));
                timer = group.around.ports.timers().after(PATIENCE_NANOS, this::ask);
            }
        }

        void onAnswer(boolean good) {
            stop();
            if (good) {
                end(true);
            } else {
                ask();
            }
        }

        void stop() {
            Timer running = timer;
            if (running != null) {
                running.cancel();
            }
        }

        private void end(boolean good) {
            cases.remove(object);
            if (good) {
                group.around.trace(
                        Tracer.Level.INFO, group.pg + ": the copy of " + object + " is replaced");
                healed.accept(object);
            }
            turns.leave(object);
            ended.forEach(each -> each.accept(good));
        }
    }
}
