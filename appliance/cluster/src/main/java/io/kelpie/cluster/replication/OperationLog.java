package io.kelpie.cluster.replication;

import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.OperationId;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.TreeMap;

/**
 * The operation log of a group in memory: a mirror of the lines in the store, by version, by object
 * and by operation. Lines go a minute after their write is known to be committed, so that retries
 * are recognised that long; the last line always stays, as it tells how far this copy ever was.
 */
final class OperationLog {
    static final long KEEP_NANOS = 60_000_000_000L;

    /**
     * Beyond this committed lines go before their time: a busy group must not eat the heap. Retries
     * come within seconds.
     */
    private static final int MAX_LINES = 4096;

    /** All lines of a few members. */
    private static final int MAX_TOLD = 4 * MAX_LINES;

    /** No more than one note of what was committed when in this time. */
    private static final long MARK_NANOS = 1_000_000_000L;

    private final TreeMap<ObjectVersion, LogEntry> lines = new TreeMap<>();
    private final TreeMap<ObjectId, ObjectVersion> latest = new TreeMap<>();
    private final LinkedHashMap<OperationId, ObjectVersion> operations = new LinkedHashMap<>();
    /** Operations that took effect by what other members said when the group was made level. */
    private final LinkedHashMap<OperationId, Long> told = new LinkedHashMap<>();

    private final ArrayDeque<Mark> marks = new ArrayDeque<>();
    private ObjectVersion committed = ObjectVersion.NONE;

    int size() {
        return lines.size();
    }

    void add(LogEntry entry) {
        lines.put(entry.version(), entry);
        ObjectVersion before = latest.get(entry.object());
        if (before == null || before.compareTo(entry.version()) < 0) {
            latest.put(entry.object(), entry.version());
        }
        OperationId operation = entry.operation();
        if (operation != null) {
            operations.put(operation, entry.version());
        }
    }

    /** A write failed: its line is not in the store. */
    void takeBack(LogEntry entry) {
        lines.remove(entry.version());
        if (entry.version().equals(latest.get(entry.object()))) {
            latest.remove(entry.object());
            for (LogEntry other : lines.values()) {
                if (other.object().equals(entry.object())) {
                    latest.put(other.object(), other.version());
                }
            }
        }
        OperationId operation = entry.operation();
        if (operation != null) {
            operations.remove(operation, entry.version());
        }
    }

    /** The newest line of an object. */
    @Nullable
    LogEntry latestOf(ObjectId object) {
        ObjectVersion version = latest.get(object);
        return version == null ? null : lines.get(version);
    }

    boolean contains(ObjectVersion version) {
        return lines.containsKey(version);
    }

    /** Whether an operation took effect. */
    boolean knows(OperationId operation) {
        return operations.containsKey(operation) || told.containsKey(operation);
    }

    /** Another member's line says that an operation took effect. */
    void remember(OperationId operation, long nowNanos) {
        if (told.size() < MAX_TOLD) {
            told.put(operation, nowNanos);
        }
    }

    /** The lines of an object, in the order of versions. */
    List<LogEntry> linesOf(ObjectId object) {
        List<LogEntry> found = new ArrayList<>();
        if (latest.containsKey(object)) {
            for (LogEntry line : lines.values()) {
                if (line.object().equals(object)) {
                    found.add(line);
                }
            }
        }
        return found;
    }

    List<LogEntry> lines() {
        return List.copyOf(lines.values());
    }

    ObjectVersion highest() {
        return lines.isEmpty() ? ObjectVersion.NONE : lines.lastKey();
    }

    /** Up to which version this node knows all writes to be committed. */
    ObjectVersion committed() {
        return committed;
    }

    /** Every write up to a version is committed. */
    void onCommitted(ObjectVersion through, long nowNanos) {
        if (through.compareTo(committed) <= 0) {
            return;
        }
        committed = through;
        Mark last = marks.peekLast();
        if (last == null || nowNanos - last.nanos >= MARK_NANOS) {
            marks.add(new Mark(through, nowNanos));
        }
    }

    /** Forgets lines whose time is over; returns the last version to trim, or null for nothing. */
    @Nullable
    ObjectVersion trim(long nowNanos) {
        var eldest = told.values().iterator();
        while (eldest.hasNext() && nowNanos - eldest.next() >= KEEP_NANOS) {
            eldest.remove();
        }
        ObjectVersion through = null;
        while (!marks.isEmpty() && nowNanos - marks.getFirst().nanos >= KEEP_NANOS) {
            through = marks.remove().version;
        }
        if (lines.size() > MAX_LINES) {
            int extra = lines.size() - MAX_LINES;
            for (ObjectVersion version : lines.keySet()) {
                if (extra-- == 0 || version.compareTo(committed) > 0) {
                    break;
                }
                if (through == null || version.compareTo(through) > 0) {
                    through = version;
                }
            }
        }
        return through == null ? null : trimThrough(through);
    }

    /** Forgets lines up to a version, but never the last. */
    @Nullable
    ObjectVersion trimThrough(ObjectVersion wanted) {
        if (lines.size() < 2) {
            return null;
        }
        ObjectVersion last = lines.lastKey();
        ObjectVersion through = wanted.compareTo(last) < 0 ? wanted : lines.lowerKey(last);
        if (through == null || lines.firstKey().compareTo(through) > 0) {
            return null;
        }
        var gone = lines.headMap(through, true);
        gone.values().forEach(this::unlist);
        gone.clear();
        return through;
    }

    private void unlist(LogEntry line) {
        latest.remove(line.object(), line.version());
        OperationId operation = line.operation();
        if (operation != null) {
            operations.remove(operation, line.version());
        }
    }

    void clear() {
        lines.clear();
        latest.clear();
        operations.clear();
        told.clear();
        marks.clear();
        committed = ObjectVersion.NONE;
    }

    private record Mark(ObjectVersion version, long nanos) {}
}
