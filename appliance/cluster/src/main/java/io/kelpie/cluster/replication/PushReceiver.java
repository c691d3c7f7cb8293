package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.ReplicaStatus;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Takes pushes. A copy that counts is replaced in one batch, as it may be the only one left should
 * the sender die half-way; where nothing that counts is lost, or an object is too large for that, a
 * copy grows part by part and counts for nothing until the last.
 */
final class PushReceiver {
    /** Size that a removal is pushed with. */
    static final long REMOVED = -1;

    /**
     * Bytes gathered for one object at most. Objects are 4 MiB unless the operator chose otherwise;
     * few are pushed to one member at a time.
     */
    private static final long MAX_GATHERED_BYTES = 32L << 20;

    private final Group group;
    private final ObjectTurns turns;
    private final Judge judge;
    private final Ended ended;
    /** Whether the copy is in use meanwhile: then it changes in one batch or not at all. */
    private final boolean inUse;

    private final TreeMap<ObjectId, Incoming> incoming = new TreeMap<>();
    /** Those that came whole and wait for the disk. */
    private final List<Incoming> completing = new ArrayList<>();

    private boolean closed;

    PushReceiver(Group group, ObjectTurns turns, Judge judge, Ended ended) {
        this(group, turns, judge, ended, false);
    }

    private PushReceiver(Group group, ObjectTurns turns, Judge judge, Ended ended, boolean inUse) {
        this.group = group;
        this.turns = turns;
        this.judge = judge;
        this.ended = ended;
        this.inUse = inUse;
    }

    /**
     * A receiver for copies that are read meanwhile; objects too large for one batch it refuses.
     */
    static PushReceiver ofCopiesInUse(Group group, ObjectTurns turns, Judge judge, Ended ended) {
        return new PushReceiver(group, turns, judge, ended, true);
    }

    /** Takes a part; ownership of its payloads passes here. */
    void onPush(Push part) {
        turns.take(part.held().object(), new ObjectTurns.Turn() {
            @Override
            public void run(HeldObject head) {
                take(head, part);
            }

            @Override
            public void failed(ErrorCode error) {
                part.release();
                if (part.last()) {
                    ended.onEnd(part, ReplicaStatus.IO_ERROR, ObjectVersion.NONE);
                }
            }

            @Override
            public void abandoned() {
                part.release();
            }
        });
    }

    void close() {
        closed = true;
        completing.forEach(Incoming::release);
        completing.clear();
        incoming.values().forEach(Incoming::release);
        incoming.clear();
    }

    private void take(HeldObject head, Push part) {
        ObjectId object = part.held().object();
        if (part.first()) {
            Incoming before =
                    incoming.put(object, new Incoming(part, judge.judge(head, part), head));
            if (before != null) {
                before.release();
            }
        }
        Incoming current = incoming.get(object);
        if (current == null || !current.isContinuedBy(part)) {
            if (current != null && current.hasLostOneBefore(part)) {
                // A copy with a hole in it would have the version of a whole one.
                incoming.remove(object);
                current.release();
            }
            part.release();
            if (part.last()) {
                refuse(head, part);
            }
            return;
        }
        current.parts++;
        if (current.verdict != Verdict.TAKE) {
            part.release();
        } else {
            current.add(head, part);
        }
        if (part.last()) {
            incoming.remove(object);
            finish(head, part, current);
        }
    }

    private void finish(HeldObject head, Push part, Incoming current) {
        switch (current.verdict) {
            case REFUSE -> refuse(head, part);
            // What is here already may still be on its way to the disk.
            case HAVE ->
                group.store().sync(new Completion<>() {
                    @Override
                    public void done(Outcome result) {
                        end(part, null);
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        end(part, error);
                    }
                });
            case TAKE -> {
                // Nothing of the object may come between its parts and its version.
                turns.keep(head.object());
                completing.add(current);
                current.whenPartsAreStored(() -> {
                    completing.remove(current);
                    if (!closed) {
                        current.complete(head, part);
                    }
                    turns.leave(head.object());
                });
            }
        }
    }

    private void refuse(HeldObject head, Push part) {
        boolean damaged = group.gapped.contains(head.object());
        ended.onEnd(part, ReplicaStatus.GAP, damaged ? ObjectVersion.NONE : Group.worth(head));
    }

    private void end(Push part, @Nullable ErrorCode why) {
        if (closed) {
            return;
        }
        if (why == null) {
            ended.onEnd(part, ReplicaStatus.APPLIED, part.held().version());
        } else {
            ended.onEnd(
                    part,
                    why == ErrorCode.NO_SPACE ? ReplicaStatus.NO_SPACE : ReplicaStatus.IO_ERROR,
                    ObjectVersion.NONE);
        }
    }

    private void apply(
            List<StoreOperation> operations,
            boolean durable,
            List<Payload> payloads,
            HeldObject after,
            Completion<Outcome> completion) {
        group.around.versions.put(after);
        group.write(new StoreBatch(operations, durable), new Completion<>() {
            @Override
            public void done(Outcome result) {
                payloads.forEach(Payload::release);
                completion.done(result);
            }

            @Override
            public void failed(ErrorCode error) {
                payloads.forEach(Payload::release);
                group.around.versions.forget(after.object());
                completion.failed(error);
            }
        });
    }

    /** What to do with a push. */
    enum Verdict {
        /** Replace the copy. */
        TAKE,
        /** It is here already. */
        HAVE,
        /** Another copy was expected here. */
        REFUSE
    }

    /** Decides about a push by what is here when its first part comes. */
    interface Judge {
        /** Decides. */
        Verdict judge(HeldObject head, Push first);
    }

    /** Learns how pushes end. */
    interface Ended {
        /** The last part was dealt with, durably if applied; tells what is held now. */
        void onEnd(Push last, ReplicaStatus status, ObjectVersion held);
    }

    private final class Incoming {
        private final ObjectVersion version;
        private final long session;
        private Verdict verdict;
        private final boolean keepsCopy;
        private final List<Piece> gathered = new ArrayList<>();
        private long gatheredBytes;
        private int parts;
        /** Parts on their way to the disk, and what waits for them. */
        private int openParts;

        private @Nullable Runnable waiting;
        private boolean streaming;
        private @Nullable ErrorCode error;

        Incoming(Push first, Verdict verdict, HeldObject head) {
            this.version = first.held().version();
            this.session = first.session();
            this.verdict = verdict;
            this.keepsCopy = !Group.worth(head).equals(ObjectVersion.NONE);
        }

        boolean isContinuedBy(Push part) {
            return isOfSamePush(part) && part.part() == parts;
        }

        boolean hasLostOneBefore(Push part) {
            return isOfSamePush(part) && part.part() > parts;
        }

        private boolean isOfSamePush(Push part) {
            return version.equals(part.held().version()) && session == part.session();
        }

        void release() {
            for (Piece piece : gathered) {
                Payload payload = piece.payload();
                if (payload != null) {
                    payload.release();
                }
            }
            gathered.clear();
        }

        void add(HeldObject head, Push part) {
            gathered.addAll(part.pieces());
            for (Piece piece : part.pieces()) {
                gatheredBytes += piece.payload() == null ? 0 : piece.length();
            }
            if (inUse && gatheredBytes > MAX_GATHERED_BYTES) {
                verdict = Verdict.REFUSE;
                release();
                return;
            }
            boolean mayStream = !inUse && (!keepsCopy || gatheredBytes > MAX_GATHERED_BYTES);
            if (!part.last() && mayStream) {
                HeldObject partial = new HeldObject(
                        head.object(), ObjectVersion.PARTIAL, part.held().sizeBytes());
                List<StoreOperation> operations = begin(part);
                Changes.addPieces(
                        operations, group.pg, head.object(), ObjectVersion.PARTIAL, gathered);
                openParts++;
                apply(operations, false, takePayloads(), partial, new Completion<>() {
                    @Override
                    public void done(Outcome result) {
                        onPartStored();
                    }

                    @Override
                    public void failed(ErrorCode why) {
                        error = why;
                        onPartStored();
                    }
                });
            }
        }

        private void onPartStored() {
            openParts--;
            Runnable next = waiting;
            if (openParts == 0 && next != null) {
                waiting = null;
                next.run();
            }
        }

        void whenPartsAreStored(Runnable task) {
            if (openParts == 0) {
                task.run();
            } else {
                waiting = task;
            }
        }

        /** Once: the copy is made anew, or stops counting. */
        private List<StoreOperation> begin(Push part) {
            List<StoreOperation> operations = new ArrayList<>();
            HeldObject held = part.held();
            if (!streaming) {
                streaming = true;
                operations.add(
                        part.whole()
                                ? new StoreOperation.Create(
                                        group.pg,
                                        held.object(),
                                        held.sizeBytes(),
                                        ObjectVersion.PARTIAL)
                                : new StoreOperation.SetVersion(
                                        group.pg, held.object(), ObjectVersion.PARTIAL));
            }
            return operations;
        }

        private List<Payload> takePayloads() {
            List<Payload> payloads = new ArrayList<>();
            for (Piece piece : gathered) {
                Payload payload = piece.payload();
                if (payload != null) {
                    payloads.add(payload);
                }
            }
            gathered.clear();
            return payloads;
        }

        void complete(HeldObject head, Push part) {
            ErrorCode failure = error;
            if (failure != null) {
                // It lacks a part, so it must not get the version of a whole copy.
                release();
                end(part, failure);
                return;
            }
            HeldObject held = part.held();
            boolean removal = held.sizeBytes() == REMOVED;
            List<StoreOperation> operations = new ArrayList<>();
            if (removal) {
                if (!head.version().equals(ObjectVersion.NONE)) {
                    operations.add(new StoreOperation.Remove(group.pg, held.object()));
                }
            } else {
                operations.addAll(begin(part));
                Changes.addPieces(
                        operations, group.pg, held.object(), ObjectVersion.PARTIAL, gathered);
                operations.add(
                        new StoreOperation.SetVersion(group.pg, held.object(), held.version()));
            }
            List<LogEntry> lines = lines(part, removal);
            lines.forEach(line -> operations.add(new StoreOperation.AppendLog(group.pg, line)));
            lines.forEach(group.log::add);
            HeldObject after =
                    removal ? new HeldObject(held.object(), ObjectVersion.NONE, 0) : held;
            apply(operations, true, takePayloads(), after, new Completion<>() {
                @Override
                public void done(Outcome result) {
                    group.gapped.remove(held.object());
                    end(part, null);
                }

                @Override
                public void failed(ErrorCode why) {
                    lines.forEach(group.log::takeBack);
                    end(part, why);
                }
            });
        }

        /** The lines that came, and in any case one for the version the copy has now. */
        private List<LogEntry> lines(Push part, boolean removal) {
            HeldObject held = part.held();
            List<LogEntry> lines = new ArrayList<>();
            boolean named = held.version().equals(ObjectVersion.NONE);
            for (LogEntry line : part.operations()) {
                if (!group.log.contains(line.version())) {
                    lines.add(line);
                }
                named |= line.version().equals(held.version());
            }
            if (!named && !group.log.contains(held.version())) {
                lines.add(new LogEntry(held.object(), held.version(), removal, null));
            }
            return lines;
        }
    }
}
