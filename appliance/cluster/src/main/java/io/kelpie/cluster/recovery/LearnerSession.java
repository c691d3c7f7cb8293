package io.kelpie.cluster.recovery;

import io.kelpie.cluster.membership.ControllerLine;
import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Digest;
import io.kelpie.cluster.message.GroupMessage.Listing;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.cluster.replication.ActiveGroup;
import io.kelpie.cluster.replication.Learner;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.TreeMap;

/**
 * Brings one learner of one group up to date and has it added, for one partition epoch
 * ({@code cluster.md} 7.6, 16.3). A session that failed begins anew under another number; what is
 * equal by then is passed quickly. Core loop only.
 */
final class LearnerSession implements Learner, CopyPass.Owner {
    private static final long SECOND = 1_000_000_000L;
    /** A learner that answers nothing for so long has failed while nobody waits for it. */
    static final long PATIENCE_NANOS = 10 * SECOND;
    /** The same once writes wait for it. */
    static final long REQUIRE_PATIENCE_NANOS = SECOND;
    /** Bytes that a learner may be behind; more for the time of patience: it is too slow. */
    static final long MAX_LAG_BYTES = 64L << 20;
    /** Bytes behind at which the next object is not pushed yet. */
    private static final long PUSH_LAG_BYTES = 8L << 20;
    /** Bytes behind at which writes may begin to wait for the learner. */
    private static final long REQUIRE_LAG_BYTES = 1L << 20;
    /** Repairs of single objects in one attempt; more says that the copies cannot be levelled. */
    private static final int MAX_REPAIRS = 256;
    /** What a message costs beside its payload. */
    private static final int MESSAGE_BYTES = 128;

    private static final int MAX_BACKOFF_SHIFT = 5;

    private final ActiveGroup group;
    private final int member;
    private final int danger;
    private final Ports ports;
    private final ControllerLine controller;
    private final RecoveryConfig config;
    private final ByteBudget budget;
    private final Runnable changed;

    private SessionState state = SessionState.WAIT_SLOT;
    private String reason = "";
    private int failures;
    private long number;
    /** Not before this time a place is asked for. */
    private long askAfter;
    /** Whether a place here is taken for it, and one at the learner was asked for. */
    private boolean asking;

    /** Number under which it has, or had, a place at the learner; 0: none. */
    private long place;

    private @Nullable CopyPass pass;
    private @Nullable Census census;
    private Outstanding outstanding = new Outstanding();
    /** Objects pushed out of turn, with the version that is on its way: null until it is known. */
    private TreeMap<ObjectId, Repair> repairs = new TreeMap<>();

    private int repairCount;
    private @Nullable Runnable waitingPush;
    private boolean everythingSent;
    private long requireMark;
    private long heardAt;
    private long laggingSince;
    private long compared;
    private long comparedBytes;
    private long copied;
    private long copiedBytes;

    LearnerSession(
            ActiveGroup group,
            int member,
            int danger,
            Ports ports,
            ControllerLine controller,
            RecoveryConfig config,
            ByteBudget budget,
            Runnable changed) {
        this.group = group;
        this.member = member;
        this.danger = danger;
        this.ports = ports;
        this.controller = controller;
        this.config = config;
        this.budget = budget;
        this.changed = changed;
        this.askAfter = ports.clock().nanos();
    }

    ActiveGroup group() {
        return group;
    }

    /** How urgent it is, 0 most. */
    int danger() {
        return danger;
    }

    SessionState state() {
        return state;
    }

    /** Whether it holds one of the places of this node. */
    boolean holdsSlot() {
        return asking || isCopying();
    }

    /** Whether the learner was asked for a place and did not answer yet. */
    boolean isAsking() {
        return asking;
    }

    /** Whether it has a place at the learner. */
    boolean isCopying() {
        return state == SessionState.COPY || state == SessionState.REQUIRE;
    }

    /** The place at the learner that is not needed any more: told once; 0: none. */
    long placeToRelease() {
        long released = isCopying() ? 0 : place;
        place = isCopying() ? place : 0;
        return released;
    }

    /** Whether it waits for a place and may ask for one now. */
    boolean mayAsk(long now) {
        return state == SessionState.WAIT_SLOT && !asking && now - askAfter >= 0;
    }

    /** A place here is free: one at the learner is being asked for, under a new number. */
    void ask(long newNumber) {
        Invariant.check(newNumber > number, "session numbers rise", newNumber);
        number = newNumber;
        asking = true;
        heardAt = now();
        reason = "asks the learner for a place";
    }

    void refused(String why) {
        asking = false;
        reason = why;
        askAfter = now() + SECOND;
    }

    void granted() {
        asking = false;
        reason = "";
        state = SessionState.COPY;
        place = number;
        outstanding = new Outstanding();
        repairs = new TreeMap<>();
        repairCount = 0;
        waitingPush = null;
        everythingSent = false;
        laggingSince = 0;
        compared = 0;
        comparedBytes = 0;
        copied = 0;
        copiedBytes = 0;
        heardAt = now();
        CopyPass begun = new CopyPass(
                group, this, ports.store(), this, config.lacks(RecoveryMutation.FORGET_TOMBSTONES));
        Census counted = new Census(group);
        pass = begun;
        census = counted;
        group.register(this);
        counted.start();
        begun.start();
    }

    /** Recovery is switched off: what is copied stays, nothing more is. */
    void pause(String why) {
        if (asking || isCopying()) {
            end();
        }
        if (state != SessionState.REQUESTED) {
            state = SessionState.WAIT_SLOT;
            reason = why;
        }
    }

    /** The epoch is over: the group forgets the session by itself. */
    void abandon() {
        asking = false;
        state = SessionState.WAIT_SLOT;
        cancel();
    }

    /** Looks at the clock; called a few times each second. */
    void tick() {
        long now = now();
        if (asking && now - heardAt >= 3 * SECOND) {
            refused("the learner does not answer");
            changed.run();
        } else if (state == SessionState.FAILED && now - askAfter >= 0) {
            state = SessionState.WAIT_SLOT;
            changed.run();
        } else if (isCopying()) {
            watch(now);
        }
    }

    private void watch(long now) {
        CopyPass current = pass;
        boolean owes = !outstanding.isEmpty() || (current != null && current.isAsking());
        long patience = state == SessionState.REQUIRE ? REQUIRE_PATIENCE_NANOS : PATIENCE_NANOS;
        if (owes && now - heardAt >= patience) {
            fail("the learner does not answer");
        } else if (outstanding.bytes() <= MAX_LAG_BYTES) {
            laggingSince = 0;
        } else if (laggingSince == 0) {
            laggingSince = now;
        } else if (now - laggingSince >= PATIENCE_NANOS
                || outstanding.bytes() > 2 * MAX_LAG_BYTES) {
            fail("the learner is too slow");
        }
    }

    @Override
    public int member() {
        return member;
    }

    @Override
    public long session() {
        return number;
    }

    @Override
    public boolean covers(ObjectId object) {
        CopyPass current = pass;
        return current != null && current.covers(object);
    }

    @Override
    public boolean isRequired() {
        return state == SessionState.REQUIRE || state == SessionState.REQUESTED;
    }

    @Override
    public boolean isRequested() {
        return state == SessionState.REQUESTED && !config.lacks(RecoveryMutation.LEASE_SYNC_ONLY);
    }

    @Override
    public void onSnapshot(ObjectId object) {
        CopyPass current = pass;
        if (current != null) {
            current.onSnapshot(object);
        }
    }

    @Override
    public void onPassedBy(ObjectId object) {
        CopyPass current = pass;
        if (current != null) {
            current.onPassedBy(object);
        }
    }

    @Override
    public void onReplicated(GroupMessage.Replicate message) {
        long bytes = MESSAGE_BYTES;
        for (ObjectChange.Piece piece : message.change().pieces()) {
            bytes += piece.payload() == null ? 0 : piece.length();
        }
        note(message.change().object(), message.version(), bytes, false);
    }

    private void note(ObjectId object, ObjectVersion version, long bytes, boolean push) {
        if (outstanding.isEmpty()) {
            heardAt = now();
        }
        outstanding.add(object, version, bytes, push);
    }

    @Override
    public void onAnswer(GroupMessage answer) {
        heardAt = now();
        CopyPass current = pass;
        if (answer instanceof Acknowledge acknowledge) {
            onAcknowledge(acknowledge);
        } else if (current != null && answer instanceof Listing listing) {
            current.onListing(listing);
        } else if (current != null && answer instanceof Digest digest) {
            current.onDigest(digest);
        }
    }

    private void onAcknowledge(Acknowledge answer) {
        if (pass == null) {
            return;
        }
        switch (answer.status()) {
            case APPLIED -> {
                outstanding.settle(answer.object(), answer.version());
                Repair repair = repairs.get(answer.object());
                if (repair != null && repair.isDoneBy(answer.version())) {
                    repairs.remove(answer.object());
                }
                goOn();
            }
            case GAP -> repair(answer.object(), answer.version(), answer.held());
            case NO_SPACE -> onDiskFailure("the learner has no room");
            case IO_ERROR -> onDiskFailure("the learner's disk failed");
        }
    }

    private void onDiskFailure(String why) {
        if (state == SessionState.REQUESTED) {
            controller.suspect(group.node(member), Evidence.STORE_FAILED, List.of(group.pg()));
        } else {
            fail(why);
        }
    }

    /** Something did not fit on what the learner has: it gets the object as it is now. */
    private void repair(ObjectId object, ObjectVersion refused, ObjectVersion held) {
        Repair running = repairs.get(object);
        if (running != null && !running.isDoneBy(refused)) {
            // The answer to something sent before the repair.
            return;
        }
        if (state != SessionState.REQUESTED && outstanding.isPush(object, refused)) {
            fail("the learner holds something else than it listed");
            return;
        }
        if (++repairCount > MAX_REPAIRS) {
            fail("the learner's copies do not become level");
            return;
        }
        Repair repair = new Repair();
        repairs.put(object, repair);
        long attempt = number;
        group.push(this, new HeldObject(object, held, 0), null, new Completion<>() {
            @Override
            public void done(ObjectVersion version) {
                if (attempt == number && repairs.get(object) == repair) {
                    repair.version = version;
                    note(object, version, MESSAGE_BYTES, true);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                if (attempt == number && pass != null) {
                    fail("the primary cannot read its copy: " + error);
                }
            }
        });
    }

    /** The learner took something: more may be sent, or all of it has arrived. */
    private void goOn() {
        Runnable push = waitingPush;
        if (push != null && outstanding.bytes() < PUSH_LAG_BYTES) {
            waitingPush = null;
            budget.await(push);
        }
        if (state == SessionState.COPY && everythingSent) {
            maybeRequire();
        }
        if (state == SessionState.REQUIRE && isDrained()) {
            state = SessionState.REQUESTED;
            controller.addLearner(group.pg(), group.entry().epoch(), member);
            trace(
                    Tracer.Level.INFO,
                    "has everything, " + copiedBytes + " bytes of " + copied + " of " + compared
                            + " objects copied; its addition is requested");
            changed.run();
        }
    }

    private void maybeRequire() {
        if (outstanding.bytes() <= REQUIRE_LAG_BYTES && repairs.isEmpty()) {
            state = SessionState.REQUIRE;
            requireMark = outstanding.mark();
            heardAt = now();
        }
    }

    private boolean isDrained() {
        return config.lacks(RecoveryMutation.ADD_EARLY)
                ? outstanding.pushes() == 0
                : outstanding.isSettledBefore(requireMark) && repairs.isEmpty();
    }

    @Override
    public void onLost() {
        if (isCopying()) {
            fail("the connection to the learner was lost");
        } else if (asking) {
            refused("the connection to the learner was lost");
            changed.run();
        }
    }

    @Override
    public void whenRoom(long bytes, Runnable task) {
        Runnable paid = () -> {
            budget.spend(bytes);
            task.run();
        };
        if (outstanding.bytes() < PUSH_LAG_BYTES) {
            budget.await(paid);
        } else {
            waitingPush = paid;
        }
    }

    @Override
    public void onPushed(ObjectId object, ObjectVersion version, long bytes) {
        copied++;
        copiedBytes += bytes;
        note(object, version, bytes + MESSAGE_BYTES, true);
    }

    @Override
    public void onCompared(HeldObject held) {
        compared++;
        comparedBytes += held.sizeBytes();
    }

    @Override
    public void onAsked() {
        if (outstanding.isEmpty()) {
            heardAt = now();
        }
    }

    @Override
    public void onEnd() {
        everythingSent = true;
        goOn();
    }

    @Override
    public void onFailure(String why) {
        fail(why);
    }

    private void fail(String why) {
        if (!isCopying()) {
            // Requested: no failure takes that back, only a newer epoch does.
            return;
        }
        end();
        state = SessionState.FAILED;
        reason = why;
        askAfter = now() + (config.backoffNanos() << Math.min(failures, MAX_BACKOFF_SHIFT));
        failures++;
        trace(Tracer.Level.WARN, why);
        changed.run();
    }

    private void end() {
        asking = false;
        if (isCopying()) {
            group.unregister(this);
        }
        cancel();
    }

    private void cancel() {
        CopyPass running = pass;
        Census counting = census;
        if (running != null) {
            running.cancel();
        }
        if (counting != null) {
            counting.cancel();
        }
        pass = null;
        waitingPush = null;
    }

    private long now() {
        return ports.clock().nanos();
    }

    private void trace(Tracer.Level level, String what) {
        ports.tracer()
                .event(
                        level,
                        "learner " + group.node(member) + " of " + group.pg() + " in epoch "
                                + group.entry().epoch() + ": " + what);
    }

    /** What people see of it. */
    SessionProgress progress() {
        Census counted = census;
        long objects = counted == null ? 0 : counted.objects();
        long bytes = counted == null ? 0 : counted.bytes();
        return new SessionProgress(
                group.pg(),
                group.entry().epoch(),
                group.node(member),
                state,
                reason,
                failures,
                compared,
                copied,
                Math.max(0, objects - compared),
                copiedBytes,
                Math.max(0, bytes - comparedBytes));
    }

    /** A push out of turn. */
    private static final class Repair {
        /** What is on its way; null while the push is being made. */
        private @Nullable ObjectVersion version;

        /** Whether an answer about a version is one to this push or to something behind it. */
        boolean isDoneBy(ObjectVersion answered) {
            ObjectVersion sent = version;
            return sent != null && answered.compareTo(sent) >= 0;
        }
    }
}
