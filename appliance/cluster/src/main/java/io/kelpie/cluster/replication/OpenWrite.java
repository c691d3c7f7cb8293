package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** A write that has its version and is not committed. */
final class OpenWrite {
    final @Nullable OperationId operation;
    final ObjectChange change;
    final ObjectVersion previous;
    final ObjectVersion version;
    final LogEntry line;

    /** Members whose acknowledgement is missing, with the session that is to give it. */
    final TreeMap<Integer, Long> awaiting = new TreeMap<>();

    /** The client, and its retries. */
    final List<Completion<Outcome>> waiters = new ArrayList<>(1);

    /** Whether a learner was sent it. */
    boolean shared;

    boolean localDone;
    final long orderedNanos;
    long sentNanos;

    OpenWrite(
            @Nullable OperationId operation,
            ObjectChange change,
            ObjectVersion previous,
            ObjectVersion version,
            long nowNanos) {
        this.operation = operation;
        this.change = change;
        this.previous = previous;
        this.version = version;
        this.orderedNanos = nowNanos;
        this.sentNanos = nowNanos;
        this.line = new LogEntry(
                change.object(), version, change.action() == ObjectChange.Action.REMOVE, operation);
    }

    ObjectId object() {
        return change.object();
    }

    boolean isComplete() {
        return localDone && awaiting.isEmpty();
    }
}
