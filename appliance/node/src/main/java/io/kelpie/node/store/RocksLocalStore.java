package io.kelpie.node.store;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.InvariantViolation;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
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
import io.kelpie.cluster.port.Tracer;
import io.kelpie.node.runtime.BufferPayload;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.store.ObjectEntry;
import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreStats;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * The local store of the core over the object store library. Calls come from the core loop; store
 * threads striped by object id do the work, so operations on one object keep their order; durable
 * batches wait together for one sync; completions are posted back. The object store stays the
 * caller's to close, after this.
 */
public final class RocksLocalStore implements LocalStore, AutoCloseable {
    /** Name of the store threads before their number. */
    public static final String THREAD_PREFIX = "kelpie-store";

    private static final long SPACE_REFRESH_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long CLOSE_SECONDS = 10;

    private final ObjectStore store;
    private final CoreLoop loop;
    private final ByteBufAllocator allocator;
    private final Tracer tracer;
    private final NamedRecords records;
    private final BatchWriter writer;
    private final Stripes stripes;
    private final GroupCommit commit;
    private final SnapshotWork snapshots;
    private volatile Space space;
    /** Changed by {@link #close} only. */
    private volatile boolean closed;

    /**
     * Starts the threads.
     *
     * @param store the object store, open
     * @param loop where calls come from and completions go
     * @param allocator memory for what is read
     * @param threads store threads, 1 or more
     * @param tracer told of what the caller cannot see
     */
    public RocksLocalStore(
            ObjectStore store,
            CoreLoop loop,
            ByteBufAllocator allocator,
            int threads,
            Tracer tracer) {
        this.store = store;
        this.loop = loop;
        this.allocator = allocator;
        this.tracer = tracer;
        this.records = new NamedRecords(store);
        this.writer = new BatchWriter(store, records);
        this.space = measuredSpace();
        this.stripes = new Stripes(THREAD_PREFIX, threads, this::runTasks);
        this.commit = new GroupCommit(store, this::post);
        this.snapshots = new SnapshotWork();
        loop.atTurnEnds(stripes::handOver);
        post(this::scheduleSpaceRefresh);
    }

    @Override
    public void write(StoreBatch batch, Completion<Outcome> completion) {
        if (refusesWhenClosed(completion)) {
            return;
        }
        boolean accepted;
        ObjectId only = onlyObjectWritten(batch.operations());
        if (only != null) {
            accepted = stripes.run(stripes.of(only.value()), new Write(batch, completion));
        } else {
            accepted = stripes.runExclusively(
                    stripesOf(batch.operations()),
                    () -> answer(completion, () -> apply(batch, completion)));
        }
        if (!accepted) {
            fail(completion, ErrorCode.BUSY);
        }
    }

    @Override
    public void sync(Completion<Outcome> completion) {
        if (!refusesWhenClosed(completion)) {
            stripes.afterAll(() -> awaitCommit(completion));
        }
    }

    @Override
    public void read(StoreRead read, Completion<Payload> completion) {
        if (refusesWhenClosed(completion)) {
            return;
        }
        StoreTurn.Task task = turn -> answer(
                completion,
                () -> {
                    Payload payload = readPayload(read);
                    turn.complete(() -> completion.done(payload), payload::release);
                },
                told -> turn.complete(told, this::noteLostCompletion));
        if (!stripes.run(stripes.of(read.object().value()), task)) {
            fail(completion, ErrorCode.BUSY);
        }
    }

    @Override
    public void allocated(StoreRead read, Completion<List<DataRange>> completion) {
        submit(
                read.object().value(),
                completion,
                () -> finish(
                        completion,
                        HeldContent.dataRanges(store.extents(
                                StoreKeys.object(read.pg(), read.object()),
                                read.offset(),
                                read.length()))));
    }

    @Override
    public void list(PgId pg, ObjectId from, int max, Completion<List<ObjectId>> completion) {
        submit(from.value(), completion, () -> {
            List<ObjectId> ids = new ArrayList<>();
            for (ObjectEntry entry : store.heads(pg.partition(), from.value(), max)) {
                ids.add(new ObjectId(entry.key().objectId()));
            }
            finish(completion, List.copyOf(ids));
        });
    }

    @Override
    public void held(PgId pg, ObjectId object, Completion<HeldObject> completion) {
        submit(
                object.value(),
                completion,
                () -> finish(completion, HeldContent.held(store, pg, object)));
    }

    @Override
    public void listHeld(PgId pg, ObjectId from, int max, Completion<List<HeldObject>> completion) {
        submitAfterAll(
                completion, () -> finish(completion, HeldContent.list(store, pg, from, max)));
    }

    @Override
    public void openSnapshot(PgId pg, ObjectId object, Completion<ObjectSnapshot> completion) {
        submit(object.value(), completion, () -> {
            io.kelpie.store.ObjectSnapshot snapshot =
                    HeldContent.snapshot(store, StoreKeys.object(pg, object));
            StoredSnapshot opened =
                    new StoredSnapshot(HeldContent.held(object, snapshot), snapshot, snapshots);
            if (!loop.post(() -> completion.done(opened))) {
                opened.release();
                noteLostCompletion();
            }
        });
    }

    @Override
    public void digest(PgId pg, ObjectId object, Completion<ObjectDigest> completion) {
        submit(
                object.value(),
                completion,
                () -> finish(completion, HeldContent.digest(store, pg, object)));
    }

    @Override
    public void readLog(PgId pg, Completion<List<LogEntry>> completion) {
        submitAfterAll(completion, () -> finish(completion, OperationLog.read(store, pg)));
    }

    @Override
    public void groups(Completion<List<PgId>> completion) {
        submitAfterAll(completion, () -> finish(completion, HeldContent.groups(store)));
    }

    @Override
    public void readRecord(String name, Completion<RecordValue> completion) {
        submit(
                name.hashCode(),
                completion,
                () -> finish(completion, new RecordValue(records.read(name))));
    }

    /** {@inheritDoc} Measured every two seconds. Any thread. */
    @Override
    public Space space() {
        return space;
    }

    /**
     * Refuses new calls, carries out those given before, syncs for those who wait and ends the
     * threads. Not from the core loop, which must go on running meanwhile.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        awaitHandOver();
        stripes.close();
        commit.close();
    }

    /** What the core gave in the turn that is ending is still to be handed over. */
    private void awaitHandOver() {
        CountDownLatch handedOver = new CountDownLatch(1);
        boolean posted = loop.post(() -> {
            stripes.handOver();
            handedOver.countDown();
        });
        try {
            if (posted && !handedOver.await(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                tracer.event(Tracer.Level.ERROR, "the core loop hangs: its last tasks are lost");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void runTasks(List<Runnable> tasks) {
        new StoreTurn(loop::post).run(tasks, this::applyTogether);
    }

    /**
     * Writes of several batches as one. A failure may be the fault of one of them, and none was
     * applied or all are refused from now on, so each is then tried by itself.
     */
    private boolean applyTogether(List<StoreTurn.WriteTask> writes, StoreTurn turn) {
        List<StoreOperation> operations = new ArrayList<>(writes.size());
        writes.forEach(write -> operations.addAll(write.operations()));
        try {
            writer.apply(operations);
        } catch (StoreException | IllegalArgumentException e) {
            tracer.event(
                    Tracer.Level.DEBUG,
                    writes.size() + " writes failed together: " + e.getMessage());
            return false;
        } catch (RuntimeException e) {
            endCore(e);
            return true;
        }
        writes.forEach(write -> ((Write) write).applied(turn));
        return true;
    }

    /**
     * The object of a batch of nothing but writes to one object that is there, with their lines of
     * the log; null for every other batch.
     */
    private static @Nullable ObjectId onlyObjectWritten(List<StoreOperation> operations) {
        ObjectId only = null;
        for (StoreOperation operation : operations) {
            if (operation instanceof StoreOperation.Write write
                    && (only == null || only.equals(write.object()))) {
                only = write.object();
            } else if (!(operation instanceof StoreOperation.AppendLog)) {
                return null;
            }
        }
        return only;
    }

    private static long payloadBytes(List<StoreOperation> operations) {
        long bytes = 0;
        for (StoreOperation operation : operations) {
            if (operation instanceof StoreOperation.Write write) {
                bytes += write.payload().length();
            }
        }
        return bytes;
    }

    /** The common batch: writes to one object. */
    private final class Write implements StoreTurn.WriteTask {
        private final StoreBatch batch;
        private final Completion<Outcome> completion;

        Write(StoreBatch batch, Completion<Outcome> completion) {
            this.batch = batch;
            this.completion = completion;
        }

        @Override
        public List<StoreOperation> operations() {
            return batch.operations();
        }

        @Override
        public long payloadBytes() {
            return RocksLocalStore.payloadBytes(batch.operations());
        }

        @Override
        public void run(StoreTurn turn) {
            answer(
                    completion,
                    () -> {
                        writer.apply(batch.operations());
                        applied(turn);
                    },
                    told -> turn.complete(told, RocksLocalStore.this::noteLostCompletion));
        }

        void applied(StoreTurn turn) {
            if (batch.durable()) {
                awaitCommit(completion);
            } else {
                turn.complete(
                        () -> completion.done(Outcome.DONE),
                        RocksLocalStore.this::noteLostCompletion);
            }
        }
    }

    private void apply(StoreBatch batch, Completion<Outcome> completion) {
        writer.apply(batch.operations());
        if (batch.durable()) {
            awaitCommit(completion);
        } else {
            finish(completion, Outcome.DONE);
        }
    }

    private void awaitCommit(Completion<Outcome> completion) {
        commit.await(error -> {
            if (error == null) {
                completion.done(Outcome.DONE);
            } else {
                completion.failed(error);
            }
        });
    }

    private Payload readPayload(StoreRead read) {
        ObjectKey key = StoreKeys.object(read.pg(), read.object());
        return filled(read.length(), target -> store.read(key, read.offset(), target));
    }

    /** A payload of a length; what the source does not fill is zeros. */
    private Payload filled(int length, ToIntFunction<ByteBuffer> source) {
        ByteBuf buffer = allocator.directBuffer(Math.max(1, length), length + 1);
        boolean complete = false;
        try {
            int filled = source.applyAsInt(buffer.internalNioBuffer(0, length));
            buffer.setZero(filled, length - filled);
            buffer.writerIndex(length);
            complete = true;
            return BufferPayload.owning(buffer);
        } finally {
            if (!complete) {
                buffer.release();
            }
        }
    }

    /** What open snapshots need of the store threads. */
    private final class SnapshotWork implements StoredSnapshot.Threads {
        @Override
        public void submit(ObjectId object, Completion<?> completion, Runnable work) {
            RocksLocalStore.this.submit(object.value(), completion, work);
        }

        @Override
        public boolean submitRelease(ObjectId object, Runnable work) {
            return !closed && stripes.run(stripes.of(object.value()), work);
        }

        @Override
        public Payload filled(int length, ToIntFunction<ByteBuffer> source) {
            return RocksLocalStore.this.filled(length, source);
        }

        @Override
        public boolean post(Runnable task) {
            return loop.post(task);
        }
    }

    private SortedSet<Integer> stripesOf(List<StoreOperation> operations) {
        SortedSet<Integer> touched = new TreeSet<>();
        for (StoreOperation operation : operations) {
            if (operation instanceof StoreOperation.Create create) {
                touched.add(stripes.of(create.object().value()));
            } else if (operation instanceof StoreOperation.Write write) {
                touched.add(stripes.of(write.object().value()));
            } else if (operation instanceof StoreOperation.Zero zero) {
                touched.add(stripes.of(zero.object().value()));
            } else if (operation instanceof StoreOperation.Remove remove) {
                touched.add(stripes.of(remove.object().value()));
            } else if (operation instanceof StoreOperation.SetVersion set) {
                touched.add(stripes.of(set.object().value()));
            } else if (operation instanceof StoreOperation.PutRecord put) {
                touched.add(stripes.of(put.name().hashCode()));
            } else if (!(operation instanceof StoreOperation.AppendLog)
                    && !(operation instanceof StoreOperation.TrimLog)) {
                // The log needs no order: lines have keys of their own, and those that are trimmed
                // were written, completed and agreed on before.
                for (int stripe = 0; stripe < stripes.count(); stripe++) {
                    touched.add(stripe);
                }
            }
        }
        if (touched.isEmpty()) {
            touched.add(0);
        }
        return touched;
    }

    private void submit(long stripeKey, Completion<?> completion, Runnable work) {
        if (refusesWhenClosed(completion)) {
            return;
        }
        if (!stripes.run(stripes.of(stripeKey), () -> answer(completion, work))) {
            fail(completion, ErrorCode.BUSY);
        }
    }

    /** For what concerns many objects: after every call made before, whatever its stripe. */
    private void submitAfterAll(Completion<?> completion, Runnable work) {
        if (!refusesWhenClosed(completion)) {
            stripes.workAfterAll(() -> answer(completion, work));
        }
    }

    private boolean refusesWhenClosed(Completion<?> completion) {
        if (closed) {
            fail(completion, ErrorCode.SHUTTING_DOWN);
        }
        return closed;
    }

    /** Runs work on a store thread and answers for it when it fails. */
    private void answer(Completion<?> completion, Runnable work) {
        answer(completion, work, this::post);
    }

    private void answer(Completion<?> completion, Runnable work, Consumer<Runnable> post) {
        try {
            work.run();
        } catch (StoreException e) {
            trace(e);
            post.accept(() -> completion.failed(StoreErrors.codeOf(e)));
        } catch (IllegalArgumentException e) {
            // The core asked for something outside an object: refused, but worth a look.
            tracer.event(Tracer.Level.ERROR, "the store refused a call: " + e.getMessage());
            post.accept(() -> completion.failed(ErrorCode.OUT_OF_RANGE));
        } catch (RuntimeException e) {
            endCore(e);
        }
    }

    /** Nobody knows what was done: as bad as a broken invariant, so the core ends with it. */
    private void endCore(RuntimeException unknown) {
        post(() -> {
            InvariantViolation broken =
                    new InvariantViolation("a store thread met an unknown failure: " + unknown);
            broken.initCause(unknown);
            throw broken;
        });
    }

    private void trace(StoreException failure) {
        Tracer.Level level = switch (failure.kind()) {
            case IO, CORRUPTION, LOCKED, UNUSABLE -> Tracer.Level.ERROR;
            case NO_SPACE, EXISTS -> Tracer.Level.WARN;
            case NOT_FOUND, CLOSED -> Tracer.Level.DEBUG;
        };
        tracer.event(level, "the store: " + failure.getMessage());
    }

    private <T> void finish(Completion<T> completion, T result) {
        post(() -> completion.done(result));
    }

    private void fail(Completion<?> completion, ErrorCode error) {
        post(() -> completion.failed(error));
    }

    /** A loop that has ended has nobody left who waits for a completion. */
    private void post(Runnable task) {
        if (!loop.post(task)) {
            noteLostCompletion();
        }
    }

    private void noteLostCompletion() {
        tracer.event(Tracer.Level.DEBUG, "the core loop has ended before a completion");
    }

    private void scheduleSpaceRefresh() {
        loop.timers().after(SPACE_REFRESH_NANOS, () -> {
            boolean accepted = !closed
                    && stripes.run(0, () -> {
                        refreshSpace();
                        post(this::scheduleSpaceRefresh);
                    });
            if (!accepted && !closed) {
                scheduleSpaceRefresh();
            }
        });
    }

    private void refreshSpace() {
        try {
            space = measuredSpace();
        } catch (StoreException e) {
            // The old figure stays; what is wrong with the store shows at the next call.
            tracer.event(Tracer.Level.WARN, "cannot measure the space: " + e.getMessage());
        }
    }

    private Space measuredSpace() {
        StoreStats stats = store.stats();
        long freeBytes = Math.max(0, stats.freeBytes() - stats.reserveBytes());
        return new Space(stats.usedBytes() + freeBytes, freeBytes);
    }
}
