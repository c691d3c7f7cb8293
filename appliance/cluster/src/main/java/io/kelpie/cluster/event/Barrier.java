package io.kelpie.cluster.event;

import io.kelpie.cluster.message.LivenessMessage.Applied;
import io.kelpie.cluster.message.LivenessMessage.ApplyUpTo;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Ports;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Makes sure that an event has its effect everywhere before somebody is told so: every member that
 * takes part has applied it and has finished what it had in work before. A member that does not
 * answer is reported, and no longer waited for once a map shows it gone. Core loop only.
 */
public final class Barrier {
    /** Locks, snapshots and deletions at once on one node; more are asked to come again. */
    private static final int MAX_RAISED = 1024;
    /** Questions of other nodes in work; more are asked again. */
    private static final int MAX_ASKED = 4096;

    private static final long REPEAT_NANOS = 500_000_000L;
    private static final long SILENCE_NANOS = 2_000_000_000L;

    private final Ports ports;
    private final PeerId self;
    private final EventLog events;
    private final Past past;
    private final Consumer<NodeId> silent;
    private final List<Raised> raised = new ArrayList<>();
    private final TreeMap<PeerId, TreeSet<Long>> asked = new TreeMap<>();
    private final TreeSet<PeerId> members = new TreeSet<>();
    private int askedCount;
    private boolean closed;

    /**
     * Composes the machine; it answers other nodes' barriers from the start.
     *
     * @param ports peers, timers and clock are used
     * @param self this process
     * @param events tells what is applied
     * @param past finishes what was in work before an event
     * @param silent told of nodes that do not answer for two seconds, again and again
     */
    public Barrier(Ports ports, PeerId self, EventLog events, Past past, Consumer<NodeId> silent) {
        this.ports = ports;
        this.self = self;
        this.events = events;
        this.past = past;
        this.silent = silent;
    }

    /**
     * Raises a barrier.
     *
     * @param index an event that was appended
     * @param completion gets DONE when every member that takes part has applied it and finished
     *     what it had in work before, perhaps before the call returns; BUSY if too many barriers
     *     are up; SHUTTING_DOWN
     */
    public void raise(long index, Completion<Outcome> completion) {
        if (closed || raised.size() >= MAX_RAISED) {
            completion.failed(closed ? ErrorCode.SHUTTING_DOWN : ErrorCode.BUSY);
            return;
        }
        Raised barrier = new Raised(index, completion);
        raised.add(barrier);
        ask(barrier);
        settle(index, () -> {
            barrier.settledHere = true;
            endOver();
        });
    }

    /**
     * Takes the messages of barriers.
     *
     * @param from the sender
     * @param message any message
     * @return whether it was one of a barrier
     */
    public boolean onMessage(PeerId from, PeerMessage message) {
        if (message instanceof ApplyUpTo question) {
            onQuestion(from, question.index());
        } else if (message instanceof Applied answer) {
            onAnswer(from, answer.index());
        } else {
            return false;
        }
        return true;
    }

    /**
     * Learns who takes part. A member that comes while a barrier is up is asked too: the map that
     * names it may be older than the event.
     *
     * @param map the map in force
     */
    public void onMap(ClusterMap map) {
        members.clear();
        for (Member member : map.members()) {
            if (member.state().isAlive() && !member.node().equals(self.node())) {
                members.add(member.id());
            }
        }
        endOver();
    }

    /** Ends all waiting with SHUTTING_DOWN; nothing is answered any more. */
    public void close() {
        closed = true;
        List<Raised> ended = List.copyOf(raised);
        raised.clear();
        ended.forEach(each -> each.completion.failed(ErrorCode.SHUTTING_DOWN));
    }

    private void ask(Raised barrier) {
        if (closed || !raised.contains(barrier)) {
            return;
        }
        boolean late = ports.clock().nanos() - barrier.reportedAt >= SILENCE_NANOS;
        if (late) {
            barrier.reportedAt = ports.clock().nanos();
        }
        for (PeerId member : members) {
            if (!barrier.answered.contains(member)) {
                ports.peers().send(member.node(), new ApplyUpTo(barrier.index));
                if (late) {
                    silent.accept(member.node());
                }
            }
        }
        ports.timers().after(REPEAT_NANOS, () -> ask(barrier));
    }

    private void onAnswer(PeerId from, long index) {
        for (Raised barrier : raised) {
            // Who finished everything before a later event finished what was before this one.
            if (barrier.index <= index) {
                barrier.answered.add(from);
            }
        }
        endOver();
    }

    private void endOver() {
        for (Raised barrier : List.copyOf(raised)) {
            if (barrier.settledHere && barrier.answered.containsAll(members)) {
                raised.remove(barrier);
                barrier.completion.done(Outcome.DONE);
            }
        }
    }

    private void onQuestion(PeerId from, long index) {
        TreeSet<Long> inWork = asked.computeIfAbsent(from, peer -> new TreeSet<>());
        // Asked again and again until answered: one answer in work is enough.
        if (closed || askedCount >= MAX_ASKED || !inWork.add(index)) {
            return;
        }
        askedCount++;
        settle(index, () -> {
            askedCount--;
            inWork.remove(index);
            if (inWork.isEmpty()) {
                asked.remove(from, inWork);
            }
            if (!closed) {
                ports.peers().send(from.node(), new Applied(index));
            }
        });
    }

    /** Runs the task when the event is applied here and what was in work before has ended. */
    private void settle(long index, Runnable task) {
        events.whenApplied(index, new Completion<>() {
            @Override
            public void done(Outcome result) {
                past.whenDone(task);
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.BUSY) {
                    ports.timers().after(REPEAT_NANOS, () -> settle(index, task));
                }
            }
        });
    }

    /** What this node has in work. */
    public interface Past {
        /**
         * Asks for the end of what was begun under the state before the events applied so far.
         *
         * @param done runs once it has ended, perhaps before the call returns
         */
        void whenDone(Runnable done);
    }

    /** A barrier that is up. */
    private final class Raised {
        private final long index;
        private final Completion<Outcome> completion;
        private final TreeSet<PeerId> answered = new TreeSet<>();
        private long reportedAt = ports.clock().nanos();
        private boolean settledHere;

        Raised(long index, Completion<Outcome> completion) {
            this.index = index;
            this.completion = completion;
        }
    }
}
