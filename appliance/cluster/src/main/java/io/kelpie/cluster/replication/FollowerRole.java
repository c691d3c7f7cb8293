package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Activate;
import io.kelpie.cluster.message.GroupMessage.Committed;
import io.kelpie.cluster.message.GroupMessage.DigestRequest;
import io.kelpie.cluster.message.GroupMessage.ListRequest;
import io.kelpie.cluster.message.GroupMessage.Pull;
import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.Query;
import io.kelpie.cluster.message.GroupMessage.ReplicaStatus;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.message.GroupMessage.VersionsRequest;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.replication.PushReceiver.Verdict;

/** Receives writes and copies from the primary, as an in-sync replica or as a learner. */
final class FollowerRole extends Role {
    private final Group group;
    private final boolean learner;
    private final ObjectTurns turns;
    private final WriteReceiver writes;
    private final PushReceiver pushes;
    private final Answers answers;

    /** A learner obeys only the newest session of the epoch. */
    private long session;

    private int primary;

    /**
     * Composes the role.
     *
     * @param learner false for an in-sync replica
     */
    FollowerRole(Group group, boolean learner) {
        this.group = group;
        this.learner = learner;
        this.turns = new ObjectTurns(group.pg, group.store(), group.around.versions);
        this.writes = new WriteReceiver(group, turns);
        this.pushes = new PushReceiver(
                group, turns, learner ? this::judgeSession : this::judgeLevel, this::onPushed);
        this.answers = new Answers(group);
    }

    @Override
    void begin() {
        primary = group.entry().primary();
        if (learner) {
            group.clearLog();
            // While this node had no part in the group its copies may have been dropped as strays,
            // past this class: a copy that is believed to be here would never be sent.
            group.around.versions.clear();
        }
    }

    @Override
    void abandon() {
        turns.close();
        writes.close();
        pushes.close();
        answers.close();
    }

    @Override
    GroupState.State state() {
        return learner ? GroupState.State.LEARNER : GroupState.State.REPLICA;
    }

    @Override
    void onLost(int member) {
        // What is missing is sent again, or found by the versions.
    }

    @Override
    void onMessage(int from, GroupMessage message) {
        if (from != primary && message.epoch() == group.epoch()) {
            message.release();
        } else if (message instanceof Replicate replicate) {
            if (isOfSession(replicate.session(), replicate)) {
                writes.onReplicate(from, replicate);
                writes.onCommitted(replicate.committed());
            }
        } else if (message instanceof Push push) {
            if (isOfSession(push.session(), push)) {
                pushes.onPush(push);
            }
        } else if (message instanceof ListRequest request) {
            if (isOfSession(request.session(), request)) {
                answers.onListRequest(from, request);
            }
        } else if (message instanceof DigestRequest request) {
            if (isOfSession(request.session(), request)) {
                answers.onDigestRequest(from, request);
            }
        } else if (message instanceof Committed committed) {
            writes.onCommitted(committed.sequence());
        } else if (message instanceof Query) {
            answers.onQuery(from);
        } else if (message instanceof VersionsRequest request) {
            answers.onVersionsRequest(from, request);
        } else if (message instanceof Pull pull) {
            answers.onPull(from, pull);
        } else if (message instanceof Activate) {
            group.onCommitted(new ObjectVersion(group.epoch(), 0));
        } else {
            message.release();
        }
    }

    /** Whether a message is of the newest session; drops it if not. */
    private boolean isOfSession(long number, GroupMessage message) {
        boolean obeyed = learner ? number >= session && number > 0 : number == 0;
        if (obeyed) {
            session = number;
        } else {
            message.release();
        }
        return obeyed;
    }

    private Verdict judgeLevel(HeldObject head, Push first) {
        boolean lags = group.gapped.contains(head.object())
                || group.known(head).compareTo(first.held().version()) < 0;
        return lags ? Verdict.TAKE : Verdict.HAVE;
    }

    /** A learner's copy may be newer than the primary's: then nobody else has that write. */
    private Verdict judgeSession(HeldObject head, Push first) {
        boolean damaged = group.gapped.contains(head.object());
        ObjectVersion worth = damaged ? ObjectVersion.NONE : Group.worth(head);
        if (!first.whole() && worth.equals(ObjectVersion.NONE)) {
            return Verdict.REFUSE;
        }
        if (damaged || worth.equals(first.expected())) {
            return Verdict.TAKE;
        }
        boolean removed = first.held().sizeBytes() == PushReceiver.REMOVED;
        ObjectVersion wanted = removed ? ObjectVersion.NONE : first.held().version();
        return worth.equals(wanted) ? Verdict.HAVE : Verdict.REFUSE;
    }

    private void onPushed(Push last, ReplicaStatus status, ObjectVersion held) {
        group.send(
                primary,
                new Acknowledge(
                        group.pg,
                        last.epoch(),
                        last.session(),
                        last.held().object(),
                        last.held().version(),
                        status,
                        status == ReplicaStatus.APPLIED ? last.held().version() : held));
    }
}
