package io.kelpie.node.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.ObjectDigest;
import io.kelpie.cluster.port.ObjectSnapshot;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.port.StoredPiece;
import io.kelpie.node.Answers;
import io.kelpie.node.runtime.BufferPayload;
import io.kelpie.node.runtime.CoreCall;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.SystemClock;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.rocks.RocksObjectStore;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;

/** Versions, logs, snapshots and checksums of the local store, over a real RocksDB. */
class HeldContentTest {
    private static final PgId PG = new PgId(5);
    private static final PgId OTHER_PG = new PgId(6);
    private static final ObjectId OBJECT = ObjectId.data(new VdiId(7), 3);
    private static final ObjectId OTHER = ObjectId.data(new VdiId(7), 4);
    private static final int SIZE = 4 << 20;
    private static final OperationId OPERATION =
            new OperationId(new PeerId(new NodeId(-1, 2), 3), Long.MAX_VALUE);

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
    void tellsVersionAndSizeOfWhatItHolds() {
        write(create(OBJECT, version(1, 1)));

        write(put(OBJECT, version(2, 9), 0, "x"));

        assertThat(held(OBJECT)).isEqualTo(new HeldObject(OBJECT, version(2, 9), SIZE));
        assertThat(held(OTHER)).isEqualTo(new HeldObject(OTHER, ObjectVersion.NONE, 0));
    }

    @Test
    void changesAVersionAndNothingElse() {
        write(create(OBJECT, version(1, 1)), put(OBJECT, version(1, 2), 4096, "abc"));
        int[] before = digest(OBJECT).sums();

        write(new StoreOperation.SetVersion(PG, OBJECT, version(3, 1)));

        assertThat(held(OBJECT).version()).isEqualTo(version(3, 1));
        assertThat(digest(OBJECT).sums()).isEqualTo(before);
    }

    @Test
    void refusesToGiveAMissingObjectAVersion() {
        assertThat(answer(new StoreOperation.SetVersion(PG, OBJECT, version(3, 1))))
                .isEqualTo(new CoreCall.Failed<>(ErrorCode.NO_SUCH_OBJECT));
    }

    @Test
    void listsWhatAGroupHoldsInUnsignedOrderAndByPages() {
        ObjectId inode = ObjectId.inode(new VdiId(7));
        write(
                create(inode, version(1, 3)),
                create(OBJECT, version(1, 1)),
                create(OTHER, version(1, 2)));

        List<HeldObject> first = list(PG, new ObjectId(0), 2);

        assertThat(first)
                .containsExactly(
                        new HeldObject(OBJECT, version(1, 1), SIZE),
                        new HeldObject(OTHER, version(1, 2), SIZE));
        assertThat(list(PG, new ObjectId(OTHER.value() + 1), 2))
                .containsExactly(new HeldObject(inode, version(1, 3), SIZE));
        assertThat(list(OTHER_PG, new ObjectId(0), 2)).isEmpty();
    }

    @Test
    void listsEveryWriteThatWasGivenBefore() {
        List<ObjectId> ids = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            ids.add(ObjectId.data(new VdiId(9), i));
        }

        List<HeldObject> held = Answers.result(loop, completion -> {
            for (ObjectId id : ids) {
                StoreBatch batch = new StoreBatch(List.of(create(id, version(1, 1))), true);
                store.write(batch, new Ignored());
            }
            store.listHeld(PG, new ObjectId(0), 100, completion);
        });

        assertThat(held).extracting(HeldObject::object).containsExactlyElementsOf(ids);
    }

    @Test
    void namesTheGroupsOfWhichItHoldsObjects() {
        write(create(OBJECT, version(1, 1)));
        write(new StoreOperation.Create(OTHER_PG, OTHER, SIZE, version(1, 1)));

        assertThat(groups()).containsExactly(PG, OTHER_PG);
    }

    @Test
    void keepsTheLogInTheOrderOfVersionsOverARestart() {
        LogEntry first = new LogEntry(OBJECT, version(1, 255), false, OPERATION);
        LogEntry second = new LogEntry(OTHER, version(1, 256), true, null);
        LogEntry third = new LogEntry(ObjectId.inode(new VdiId(7)), version(2, 1), false, null);
        write(create(OBJECT, version(1, 255)), append(PG, third), append(PG, first));
        write(append(PG, second), append(OTHER_PG, first));

        close();
        open();

        assertThat(log(PG)).containsExactly(first, second, third);
        assertThat(log(OTHER_PG)).containsExactly(first);
    }

    @Test
    void writesALineWithItsWriteOrNotAtAll() {
        LogEntry entry = new LogEntry(OBJECT, version(1, 1), false, OPERATION);

        assertThat(answer(put(OBJECT, version(1, 1), 0, "x"), append(PG, entry)))
                .isEqualTo(new CoreCall.Failed<>(ErrorCode.NO_SUCH_OBJECT));
        assertThat(log(PG)).isEmpty();
        write(create(OBJECT, version(0, 1)));
        write(put(OBJECT, version(1, 1), 0, "x"), append(PG, entry));

        assertThat(log(PG)).containsExactly(entry);
        assertThat(held(OBJECT).version()).isEqualTo(version(1, 1));
    }

    @Test
    void writesWithTheirLinesReachTheStoreTogether() {
        write(create(OBJECT, version(1, 1)));
        long before = objects.stats().batches();
        List<StoreBatch> batches = new ArrayList<>();
        for (int i = 2; i < 34; i++) {
            LogEntry entry = new LogEntry(OBJECT, version(1, i), false, OPERATION);
            batches.add(new StoreBatch(
                    List.of(put(OBJECT, version(1, i), 4096L * i, "x"), append(PG, entry)), true));
        }

        Answers.<Outcome>result(loop, completion -> {
            for (StoreBatch batch : batches.subList(1, batches.size())) {
                store.write(batch, new Ignored());
            }
            store.write(batches.get(0), completion);
        });

        assertThat(objects.stats().batches() - before).isEqualTo(1);
        assertThat(log(PG)).hasSize(32);
        batches.forEach(HeldContentTest::release);
    }

    @Test
    void trimsTheLogUpToAVersionInOneGroup() {
        for (int i = 1; i <= 5; i++) {
            write(append(PG, new LogEntry(OBJECT, version(1, i), false, null)));
        }
        LogEntry elsewhere = new LogEntry(OBJECT, version(1, 1), false, null);
        write(append(OTHER_PG, elsewhere));

        write(new StoreOperation.TrimLog(PG, version(1, 3)));

        assertThat(log(PG))
                .extracting(LogEntry::version)
                .containsExactly(version(1, 4), version(1, 5));
        assertThat(log(OTHER_PG)).containsExactly(elsewhere);
    }

    @Test
    void dropsAGroupWithItsLogBeforeWhatIsGivenLater() {
        LogEntry entry = new LogEntry(OTHER, version(1, 1), false, null);
        write(create(OBJECT, version(1, 1)), append(PG, entry));
        write(new StoreOperation.Create(OTHER_PG, OBJECT, SIZE, version(1, 1)));
        write(append(OTHER_PG, entry));

        Answers.<Outcome>result(loop, completion -> {
            store.write(batch(create(OBJECT, version(1, 2))), new Ignored());
            store.write(batch(new StoreOperation.DropGroup(PG)), new Ignored());
            store.write(batch(create(OTHER, version(2, 1))), completion);
        });

        assertThat(list(PG, new ObjectId(0), 10))
                .containsExactly(new HeldObject(OTHER, version(2, 1), SIZE));
        assertThat(log(PG)).isEmpty();
        assertThat(list(OTHER_PG, new ObjectId(0), 10)).hasSize(1);
        assertThat(log(OTHER_PG)).containsExactly(entry);
    }

    @Test
    void forgetsEveryLogWhenEverythingIsDropped() {
        write(append(PG, new LogEntry(OTHER, version(1, 1), false, null)));

        write(new StoreOperation.DropEverything());

        assertThat(log(PG)).isEmpty();
    }

    @Test
    void refusesADropAmongOthers() {
        assertThat(answer(create(OBJECT, version(1, 1)), new StoreOperation.DropGroup(PG)))
                .isEqualTo(new CoreCall.Failed<>(ErrorCode.OUT_OF_RANGE));
    }

    @Test
    void aSnapshotStaysAsItWasWhileTheObjectChanges() {
        write(create(OBJECT, version(1, 1)), put(OBJECT, version(1, 2), 8192, "old"));
        List<ObjectSnapshot> opened = new ArrayList<>();

        Answers.<Outcome>result(loop, completion -> {
            store.write(batch(put(OBJECT, version(1, 3), 0, "seen")), new Ignored());
            store.openSnapshot(PG, OBJECT, new Completion<>() {
                @Override
                public void done(ObjectSnapshot snapshot) {
                    opened.add(snapshot);
                }

                @Override
                public void failed(ErrorCode error) {
                    throw new AssertionError(error);
                }
            });
            store.write(batch(put(OBJECT, version(1, 4), 8192, "new")), completion);
        });

        ObjectSnapshot snapshot = opened.get(0);
        assertThat(snapshot.held()).isEqualTo(new HeldObject(OBJECT, version(1, 3), SIZE));
        assertThat(pieces(snapshot, 0, SIZE)).containsExactly("0+4096 seen", "8192+4096 old");
        assertThat(pieces(snapshot, 1, 4096)).containsExactly("1+4095 een");
        assertThat(pieces(snapshot, SIZE - 10, 100)).isEmpty();
        loop.post(snapshot::close);
        loop.post(snapshot::close);
    }

    @Test
    void aSnapshotOfAMissingObjectHoldsNothing() {
        ObjectSnapshot snapshot =
                Answers.result(loop, completion -> store.openSnapshot(PG, OBJECT, completion));

        assertThat(snapshot.held()).isEqualTo(new HeldObject(OBJECT, ObjectVersion.NONE, 0));
        assertThat(pieces(snapshot, 0, 4096)).isEmpty();
        loop.post(snapshot::close);
    }

    @Test
    void aSnapshotLeftOpenDoesNotKeepTheStoreOpen() {
        write(create(OBJECT, version(1, 1)));
        ObjectSnapshot snapshot =
                Answers.result(loop, completion -> store.openSnapshot(PG, OBJECT, completion));

        store.close();
        loop.post(snapshot::close);

        assertThat(Answers.<List<StoredPiece>>of(
                        loop, completion -> snapshot.read(0, 4096, completion)))
                .isEqualTo(new CoreCall.Failed<>(ErrorCode.SHUTTING_DOWN));
    }

    @Test
    void sumsEachChunkWithHolesAsZeros() {
        long size = 3 * ObjectDigest.CHUNK_BYTES + 100;
        write(new StoreOperation.Create(PG, OBJECT, size, version(1, 1)));
        write(
                put(OBJECT, version(1, 2), 4097, "a"),
                put(OBJECT, version(1, 2), 2 * ObjectDigest.CHUNK_BYTES - 1, "bc"),
                put(OBJECT, version(1, 2), size - 1, "d"));

        ObjectDigest digest = digest(OBJECT);

        assertThat(digest.held()).isEqualTo(new HeldObject(OBJECT, version(1, 2), size));
        assertThat(digest.sums())
                .containsExactly(
                        sum(ObjectDigest.CHUNK_BYTES, 4097, "a"),
                        sum(ObjectDigest.CHUNK_BYTES, ObjectDigest.CHUNK_BYTES - 1, "b"),
                        sum(ObjectDigest.CHUNK_BYTES, 0, "c"),
                        sum(100, 99, "d"));
    }

    @Test
    void aChunkWithoutStoredPagesSumsToNothing() {
        write(create(OBJECT, version(1, 1)), put(OBJECT, version(1, 2), SIZE / 2, "x"));

        int[] sums = digest(OBJECT).sums();

        assertThat(sums).hasSize(64);
        assertThat(sums[32]).isEqualTo(sum(ObjectDigest.CHUNK_BYTES, 0, "x"));
        sums[32] = 0;
        assertThat(sums).containsOnly(0);
        assertThat(digest(OTHER).sums()).isEmpty();
    }

    private static int sum(int length, int offset, String text) {
        byte[] chunk = new byte[length];
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, chunk, offset, bytes.length);
        CRC32C checksum = new CRC32C();
        checksum.update(chunk);
        return (int) checksum.getValue();
    }

    private List<String> pieces(ObjectSnapshot snapshot, long offset, int length) {
        List<StoredPiece> pieces =
                Answers.result(loop, completion -> snapshot.read(offset, length, completion));
        List<String> texts = new ArrayList<>();
        for (StoredPiece piece : pieces) {
            byte[] bytes = new byte[piece.payload().length()];
            piece.payload().view().get(bytes);
            piece.payload().release();
            texts.add(piece.offset() + "+" + bytes.length + " "
                    + new String(bytes, StandardCharsets.US_ASCII).replace("\0", ""));
        }
        return texts;
    }

    private CoreCall.Answer<Outcome> answer(StoreOperation... operations) {
        StoreBatch batch = batch(operations);
        CoreCall.Answer<Outcome> answer =
                Answers.of(loop, completion -> store.write(batch, completion));
        release(batch);
        return answer;
    }

    private void write(StoreOperation... operations) {
        assertThat(answer(operations)).isEqualTo(new CoreCall.Done<>(Outcome.DONE));
    }

    private HeldObject held(ObjectId object) {
        return Answers.result(loop, completion -> store.held(PG, object, completion));
    }

    private List<HeldObject> list(PgId pg, ObjectId from, int max) {
        return Answers.result(loop, completion -> store.listHeld(pg, from, max, completion));
    }

    private List<PgId> groups() {
        return Answers.result(loop, store::groups);
    }

    private List<LogEntry> log(PgId pg) {
        return Answers.result(loop, completion -> store.readLog(pg, completion));
    }

    private ObjectDigest digest(ObjectId object) {
        return Answers.result(loop, completion -> store.digest(PG, object, completion));
    }

    private static ObjectVersion version(long epoch, long sequence) {
        return new ObjectVersion(epoch, sequence);
    }

    private static StoreBatch batch(StoreOperation... operations) {
        return new StoreBatch(List.of(operations), true);
    }

    private static StoreOperation create(ObjectId object, ObjectVersion version) {
        return new StoreOperation.Create(PG, object, SIZE, version);
    }

    private static StoreOperation append(PgId pg, LogEntry entry) {
        return new StoreOperation.AppendLog(pg, entry);
    }

    private static StoreOperation put(
            ObjectId object, ObjectVersion version, long offset, String text) {
        return new StoreOperation.Write(
                PG,
                object,
                version,
                offset,
                BufferPayload.owning(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII)));
    }

    private static void release(StoreBatch batch) {
        for (StoreOperation operation : batch.operations()) {
            if (operation instanceof StoreOperation.Write write) {
                write.payload().release();
            }
        }
    }

    private static final class Ignored implements Completion<Outcome> {
        @Override
        public void done(@Nullable Outcome result) {
            // The last of the calls is the one waited for.
        }

        @Override
        public void failed(ErrorCode error) {
            throw new AssertionError("a write failed: " + error);
        }
    }
}
