package io.kelpie.node.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.LocalStore.RecordValue;
import io.kelpie.cluster.port.LocalStore.Space;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.port.StoreRead;
import io.kelpie.node.Answers;
import io.kelpie.node.runtime.BufferPayload;
import io.kelpie.node.runtime.CoreCall;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.SystemClock;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.StoreException;
import io.kelpie.store.rocks.RocksObjectStore;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** The local store over a real RocksDB. */
class RocksLocalStoreTest {
    private static final PgId PG = new PgId(5);
    private static final ObjectId OBJECT = ObjectId.data(new VdiId(7), 3);
    private static final ObjectVersion VERSION = new ObjectVersion(1, 1);
    private static final int SIZE = 4 << 20;

    @TempDir
    private Path directory;

    private final AtomicReference<Throwable> broken = new AtomicReference<>();
    private ObjectStore objects;
    private CoreLoop loop;
    private RocksLocalStore store;

    @BeforeEach
    void open() {
        loop = CoreLoop.start(new SystemClock(), 1 << 16, broken::set);
        objects = RocksObjectStore.open(StoreConfig.small(directory.resolve("s")));
        store = new RocksLocalStore(
                objects, loop, PooledByteBufAllocator.DEFAULT, 4, (level, text) -> {});
    }

    @AfterEach
    void close() {
        store.close();
        objects.close();
        loop.close();
        assertThat(broken.get()).isNull();
    }

    @Test
    void readsWhatWasWrittenAndZerosBeyondTheEnd() {
        write(true, create(OBJECT), put(OBJECT, SIZE - 3, "abc"));

        assertThat(read(OBJECT, SIZE - 4, 6)).containsExactly(0, 'a', 'b', 'c', 0, 0);
    }

    @Test
    void aNewObjectReplacesTheOneOfItsId() {
        write(false, create(OBJECT), put(OBJECT, 0, "abc"));

        write(false, create(OBJECT));

        assertThat(read(OBJECT, 0, 3)).containsExactly(0, 0, 0);
    }

    @Test
    void refusesToTouchAnObjectThatIsNotThere() {
        CoreCall.Failed<Outcome> missing = new CoreCall.Failed<>(ErrorCode.NO_SUCH_OBJECT);

        assertThat(answer(false, put(OBJECT, 0, "x"))).isEqualTo(missing);
        assertThat(answer(false, new StoreOperation.Zero(PG, OBJECT, VERSION, 0, 5)))
                .isEqualTo(missing);
        assertThat(answer(false, new StoreOperation.Remove(PG, OBJECT))).isEqualTo(missing);
        assertThat(Answers.<Payload>of(
                        loop,
                        completion -> store.read(new StoreRead(PG, OBJECT, 0, 10), completion)))
                .isEqualTo(new CoreCall.Failed<>(ErrorCode.NO_SUCH_OBJECT));
    }

    @Test
    void aFailedBatchChangesNothing() {
        ObjectId other = ObjectId.data(new VdiId(7), 4);

        CoreCall.Answer<Outcome> answer =
                answer(true, create(OBJECT), new StoreOperation.Remove(PG, other), create(other));

        assertThat(answer).isEqualTo(new CoreCall.Failed<>(ErrorCode.NO_SUCH_OBJECT));
        assertThat(list()).isEmpty();
    }

    @Test
    void listsAPlacementGroupInUnsignedOrder() {
        ObjectId inode = ObjectId.inode(new VdiId(7));
        write(false, create(inode), create(OBJECT));

        assertThat(list()).containsExactly(OBJECT, inode);
    }

    @Test
    void tellsWhereDataIs() {
        write(false, create(OBJECT), put(OBJECT, 8192, "x"), put(OBJECT, 12288, "y"));

        List<DataRange> ranges = Answers.result(
                loop,
                completion -> store.allocated(new StoreRead(PG, OBJECT, 0, SIZE), completion));

        assertThat(ranges).containsExactly(new DataRange(8192, 8192));
    }

    @Test
    void keepsTheOrderOfWritesToOneObjectWhateverElseIsInFlight() {
        write(false, create(OBJECT));
        ObjectId other = ObjectId.data(new VdiId(8), 1);
        write(false, create(other));
        Random random = new Random(42);
        List<StoreBatch> batches = new ArrayList<>();
        for (int i = 0; i <= 500; i++) {
            List<StoreOperation> operations = new ArrayList<>();
            operations.add(put(OBJECT, 0, String.format("%06d", i)));
            if (random.nextBoolean()) {
                operations.add(put(other, 0, "z"));
            }
            batches.add(new StoreBatch(operations, random.nextInt(10) == 0));
        }

        Answers.<Outcome>result(loop, completion -> {
            for (StoreBatch batch : batches) {
                store.write(batch, new Ignored());
            }
            store.sync(completion);
        });

        assertThat(new String(read(OBJECT, 0, 6), java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("000500");
        batches.forEach(RocksLocalStoreTest::release);
    }

    @Test
    void durableWritesOfOneMomentShareSyncs() {
        write(false, create(OBJECT));
        long before = objects.stats().syncs();
        StoreBatch batch = new StoreBatch(List.of(put(OBJECT, 0, "x")), true);

        Answers.<Outcome>result(loop, completion -> {
            for (int i = 0; i < 200; i++) {
                store.write(batch, new Ignored());
            }
            store.write(batch, completion);
        });

        assertThat(objects.stats().syncs() - before).isLessThan(150);
        release(batch);
    }

    @Test
    void writesOfOneMomentReachTheStoreTogether() {
        write(false, create(OBJECT));
        long before = objects.stats().batches();
        List<StoreBatch> batches = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            batches.add(new StoreBatch(List.of(put(OBJECT, 4096L * (i % 20), "page " + i)), false));
        }

        List<String> ends = together(batches);

        assertThat(ends).hasSize(32).containsOnly("DONE");
        assertThat(objects.stats().batches() - before).isEqualTo(1);
        assertThat(new String(read(OBJECT, 0, 7), java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("page 20");
        assertThat(new String(
                        read(OBJECT, 4096 * 13, 7), java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("page 13");
        batches.forEach(RocksLocalStoreTest::release);
    }

    @Test
    void aWriteThatFailsTakesNoneOfItsNeighboursWithIt() {
        write(false, create(OBJECT));
        List<StoreBatch> batches = new ArrayList<>();
        batches.add(new StoreBatch(List.of(put(OBJECT, 0, "before")), true));
        batches.add(new StoreBatch(List.of(put(OBJECT, SIZE - 1, "beyond")), false));
        batches.add(new StoreBatch(List.of(put(OBJECT, 8192, "behind")), false));

        List<String> ends = together(batches);

        assertThat(ends).containsExactlyInAnyOrder("DONE", "OUT_OF_RANGE", "DONE");
        assertThat(read(OBJECT, 0, 2)).containsExactly('b', 'e');
        assertThat(read(OBJECT, 8192, 6)).containsExactly('b', 'e', 'h', 'i', 'n', 'd');
        assertThat(read(OBJECT, SIZE - 1, 1)).containsExactly(0);
        batches.forEach(RocksLocalStoreTest::release);
    }

    @Test
    void carriesOutWhatWasGivenInTheTurnBeforeTheClose() throws Exception {
        write(false, create(OBJECT));
        StoreBatch batch = new StoreBatch(List.of(put(OBJECT, 0, "x")), true);
        CompletableFuture<Outcome> end = new CompletableFuture<>();
        CountDownLatch given = new CountDownLatch(1);
        loop.post(() -> {
            store.write(batch, ending(end::complete));
            given.countDown();
        });
        given.await();

        store.close();

        assertThat(end.get(10, TimeUnit.SECONDS)).isEqualTo(Outcome.DONE);
        release(batch);
    }

    @Test
    void keepsSmallAndLargeRecordsOverARestart() {
        byte[] large = new byte[40 << 20];
        new Random(1).nextBytes(large);
        write(true, new StoreOperation.PutRecord("small", new byte[] {1, 2}));
        write(true, new StoreOperation.PutRecord("large", new byte[5 << 20]));
        write(true, new StoreOperation.PutRecord("large", large));

        close();
        open();

        assertThat(record("small")).containsExactly(1, 2);
        assertThat(Arrays.equals(record("large"), large)).isTrue();
        write(true, new StoreOperation.PutRecord("large", new byte[] {9}));
        assertThat(record("large")).containsExactly(9);
        assertThat(record("missing")).isNull();
    }

    @Test
    void dropsObjectsAndKeepsRecords() {
        write(true, create(OBJECT), new StoreOperation.PutRecord("name", new byte[] {1}));

        write(true, new StoreOperation.DropEverything());

        assertThat(list()).isEmpty();
        assertThat(record("name")).containsExactly(1);
    }

    @Test
    void writesMoreThanABatchOfTheStoreTakes() {
        byte[] bytes = new byte[40 << 20];
        new Random(2).nextBytes(bytes);
        write(false, new StoreOperation.Create(PG, OBJECT, 64 << 20, VERSION));
        Payload payload = BufferPayload.owning(Unpooled.wrappedBuffer(bytes));

        write(true, new StoreOperation.Write(PG, OBJECT, VERSION, 5, payload));

        assertThat(Arrays.equals(read(OBJECT, 5, bytes.length), bytes)).isTrue();
    }

    @Test
    void refusesCallsAfterClose() {
        store.close();

        assertThat(answer(false, create(OBJECT)))
                .isEqualTo(new CoreCall.Failed<>(ErrorCode.SHUTTING_DOWN));
    }

    @Test
    void knowsTheRoomOnTheDisk() {
        Space space = store.space();

        assertThat(space.freeBytes()).isPositive().isLessThanOrEqualTo(space.totalBytes());
    }

    @Test
    void mapsEveryKindOfFailure() {
        for (StoreException.Kind kind : StoreException.Kind.values()) {
            ErrorCode expected = switch (kind) {
                case IO, LOCKED, UNUSABLE -> ErrorCode.IO_ERROR;
                case CORRUPTION -> ErrorCode.CORRUPT_OBJECT;
                case NO_SPACE -> ErrorCode.NO_SPACE;
                case CLOSED -> ErrorCode.SHUTTING_DOWN;
                case NOT_FOUND -> ErrorCode.NO_SUCH_OBJECT;
                case EXISTS -> ErrorCode.INVALID_ARGUMENT;
            };
            assertThat(StoreErrors.codeOf(kind)).as("%s", kind).isEqualTo(expected);
        }
    }

    private CoreCall.Answer<Outcome> answer(boolean durable, StoreOperation... operations) {
        StoreBatch batch = new StoreBatch(List.of(operations), durable);
        CoreCall.Answer<Outcome> answer =
                Answers.of(loop, completion -> store.write(batch, completion));
        release(batch);
        return answer;
    }

    private void write(boolean durable, StoreOperation... operations) {
        assertThat(answer(durable, operations)).isEqualTo(new CoreCall.Done<>(Outcome.DONE));
    }

    /** Gives all batches in one turn of the core and returns how each ended, in that order. */
    private List<String> together(List<StoreBatch> batches) {
        List<String> ends = new ArrayList<>();
        Answers.<Outcome>result(loop, completion -> {
            for (StoreBatch batch : batches) {
                store.write(batch, new Completion<>() {
                    @Override
                    public void done(Outcome result) {
                        end(result.name());
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        end(error.name());
                    }

                    private void end(String how) {
                        ends.add(how);
                        if (ends.size() == batches.size()) {
                            completion.done(Outcome.DONE);
                        }
                    }
                });
            }
        });
        return ends;
    }

    private static Completion<Outcome> ending(Consumer<Outcome> end) {
        return new Completion<>() {
            @Override
            public void done(Outcome result) {
                end.accept(result);
            }

            @Override
            public void failed(ErrorCode error) {
                throw new AssertionError("a write failed: " + error);
            }
        };
    }

    private byte[] read(ObjectId object, long offset, int length) {
        Payload payload = Answers.result(
                loop,
                completion -> store.read(new StoreRead(PG, object, offset, length), completion));
        byte[] bytes = new byte[payload.length()];
        payload.view().get(bytes);
        payload.release();
        return bytes;
    }

    private List<ObjectId> list() {
        return Answers.result(loop, completion -> store.list(PG, new ObjectId(0), 100, completion));
    }

    private byte @Nullable [] record(String name) {
        return Answers.<RecordValue>result(loop, completion -> store.readRecord(name, completion))
                .value();
    }

    private static StoreOperation create(ObjectId object) {
        return new StoreOperation.Create(PG, object, SIZE, VERSION);
    }

    private static StoreOperation put(ObjectId object, long offset, String text) {
        return new StoreOperation.Write(
                PG,
                object,
                VERSION,
                offset,
                BufferPayload.owning(
                        Unpooled.copiedBuffer(text, java.nio.charset.StandardCharsets.US_ASCII)));
    }

    private static void release(StoreBatch batch) {
        for (StoreOperation operation : batch.operations()) {
            if (operation instanceof StoreOperation.Write write) {
                write.payload().release();
            }
        }
    }

    private static final class Ignored implements io.kelpie.cluster.port.Completion<Outcome> {
        @Override
        public void done(Outcome result) {
            // The last of the batches is the one waited for.
        }

        @Override
        public void failed(ErrorCode error) {
            throw new AssertionError("a write failed: " + error);
        }
    }
}
