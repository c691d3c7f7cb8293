package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.port.Tracer;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What outlives the roles that a node plays for a group: its entry in the map, the operation log,
 * the writes the store has not ended yet.
 */
final class Group {
    /** More than the batches in flight to a disk and what its store needs besides. */
    private static final long SHORT_BYTES = 256L << 20;

    final PgId pg;
    final Surroundings around;
    final OperationLog log = new OperationLog();

    /** Copies whose content lags behind their version since a write failed: push them whole. */
    final TreeSet<ObjectId> gapped = new TreeSet<>();

    /** What binds this node to former primaries. */
    final Promises promises;

    /** Who was accused in this epoch: accusations are repeated, people are told once. */
    private final TreeMap<Integer, Evidence> accused = new TreeMap<>();

    private final List<Runnable> whenQuiet = new ArrayList<>();
    private final List<Runnable> whenLoaded = new ArrayList<>();
    private PgEntry entry;
    private List<Integer> others = List.of();
    private int self = PgEntry.NONE;
    private int openWrites;
    private boolean logLoading;
    private boolean logLoaded;

    Group(PgId pg, Surroundings around, PgEntry entry) {
        this.pg = pg;
        this.around = around;
        this.promises = new Promises(around);
        this.entry = entry;
    }

    void obey(PgEntry next, int selfIndex) {
        entry = next;
        accused.clear();
        self = selfIndex;
        List<Integer> rest = new ArrayList<>(next.sync());
        rest.remove((Integer) selfIndex);
        others = List.copyOf(rest);
    }

    PgEntry entry() {
        return entry;
    }

    long epoch() {
        return entry.epoch();
    }

    int self() {
        return self;
    }

    /** The in-sync members but this one. */
    List<Integer> others() {
        return others;
    }

    LocalStore store() {
        return around.ports.store();
    }

    NodeId node(int member) {
        return around.map.member(member).node();
    }

    /** The member that a process is, or {@link PgEntry#NONE}. */
    int memberOf(PeerId process) {
        for (Member member : around.map.members()) {
            if (member.incarnation() == process.incarnation()
                    && member.node().equals(process.node())) {
                return member.index();
            }
        }
        return PgEntry.NONE;
    }

    void send(int member, GroupMessage message) {
        around.ports.peers().send(node(member), message);
    }

    void suspect(int member, Evidence evidence) {
        if (accused.put(member, evidence) != evidence) {
            around.trace(
                    Tracer.Level.WARN,
                    pg + " in epoch " + epoch() + ": member " + member + " is accused of "
                            + evidence);
        }
        around.controller.suspect(node(member), evidence, List.of(pg));
    }

    /** What a copy counts for: one that is being received counts for nothing. */
    static ObjectVersion worth(HeldObject held) {
        return held.version().equals(ObjectVersion.PARTIAL) ? ObjectVersion.NONE : held.version();
    }

    /** The version of an object, also of one that the log knows to have been removed. */
    ObjectVersion known(HeldObject held) {
        ObjectVersion worth = worth(held);
        LogEntry line = log.latestOf(held.object());
        if (line != null && line.removed() && line.version().compareTo(worth) > 0) {
            return line.version();
        }
        return worth;
    }

    /**
     * Whether the disk is so full that it may refuse a write and take a smaller one behind it. Then
     * the writes of one object go to the disk one at a time: the second would carry a version that
     * says the first is there, and a crash right after would make all believe it.
     */
    boolean isRoomShort() {
        return store().space().freeBytes() < SHORT_BYTES;
    }

    /** Writes to the store, counting what is open. */
    void write(StoreBatch batch, Completion<Outcome> completion) {
        openWrites++;
        store().write(batch, new Completion<>() {
            @Override
            public void done(Outcome result) {
                completion.done(result);
                end();
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
                end();
            }

            private void end() {
                if (--openWrites == 0) {
                    runAll(whenQuiet);
                }
            }
        });
    }

    /** Runs a task when no write of the group is open in the store, perhaps at once. */
    void whenQuiet(Runnable task) {
        if (openWrites == 0) {
            task.run();
        } else {
            whenQuiet.add(task);
        }
    }

    /** Runs a task when the log is in memory, perhaps at once. */
    void whenLogLoaded(Runnable task) {
        if (logLoaded) {
            task.run();
            return;
        }
        whenLoaded.add(task);
        if (!logLoading) {
            logLoading = true;
            loadLog();
        }
    }

    private void loadLog() {
        store().readLog(pg, new Completion<>() {
            @Override
            public void done(List<LogEntry> lines) {
                if (!logLoaded) {
                    lines.stream().filter(line -> !log.contains(line.version())).forEach(log::add);
                    logLoaded = true;
                    runAll(whenLoaded);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                // Without its log this member cannot tell what it was part of. It stays silent
                // until a map goes on without it.
                logLoading = false;
                whenLoaded.clear();
                around.trace(
                        Tracer.Level.ERROR, pg + ": the operation log is unreadable: " + error);
                suspect(self, Evidence.STORE_FAILED);
            }
        });
    }

    /**
     * A learner starts over: what its log says was perhaps never true for the others. What is under
     * way to the disk may bring lines of its own and goes first: a store keeps no order among lines
     * and trims.
     */
    void clearLog() {
        log.clear();
        logLoaded = true;
        runAll(whenLoaded);
        ObjectVersion through = new ObjectVersion(epoch(), 0);
        whenQuiet(() -> trimStore(through));
    }

    /** Everything up to a version is committed; forgets lines whose time is over. */
    void onCommitted(ObjectVersion through) {
        log.onCommitted(through, around.now());
        ObjectVersion trimmed =
                around.has(Rule.LOG_KEPT) ? log.trim(around.now()) : log.trimThrough(log.highest());
        if (trimmed != null) {
            trimStore(trimmed);
        }
    }

    private void trimStore(ObjectVersion through) {
        StoreBatch batch = new StoreBatch(List.of(new StoreOperation.TrimLog(pg, through)), false);
        store().write(batch, Ignored.OUTCOME);
    }

    private static void runAll(List<Runnable> tasks) {
        List<Runnable> all = List.copyOf(tasks);
        tasks.clear();
        all.forEach(Runnable::run);
    }

    /** A line too many in the log does no harm, so nobody waits for trims. */
    private static final class Ignored implements Completion<Outcome> {
        private static final Ignored OUTCOME = new Ignored();

        @Override
        public void done(Outcome result) {}

        @Override
        public void failed(ErrorCode error) {}
    }
}
