package io.kelpie.simulator;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.cluster.port.ObjectDigest;
import io.kelpie.cluster.port.ObjectSnapshot;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.port.StoreRead;
import io.kelpie.cluster.port.StoredPiece;
import io.kelpie.simulator.DiskImage.Change;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * The store of one process over a {@link SimDisk}. As little is promised as the port allows:
 * batches of different objects overtake each other, an answer comes late, one sync serves all
 * batches before it.
 */
final class SimStore implements LocalStore {
    private static final long MIN_ACCESS_NANOS = 5_000;
    private static final long MAX_ACCESS_NANOS = 120_000;
    private static final long MIN_SYNC_NANOS = 100_000;
    private static final long MAX_SYNC_NANOS = 4_000_000;
    private static final long MAX_SPIKE_NANOS = 250_000_000;
    private static final double SPIKE_CHANCE = 0.002;
    private static final double MUTATION_CHANCE = 0.02;
    private static final int MAX_LISTED = 65536;
    private static final int MAX_SNAPSHOT_READ_BYTES = 4 << 20;

    private final World world;
    private final SimProcess process;
    private final SimDisk disk;
    private final PayloadLedger payloads;
    private final RandomSource random;
    private final BatchResolver resolver;
    /** When the last operation on an object or record takes effect. */
    private final TreeMap<String, Long> effectTimes = new TreeMap<>();
    /** Older states of objects, kept for planted stale reads only. */
    private final TreeMap<ObjectKey, StoredObject> olderStates = new TreeMap<>();

    private final List<SyncWaiter> syncWaiters = new ArrayList<>();
    private boolean syncing;
    private int openSnapshots;
    private long lastEffectTime;
    private long barrierTime;

    SimStore(World world, SimProcess process, SimDisk disk, PayloadLedger payloads) {
        this.world = world;
        this.process = process;
        this.disk = disk;
        this.payloads = payloads;
        this.random = world.random(process.name() + " store");
        this.resolver = new BatchResolver(world, disk, this::isPlanted);
    }

    @Override
    public void write(StoreBatch batch, Completion<Outcome> completion) {
        Set<String> touched = new TreeSet<>();
        boolean drops = false;
        for (StoreOperation operation : batch.operations()) {
            drops |= operation instanceof StoreOperation.DropEverything
                    || operation instanceof StoreOperation.DropGroup;
            String name = nameOf(operation);
            if (name != null) {
                touched.add(name);
            }
        }
        world.check(!batch.operations().isEmpty(), "a batch changes something", process.name());
        world.check(
                !drops || batch.operations().size() == 1,
                "dropping a group or everything stands alone",
                batch.operations().size());
        long time = drops ? reserveAll() : reserve(touched);
        atDisk(time, "store write", () -> applyBatch(batch, completion));
    }

    private void applyBatch(StoreBatch batch, Completion<Outcome> completion) {
        if (disk.isBroken()) {
            answerWrite(batch, completion, ErrorCode.IO_ERROR);
            return;
        }
        Change change = new Change();
        ErrorCode error = null;
        for (StoreOperation operation : batch.operations()) {
            error = resolver.resolve(operation, change);
            if (error != null) {
                break;
            }
        }
        if (error == null && !disk.hasRoomFor(disk.image().usedBytesAfter(change))) {
            error = ErrorCode.NO_SPACE;
        }
        if (error != null) {
            answerWrite(batch, completion, error);
            return;
        }
        if (!isPlanted(Mutation.DROPS_WRITES) || !touchesDataOnly(change)) {
            rememberOlder(change);
            disk.apply(change);
        }
        world.note(process.name(), "applied", disk.appliedCount(), disk.image().usedBytes());
        if (batch.durable()) {
            whenSynced(error1 -> answerWrite(batch, completion, error1));
        } else {
            answerWrite(batch, completion, null);
        }
    }

    private void answerWrite(
            StoreBatch batch, Completion<Outcome> completion, @Nullable ErrorCode error) {
        if (isPlanted(Mutation.FORGETS_TO_COMPLETE)) {
            return;
        }
        int times = isPlanted(Mutation.COMPLETES_TWICE) ? 2 : 1;
        for (int i = 0; i < times; i++) {
            process.post(answerDelay(), "store wrote", () -> {
                for (StoreOperation operation : batch.operations()) {
                    if (operation instanceof StoreOperation.Write write) {
                        BatchResolver.sim(write.payload()).checkLive("store batch");
                    }
                }
                end(completion, Outcome.DONE, error);
            });
        }
    }

    @Override
    public void sync(Completion<Outcome> completion) {
        atDisk(
                Math.max(world.now(), lastEffectTime),
                "store sync",
                () -> whenSynced(error -> process.post(
                        answerDelay(),
                        "store synced",
                        () -> end(completion, Outcome.DONE, error))));
    }

    /** Joins the next sync that starts; one that runs already may have missed the last batch. */
    private void whenSynced(SyncWaiter waiter) {
        syncWaiters.add(waiter);
        if (!syncing) {
            startSync();
        }
    }

    private void startSync() {
        syncing = true;
        List<SyncWaiter> served = new ArrayList<>(syncWaiters);
        syncWaiters.clear();
        long target = disk.appliedCount();
        long duration = Math.max(
                latency(MIN_SYNC_NANOS, MAX_SYNC_NANOS), disk.stuckUntilNanos() - world.now());
        atDisk(world.now() + duration, "disk sync", () -> {
            ErrorCode error = disk.isBroken() ? ErrorCode.IO_ERROR : null;
            if (error == null) {
                disk.sync(target);
            }
            syncing = false;
            for (SyncWaiter waiter : served) {
                waiter.onSynced(error);
            }
            if (!syncing && !syncWaiters.isEmpty()) {
                startSync();
            }
        });
    }

    @Override
    public void read(StoreRead read, Completion<Payload> completion) {
        ObjectKey key = new ObjectKey(read.pg(), read.object());
        access(nameOf(key), "store read", completion, () -> {
            StoredObject object = objectToRead(key);
            if (object == null) {
                return Ended.failed(ErrorCode.NO_SUCH_OBJECT);
            }
            boolean trusting = disk.mutation() == Mutation.SERVES_ROT;
            byte[] bytes = object.read(read.offset(), read.length(), trusting);
            return bytes == null
                    ? Ended.failed(ErrorCode.CORRUPT_OBJECT)
                    : Ended.done(() -> payloads.adopt(bytes, "read of " + key));
        });
    }

    private @Nullable StoredObject objectToRead(ObjectKey key) {
        StoredObject older = olderStates.get(key);
        if (older != null && isPlanted(Mutation.STALE_READS)) {
            return older;
        }
        return disk.image().object(key);
    }

    @Override
    public void allocated(StoreRead read, Completion<List<DataRange>> completion) {
        ObjectKey key = new ObjectKey(read.pg(), read.object());
        access(nameOf(key), "store allocated", completion, () -> {
            StoredObject object = disk.image().object(key);
            if (object == null) {
                return Ended.failed(ErrorCode.NO_SUCH_OBJECT);
            }
            List<DataRange> ranges = rangesOf(object, read);
            return Ended.done(() -> ranges);
        });
    }

    private List<DataRange> rangesOf(StoredObject object, StoreRead read) {
        // A coarser answer is allowed, so some answers round out to 64 KiB.
        int step = random.chance(0.3) ? 16 : 1;
        long end = Math.min(read.offset() + read.length(), object.sizeBytes());
        List<DataRange> ranges = new ArrayList<>();
        long start = -1;
        for (long position = read.offset(); position < end; ) {
            long unit = position / StoredObject.PAGE_BYTES / step * step;
            long next = Math.min(end, (unit + step) * StoredObject.PAGE_BYTES);
            boolean stored = false;
            for (int i = 0; i < step; i++) {
                stored |= object.hasPage(unit + i);
            }
            if (stored && start < 0) {
                start = position;
            } else if (!stored && start >= 0) {
                ranges.add(new DataRange(start, position - start));
                start = -1;
            }
            position = next;
        }
        if (start >= 0) {
            ranges.add(new DataRange(start, end - start));
        }
        return ranges;
    }

    @Override
    public void list(PgId pg, ObjectId from, int max, Completion<List<ObjectId>> completion) {
        world.check(max >= 1 && max <= MAX_LISTED, "a list asks for 1 to 65536 ids", max);
        access("list", "store list", completion, () -> {
            List<ObjectId> ids = new ArrayList<>();
            for (ObjectKey key : disk.image()
                    .objects()
                    .tailMap(new ObjectKey(pg, from), true)
                    .keySet()) {
                if (!key.pg().equals(pg) || ids.size() == max) {
                    break;
                }
                ids.add(key.object());
            }
            return Ended.done(() -> ids);
        });
    }

    @Override
    public void held(PgId pg, ObjectId object, Completion<HeldObject> completion) {
        ObjectKey key = new ObjectKey(pg, object);
        access(nameOf(key), "store held", completion, () -> {
            HeldObject held = heldOf(key, disk.image().object(key));
            return Ended.done(() -> held);
        });
    }

    private static HeldObject heldOf(ObjectKey key, @Nullable StoredObject object) {
        return object == null
                ? new HeldObject(key.object(), ObjectVersion.NONE, 0)
                : new HeldObject(key.object(), object.version(), object.sizeBytes());
    }

    @Override
    public void listHeld(PgId pg, ObjectId from, int max, Completion<List<HeldObject>> completion) {
        world.check(max >= 1 && max <= MAX_LISTED, "a list asks for 1 to 65536 ids", max);
        access("list", "store list held", completion, () -> {
            List<HeldObject> held = new ArrayList<>();
            for (Map.Entry<ObjectKey, StoredObject> entry : disk.image()
                    .objects()
                    .tailMap(new ObjectKey(pg, from), true)
                    .entrySet()) {
                if (!entry.getKey().pg().equals(pg) || held.size() == max) {
                    break;
                }
                held.add(heldOf(entry.getKey(), entry.getValue()));
            }
            return Ended.done(() -> held);
        });
    }

    @Override
    public void openSnapshot(PgId pg, ObjectId object, Completion<ObjectSnapshot> completion) {
        ObjectKey key = new ObjectKey(pg, object);
        access(nameOf(key), "store snapshot", completion, () -> {
            StoredObject frozen = disk.image().object(key);
            openSnapshots++;
            return Ended.done(() -> new Snapshot(heldOf(key, frozen), frozen));
        });
    }

    /** Snapshots of this process that nobody closed yet. */
    int openSnapshots() {
        return openSnapshots;
    }

    @Override
    public void digest(PgId pg, ObjectId object, Completion<ObjectDigest> completion) {
        ObjectKey key = new ObjectKey(pg, object);
        access(nameOf(key), "store digest", completion, () -> {
            StoredObject found = disk.image().object(key);
            boolean trusting = disk.mutation() == Mutation.SERVES_ROT;
            int[] sums = found == null ? new int[0] : found.sums(trusting);
            return sums == null
                    ? Ended.failed(ErrorCode.CORRUPT_OBJECT)
                    : Ended.done(() -> new ObjectDigest(heldOf(key, found), sums));
        });
    }

    @Override
    public void readLog(PgId pg, Completion<List<LogEntry>> completion) {
        access("log " + pg, "store log", completion, () -> {
            List<LogEntry> lines = disk.image().lines(pg);
            return Ended.done(() -> lines);
        });
    }

    @Override
    public void groups(Completion<List<PgId>> completion) {
        access("list", "store groups", completion, () -> {
            TreeSet<PgId> groups = new TreeSet<>();
            for (ObjectKey key : disk.image().objects().keySet()) {
                groups.add(key.pg());
            }
            return Ended.done(() -> List.copyOf(groups));
        });
    }

    @Override
    public void readRecord(String name, Completion<RecordValue> completion) {
        access("record " + name, "store record", completion, () -> {
            byte[] value = disk.image().record(name);
            byte[] copy = value == null ? null : value.clone();
            return Ended.done(() -> new RecordValue(copy));
        });
    }

    @Override
    public Space space() {
        long total = disk.limitBytes() == Long.MAX_VALUE ? 1L << 40 : disk.limitBytes();
        return new Space(total, Math.max(0, total - disk.image().usedBytes()));
    }

    /** A read of any kind: it takes effect once, in the order of its object, and is answered. */
    private <T> void access(
            String name,
            String what,
            Completion<T> completion,
            Supplier<Ended<Supplier<T>>> effect) {
        atDisk(reserve(Set.of(name)), what, () -> {
            Ended<Supplier<T>> ended =
                    disk.isBroken() ? Ended.failed(ErrorCode.IO_ERROR) : effect.get();
            process.post(answerDelay(), what + " answered", () -> {
                if (ended.isDone()) {
                    completion.done(ended.value().get());
                } else {
                    completion.failed(ended.failure());
                }
            });
        });
    }

    private static void end(
            Completion<Outcome> completion, Outcome outcome, @Nullable ErrorCode error) {
        if (error == null) {
            completion.done(outcome);
        } else {
            completion.failed(error);
        }
    }

    /** When an operation on these names takes effect: after all earlier ones on them. */
    private long reserve(Set<String> names) {
        long time = world.now() + latency(MIN_ACCESS_NANOS, MAX_ACCESS_NANOS);
        time = Math.max(time, barrierTime);
        for (String name : names) {
            time = Math.max(time, effectTimes.getOrDefault(name, 0L));
        }
        for (String name : names) {
            effectTimes.put(name, time);
        }
        lastEffectTime = Math.max(lastEffectTime, time);
        return time;
    }

    private long reserveAll() {
        long time = world.now() + latency(MIN_ACCESS_NANOS, MAX_ACCESS_NANOS);
        time = Math.max(time, lastEffectTime);
        barrierTime = time;
        lastEffectTime = time;
        return time;
    }

    /** Runs at the disk, unless the process has died by then. */
    private void atDisk(long time, String what, Runnable task) {
        world.schedule(time - world.now(), process.name(), what, () -> {
            if (process.isAlive()) {
                task.run();
            }
        });
    }

    private long latency(long min, long max) {
        long slow = disk.slowNanos();
        return (slow == 0 ? 0 : random.below(slow)) + usualLatency(min, max);
    }

    private long usualLatency(long min, long max) {
        return random.chance(SPIKE_CHANCE)
                ? random.between(max, MAX_SPIKE_NANOS)
                : random.between(min, max);
    }

    private long answerDelay() {
        return random.between(1_000, 20_000);
    }

    private boolean isPlanted(Mutation mutation) {
        return disk.mutation() == mutation && random.chance(MUTATION_CHANCE);
    }

    private static boolean touchesDataOnly(Change change) {
        boolean all = !change.puts().isEmpty();
        for (ObjectKey key : change.puts().keySet()) {
            all &= key.object().kind() == ObjectKind.DATA;
        }
        return all;
    }

    private void rememberOlder(Change change) {
        if (disk.mutation() != Mutation.STALE_READS) {
            return;
        }
        for (ObjectKey key : change.puts().keySet()) {
            StoredObject now = disk.image().object(key);
            if (now != null && key.object().kind() == ObjectKind.DATA && random.chance(0.3)) {
                olderStates.put(key, now);
            }
        }
    }

    /** What orders an operation among others, or null if nothing does but its batch. */
    private static @Nullable String nameOf(StoreOperation operation) {
        if (operation instanceof StoreOperation.Create create) {
            return nameOf(new ObjectKey(create.pg(), create.object()));
        } else if (operation instanceof StoreOperation.Write write) {
            return nameOf(new ObjectKey(write.pg(), write.object()));
        } else if (operation instanceof StoreOperation.Zero zero) {
            return nameOf(new ObjectKey(zero.pg(), zero.object()));
        } else if (operation instanceof StoreOperation.Remove remove) {
            return nameOf(new ObjectKey(remove.pg(), remove.object()));
        } else if (operation instanceof StoreOperation.PutRecord put) {
            return "record " + put.name();
        } else if (operation instanceof StoreOperation.SetVersion set) {
            return nameOf(new ObjectKey(set.pg(), set.object()));
        }
        return null;
    }

    private static String nameOf(ObjectKey key) {
        return key.pg() + " " + key.object();
    }

    /** An object's state at one instant: states on a disk never change but for rot. */
    private final class Snapshot implements ObjectSnapshot {
        private final HeldObject held;
        private final @Nullable StoredObject frozen;
        private boolean closed;

        private Snapshot(HeldObject held, @Nullable StoredObject frozen) {
            this.held = held;
            this.frozen = frozen;
        }

        @Override
        public HeldObject held() {
            return held;
        }

        @Override
        public void read(long offset, int length, Completion<List<StoredPiece>> completion) {
            world.check(!closed, "a closed snapshot is not read", held);
            world.check(
                    offset >= 0 && length >= 0 && length <= MAX_SNAPSHOT_READ_BYTES,
                    "a snapshot is read in parts of at most 4 MiB",
                    length);
            // Nothing orders it: what it reads does not change.
            atDisk(world.now() + latency(MIN_ACCESS_NANOS, MAX_ACCESS_NANOS), "snapshot", () -> {
                ErrorCode broken = disk.isBroken() ? ErrorCode.IO_ERROR : null;
                process.post(answerDelay(), "snapshot answered", () -> {
                    if (broken == null) {
                        answer(offset, length, completion);
                    } else {
                        completion.failed(broken);
                    }
                });
            });
        }

        private void answer(long offset, int length, Completion<List<StoredPiece>> completion) {
            List<StoredPiece> pieces = new ArrayList<>();
            if (frozen != null) {
                boolean trusting = disk.mutation() == Mutation.SERVES_ROT;
                int most = (int) random.between(1, 32);
                for (DataRange range : frozen.stored(offset, length, most)) {
                    byte[] bytes = frozen.read(range.offset(), (int) range.length(), trusting);
                    if (bytes == null) {
                        pieces.forEach(piece -> piece.payload().release());
                        completion.failed(ErrorCode.CORRUPT_OBJECT);
                        return;
                    }
                    pieces.add(new StoredPiece(
                            range.offset(), payloads.adopt(bytes, "snapshot of " + held)));
                }
            }
            completion.done(pieces);
        }

        @Override
        public void close() {
            openSnapshots -= closed ? 0 : 1;
            closed = true;
        }
    }

    /** Waits for the end of a sync. */
    private interface SyncWaiter {
        void onSynced(@Nullable ErrorCode error);
    }
}
