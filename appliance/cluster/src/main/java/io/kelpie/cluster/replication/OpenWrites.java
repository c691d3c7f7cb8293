package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.GroupMessage.Committed;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Timers.Timer;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.TreeMap;

/**
 * The writes of an epoch that are not committed: who still has to acknowledge them, when to send
 * them again, when to accuse. Bounded by what gateways have in flight.
 */
final class OpenWrites {
    private static final long TICK_NANOS = 500_000_000L;
    private static final long RESEND_NANOS = 1_000_000_000L;
    private static final long SUSPECT_NANOS = 3_000_000_000L;
    private static final long IDLE_NANOS = 100_000_000L;

    /** Sent again at most in one tick: a member that lags shall not be buried. */
    private static final int RESEND_MAX = 64;

    private final Group group;
    private final PushLanes lanes;
    private final Traffic traffic;
    private final TreeMap<Long, OpenWrite> open = new TreeMap<>();
    private final LinkedHashMap<OperationId, OpenWrite> byOperation = new LinkedHashMap<>();
    /** Who waits for the writes ordered before it; as bounded as the gateways that list. */
    private final ArrayDeque<AfterWrites> after = new ArrayDeque<>();

    private long sequence;
    private long toldCommitted;
    private boolean stuck;
    private boolean closed;
    private @Nullable Timer tick;
    private @Nullable Timer idle;

    OpenWrites(Group group, PushLanes lanes, Traffic traffic) {
        this.group = group;
        this.lanes = lanes;
        this.traffic = traffic;
    }

    ObjectVersion nextVersion() {
        return new ObjectVersion(group.epoch(), ++sequence);
    }

    int count() {
        return open.size();
    }

    @Nullable
    OpenWrite find(OperationId operation) {
        return byOperation.get(operation);
    }

    /**
     * Waits for every write ordered so far; NO_PRIMARY if the epoch ends first. What is done then
     * sees all that a guard let pass before it closed.
     */
    void afterOrdered(Completion<Outcome> then) {
        if (closed) {
            then.failed(ErrorCode.NO_PRIMARY);
        } else if (open.isEmpty()) {
            then.done(Outcome.DONE);
        } else {
            after.add(new AfterWrites(sequence, then));
        }
    }

    /** Nothing commits any more in this epoch: the disk here failed. */
    void stick() {
        stuck = true;
    }

    void add(OpenWrite write) {
        open.put(write.version.sequence(), write);
        OperationId operation = write.operation;
        if (operation != null) {
            byOperation.put(operation, write);
        }
        traffic.open(write.change);
        if (tick == null) {
            tick = group.around.ports.timers().after(TICK_NANOS, this::onTick);
        }
    }

    void send(OpenWrite write, int member, long session) {
        lanes.send(member, message(write, session));
    }

    void forward(int member, Replicate message) {
        lanes.send(member, message);
    }

    Replicate message(OpenWrite write, long session) {
        write.change.retainPieces();
        toldCommitted = Math.max(toldCommitted, committed());
        return new Replicate(
                group.pg,
                group.epoch(),
                session,
                write.previous,
                write.version,
                write.operation,
                committed(),
                write.change);
    }

    private long committed() {
        return open.isEmpty() ? sequence : open.firstKey() - 1;
    }

    void onLocalDone(OpenWrite write) {
        write.localDone = true;
        commitIfComplete(write);
    }

    /** A write failed here and is nowhere else: it ends without effect. */
    void fail(OpenWrite write, ErrorCode error) {
        forget(write);
        List.copyOf(write.waiters).forEach(waiter -> waiter.failed(error));
    }

    /** A member has one write. */
    void onAcknowledged(int member, long session, ObjectId object, ObjectVersion version) {
        OpenWrite write = open.get(version.sequence());
        if (write != null && write.version.equals(version) && write.object().equals(object)) {
            acknowledged(write, member, session);
        }
    }

    /** A member got an object whole, with everything up to a version. */
    void onPushed(int member, long session, ObjectId object, ObjectVersion version) {
        for (OpenWrite write : List.copyOf(open.values())) {
            if (write.object().equals(object) && write.version.compareTo(version) <= 0) {
                acknowledged(write, member, session);
            }
        }
    }

    private void acknowledged(OpenWrite write, int member, long session) {
        Long expected = write.awaiting.get(member);
        if (expected != null && expected == session) {
            write.awaiting.remove(member);
            commitIfComplete(write);
        }
    }

    /** A member's acknowledgements are not needed any more. */
    void release(int member) {
        for (OpenWrite write : List.copyOf(open.values())) {
            write.awaiting.remove(member);
            commitIfComplete(write);
        }
    }

    /** The copy here was replaced by one that has every write ordered so far. */
    void onHealed(ObjectId object) {
        for (OpenWrite write : List.copyOf(open.values())) {
            if (write.object().equals(object)) {
                onLocalDone(write);
            }
        }
    }

    /** Whether every open write of an object waits for nobody but this node. */
    boolean isElsewhere(ObjectId object) {
        for (OpenWrite write : open.values()) {
            if (write.object().equals(object) && !write.awaiting.isEmpty()) {
                return false;
            }
        }
        return true;
    }

    private void commitIfComplete(OpenWrite write) {
        if (closed || stuck || !write.isComplete() || !open.containsKey(write.version.sequence())) {
            return;
        }
        forget(write);
        group.onCommitted(new ObjectVersion(group.epoch(), committed()));
        List.copyOf(write.waiters).forEach(waiter -> waiter.done(Outcome.DONE));
        if (open.isEmpty() && idle == null && !group.others().isEmpty()) {
            idle = group.around.ports.timers().after(IDLE_NANOS, this::onIdle);
        }
    }

    private void forget(OpenWrite write) {
        Invariant.check(
                open.remove(write.version.sequence()) == write, "an open write is known", write);
        OperationId operation = write.operation;
        if (operation != null) {
            byOperation.remove(operation, write);
        }
        traffic.settle(write.change);
        while (!after.isEmpty() && after.getFirst().through() <= committed()) {
            after.removeFirst().then().done(Outcome.DONE);
        }
    }

    private void onIdle() {
        idle = null;
        if (!closed && toldCommitted < committed()) {
            toldCommitted = committed();
            for (int member : group.others()) {
                group.send(member, new Committed(group.pg, group.epoch(), toldCommitted));
            }
        }
    }

    /** Sends what a member has not acknowledged again, in order. */
    void resend(int member) {
        for (OpenWrite write : open.values()) {
            Long session = write.awaiting.get(member);
            if (session != null) {
                write.sentNanos = group.around.now();
                send(write, member, session);
            }
        }
    }

    private void onTick() {
        tick = null;
        if (closed || open.isEmpty()) {
            return;
        }
        tick = group.around.ports.timers().after(TICK_NANOS, this::onTick);
        long now = group.around.now();
        accuse(now);
        int sent = 0;
        for (OpenWrite write : new ArrayList<>(open.values())) {
            if (now - write.sentNanos >= RESEND_NANOS && sent++ < RESEND_MAX) {
                write.sentNanos = now;
                write.awaiting.forEach((member, session) -> send(write, member, session));
            }
        }
    }

    private void accuse(long now) {
        TreeMap<Integer, Boolean> accused = new TreeMap<>();
        boolean unanimous = group.around.has(Rule.UNANIMITY);
        for (OpenWrite write : open.values()) {
            if (now - write.orderedNanos >= SUSPECT_NANOS) {
                write.awaiting.keySet().forEach(member -> accused.put(member, true));
            }
            if (!unanimous && now - write.orderedNanos >= RESEND_NANOS) {
                write.awaiting.keySet().forEach(member -> accused.put(member, false));
            }
        }
        accused.forEach((member, late) -> {
            if (late) {
                group.suspect(member, Evidence.NO_ACKNOWLEDGEMENT);
            } else {
                release(member);
            }
        });
    }

    String reason() {
        if (open.isEmpty()) {
            return "";
        }
        OpenWrite oldest = open.firstEntry().getValue();
        return oldest.awaiting.isEmpty()
                ? "a write waits for the disk"
                : "a write waits for members " + oldest.awaiting.keySet();
    }

    /** The epoch is over: clients look where the group went. */
    void close() {
        closed = true;
        List<OpenWrite> left = List.copyOf(open.values());
        open.clear();
        byOperation.clear();
        for (OpenWrite write : left) {
            List.copyOf(write.waiters).forEach(waiter -> waiter.failed(ErrorCode.NO_PRIMARY));
        }
        List<AfterWrites> waiting = List.copyOf(after);
        after.clear();
        waiting.forEach(each -> each.then().failed(ErrorCode.NO_PRIMARY));
    }

    boolean isClosed() {
        return closed;
    }

    private record AfterWrites(long through, Completion<Outcome> then) {}
}
