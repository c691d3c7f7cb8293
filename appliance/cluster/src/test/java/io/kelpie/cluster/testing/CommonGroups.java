package io.kelpie.cluster.testing;

import io.kelpie.cluster.gateway.LocalGroups;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.replication.WriteGuard;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The placement groups of all nodes over one set of objects, as replication promises them to be: a
 * primary orders writes only in the newest epoch, an operation takes effect once, a lost primary
 * answers NO_PRIMARY. A test may hold changes before they are ordered.
 */
public final class CommonGroups {
    private final Loop loop;
    private final Payloads payloads;
    private final TreeMap<ObjectId, MemoryObject> objects = new TreeMap<>();
    private final LinkedHashMap<PgId, TreeSet<OperationId>> seen = new LinkedHashMap<>();
    private final List<Held> held = new ArrayList<>();
    private final List<ObjectChange> applied = new ArrayList<>();
    private Predicate<ObjectChange> holding = change -> false;
    private Predicate<ObjectChange> failing = change -> false;
    private ErrorCode failure = ErrorCode.IO_ERROR;
    private ClusterMap map = ClusterMap.EMPTY;
    private long sequence;

    public CommonGroups(Loop loop, Payloads payloads) {
        this.loop = loop;
        this.payloads = payloads;
    }

    /** The map that is true, whatever nodes know. */
    public void install(ClusterMap next) {
        map = next;
    }

    public void hold(Predicate<ObjectChange> which) {
        holding = which;
    }

    public int heldCount() {
        return held.size();
    }

    /** Lets what was held go on, and holds no more. */
    public void releaseHeld() {
        holding = change -> false;
        List<Held> all = List.copyOf(held);
        held.clear();
        all.forEach(each -> loop.post(each.action));
    }

    /** Lets changes fail without effect. */
    public void fail(Predicate<ObjectChange> which, ErrorCode error) {
        failing = which;
        failure = error;
    }

    public boolean has(ObjectId object) {
        return objects.containsKey(object);
    }

    public void lose(ObjectId object) {
        objects.remove(object);
    }

    public byte[] bytes(ObjectId object, long offset, int length) {
        MemoryObject found = objects.get(object);
        return found == null ? new byte[0] : found.read(offset, length);
    }

    /** What took effect, in order. */
    public List<ObjectChange> applied() {
        return applied;
    }

    private record Held(int node, PgId pg, Runnable action, Runnable lost) {}

    /** The groups of one node. */
    public final class Node implements LocalGroups {
        private final int index;
        private WriteGuard guard = WriteGuard.NONE;
        private ClusterMap known = ClusterMap.EMPTY;

        public Node(int index) {
            this.index = index;
        }

        public void guard(WriteGuard newGuard) {
            guard = newGuard;
        }

        public void install(ClusterMap next) {
            ClusterMap before = known;
            known = next;
            List<Held> lost = new ArrayList<>();
            held.removeIf(each -> {
                boolean goes = each.node == index
                        && before.group(each.pg).epoch() != next.group(each.pg).epoch();
                if (goes) {
                    lost.add(each);
                }
                return goes;
            });
            lost.forEach(each -> loop.post(each.lost));
        }

        private boolean serves(PgId pg, long epoch) {
            return known.groups().size() > pg.partition()
                    && known.group(pg).epoch() == epoch
                    && known.group(pg).primary() == index;
        }

        private boolean isNewest(PgId pg, long epoch) {
            return map.group(pg).epoch() == epoch;
        }

        @Override
        public void write(
                PgId pg,
                long epoch,
                OperationId operation,
                ObjectChange change,
                Completion<Outcome> completion) {
            if (!serves(pg, epoch)) {
                loop.post(() -> completion.failed(ErrorCode.NO_PRIMARY));
            } else if (holding.test(change) || !isNewest(pg, epoch)) {
                held.add(new Held(
                        index,
                        pg,
                        () -> write(pg, epoch, operation, change, completion),
                        () -> completion.failed(ErrorCode.NO_PRIMARY)));
            } else {
                ErrorCode error = order(pg, operation, change);
                loop.post(() -> {
                    if (error == null) {
                        completion.done(Outcome.DONE);
                    } else {
                        completion.failed(error);
                    }
                });
            }
        }

        private @Nullable ErrorCode order(PgId pg, OperationId operation, ObjectChange change) {
            ErrorCode refusal = guard.refusalOf(change);
            if (refusal != null) {
                return refusal;
            }
            if (failing.test(change)) {
                return failure;
            }
            TreeSet<OperationId> known = seen.computeIfAbsent(pg, group -> new TreeSet<>());
            if (known.contains(operation)) {
                return null;
            }
            ErrorCode error = apply(change);
            if (error == null) {
                known.add(operation);
                applied.add(change);
            }
            return error;
        }

        private <T> boolean refuses(PgId pg, long epoch, Completion<T> completion, Runnable again) {
            if (!serves(pg, epoch)) {
                loop.post(() -> completion.failed(ErrorCode.NO_PRIMARY));
                return true;
            }
            if (!isNewest(pg, epoch)) {
                held.add(new Held(index, pg, again, () -> completion.failed(ErrorCode.NO_PRIMARY)));
                return true;
            }
            return false;
        }

        @Override
        public void read(
                PgId pg,
                long epoch,
                ObjectId object,
                long offset,
                int length,
                Completion<Payload> completion) {
            if (refuses(
                    pg,
                    epoch,
                    completion,
                    () -> read(pg, epoch, object, offset, length, completion))) {
                return;
            }
            MemoryObject found = objects.get(object);
            if (found == null) {
                loop.post(() -> completion.failed(ErrorCode.NO_SUCH_OBJECT));
            } else {
                Payload bytes = payloads.of(found.read(offset, length));
                loop.post(() -> completion.done(bytes));
            }
        }

        @Override
        public void allocated(
                PgId pg,
                long epoch,
                ObjectId object,
                long offset,
                int length,
                Completion<List<DataRange>> completion) {
            if (refuses(
                    pg,
                    epoch,
                    completion,
                    () -> allocated(pg, epoch, object, offset, length, completion))) {
                return;
            }
            MemoryObject found = objects.get(object);
            if (found == null) {
                loop.post(() -> completion.failed(ErrorCode.NO_SUCH_OBJECT));
            } else {
                List<DataRange> ranges = found.allocated(offset, length);
                loop.post(() -> completion.done(ranges));
            }
        }

        @Override
        public void list(
                PgId pg,
                long epoch,
                ObjectId from,
                int max,
                Completion<List<ObjectId>> completion) {
            if (refuses(pg, epoch, completion, () -> list(pg, epoch, from, max, completion))) {
                return;
            }
            List<ObjectId> found = objects.tailMap(from).keySet().stream()
                    .filter(object -> pg.equals(groupOf.apply(object)))
                    .limit(max)
                    .toList();
            loop.post(() -> completion.done(found));
        }

        @Override
        public void flush(PgId pg, long epoch, Completion<Outcome> completion) {
            flush(completion);
        }

        @Override
        public void flush(Completion<Outcome> completion) {
            loop.post(() -> completion.done(Outcome.DONE));
        }
    }

    private Function<ObjectId, PgId> groupOf = object -> new PgId(0);

    /** Tells how objects are placed. */
    public void place(Function<ObjectId, PgId> placement) {
        groupOf = placement;
    }

    private @Nullable ErrorCode apply(ObjectChange change) {
        ObjectId id = change.object();
        MemoryObject object = objects.get(id);
        ObjectVersion version = new ObjectVersion(1, ++sequence);
        switch (change.action()) {
            case REMOVE -> {
                return objects.remove(id) == null ? ErrorCode.NO_SUCH_OBJECT : null;
            }
            case REMOVE_IF_EMPTY -> {
                if (object != null
                        && object.allocated(0, (int) object.sizeBytes()).isEmpty()) {
                    objects.remove(id);
                }
                return null;
            }
            case CREATE -> object = new MemoryObject(change.sizeBytes(), version);
            case ENSURE ->
                object = object == null ? new MemoryObject(change.sizeBytes(), version) : object;
            case WRITE -> {
                if (object == null) {
                    return ErrorCode.NO_SUCH_OBJECT;
                }
            }
        }
        MemoryObject held = Objects.requireNonNull(object, "made above if it was missing");
        objects.put(id, held);
        for (Piece piece : change.pieces()) {
            Payload payload = piece.payload();
            if (payload == null) {
                held.zero(version, piece.offset(), piece.length());
            } else {
                held.write(version, piece.offset(), Payloads.bytesOf(payload));
            }
        }
        return null;
    }
}
