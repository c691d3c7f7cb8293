package io.kelpie.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
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

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

final class SimStoreTest {
    private static final PgId PG = new PgId(3);
    private static final ObjectId OBJECT = ObjectId.data(new VdiId(5), 0);
    private static final int PAGE = StoredObject.PAGE_BYTES;
    private static final long OBJECT_BYTES = 1 << 20;

    private final World world = new World(1);
    private final SimDisk disk = new SimDisk(world, "disk", Mutation.NONE);
    private SimProcess process = new SimProcess(world, "one", 0, 1);
    private PayloadLedger payloads = new PayloadLedger(world);
    private SimStore store = new SimStore(world, process, disk, payloads);
    private long sequence;

    @BeforeEach
    void createTheObject() {
        assertThat(write(true, new StoreOperation.Create(PG, OBJECT, OBJECT_BYTES, version())))
                .isEqualTo("DONE");
    }

    @Test
    void readsBackWhatWasWrittenAndZerosElsewhere() {
        assertThat(write(false, bytes(PAGE - 1, 7, 7, 7))).isEqualTo("DONE");

        assertThat(read(PAGE - 2, 6)).isEqualTo("[0, 7, 7, 7, 0, 0]");
        assertThat(read(OBJECT_BYTES - 1, 3)).isEqualTo("[0, 0, 0]");
    }

    @Test
    void operationsOnOneObjectTakeEffectInTheOrderOfTheCalls() {
        List<String> answers = new ArrayList<>();
        for (int i = 1; i <= 20; i++) {
            StoreOperation operation = bytes(0, i);
            store.write(new StoreBatch(List.of(operation), false), collect(answers));
            store.read(new StoreRead(PG, OBJECT, 0, 1), firstByte(answers));
        }

        world.runUntil(() -> answers.size() == 40, 1_000_000_000L);

        answers.removeIf("DONE"::equals);
        List<String> sorted = new ArrayList<>();
        for (int i = 1; i <= 20; i++) {
            sorted.add(String.valueOf(i));
        }
        // Answers may overtake each other, so only what was read counts.
        assertThat(answers).containsExactlyInAnyOrderElementsOf(sorted);
    }

    @Test
    void aBatchThatFailsChangesNothing() {
        StoreOperation missing = new StoreOperation.Remove(PG, ObjectId.data(new VdiId(9), 1));

        assertThat(write(false, bytes(0, 7), missing)).isEqualTo("NO_SUCH_OBJECT");

        assertThat(read(0, 1)).isEqualTo("[0]");
    }

    @Test
    void aPowerLossKeepsWhatWasSyncedAndAPrefixOfTheRest() {
        write(true, bytes(0, 1));
        write(false, bytes(0, 2));
        write(false, bytes(PAGE, 3));

        disk.losePower();
        restart();

        List<String> possible = List.of("[1] [0]", "[2] [0]", "[2] [3]");
        assertThat(possible).contains(read(0, 1) + " " + read(PAGE, 1));
    }

    @Test
    void aSyncCoversWhatWasCalledBeforeIt() {
        List<String> answers = new ArrayList<>();
        store.write(new StoreBatch(List.of(bytes(0, 9)), false), collect(answers));
        store.sync(collect(answers));
        world.runUntil(() -> answers.size() == 2, 1_000_000_000L);

        disk.losePower();
        restart();

        assertThat(read(0, 1)).isEqualTo("[9]");
    }

    @Test
    void aCrashOfTheProcessKeepsEverythingApplied() {
        write(false, bytes(0, 2));

        process.kill();
        disk.loseProcess();
        restart();

        assertThat(read(0, 1)).isEqualTo("[2]");
    }

    @Test
    void aDeadProcessGetsNoAnswer() {
        List<String> answers = new ArrayList<>();
        store.read(new StoreRead(PG, OBJECT, 0, 1), firstByte(answers));

        process.kill();
        world.runUntil(() -> false, 1_000_000_000L);

        assertThat(answers).isEmpty();
    }

    @Test
    void aRottenPageIsRefusedUntilItIsOverwrittenAsAWhole() {
        write(true, bytes(0, 1));
        assertThat(disk.rotOnePage()).isTrue();

        assertThat(read(0, 1)).isEqualTo("CORRUPT_OBJECT");
        assertThat(write(false, bytes(1, 2))).isEqualTo("CORRUPT_OBJECT");
        assertThat(read(PAGE, 1)).isEqualTo("[0]");

        int[] page = new int[PAGE];
        Arrays.fill(page, 4);
        assertThat(write(false, bytes(0, page))).isEqualTo("DONE");
        assertThat(read(0, 2)).isEqualTo("[4, 4]");
    }

    @Test
    void aFullDiskRefusesWithoutEffectAndTakesRoomBack() {
        disk.fillUpTo(100, false);

        assertThat(write(false, bytes(0, 1))).isEqualTo("NO_SPACE");
        assertThat(read(0, 1)).isEqualTo("[0]");
        assertThat(store.space().freeBytes()).isEqualTo(100);

        disk.giveRoom();
        assertThat(write(false, bytes(0, 1))).isEqualTo("DONE");
    }

    @Test
    void aBrokenDiskRefusesEverything() {
        disk.breakDown();

        assertThat(read(0, 1)).isEqualTo("IO_ERROR");
        assertThat(write(true, bytes(0, 1))).isEqualTo("IO_ERROR");
    }

    @Test
    void zerosFreeWholePages() {
        write(false, bytes(PAGE, 1));
        long used = disk.image().usedBytes();

        write(false, new StoreOperation.Zero(PG, OBJECT, version(), 0, 3 * PAGE));

        assertThat(disk.image().usedBytes()).isEqualTo(used - PAGE);
        assertThat(read(PAGE, 1)).isEqualTo("[0]");
    }

    @Test
    void aVersionThatDoesNotRiseEndsTheRun() {
        List<String> answers = new ArrayList<>();
        ObjectVersion old = new ObjectVersion(1, 1);
        StoreOperation operation = new StoreOperation.Zero(PG, OBJECT, old, 0, 1);
        store.write(new StoreBatch(List.of(operation), false), collect(answers));

        assertThatThrownBy(() -> world.runUntil(() -> !answers.isEmpty(), 1_000_000_000L))
                .isInstanceOf(SimulationFailure.class)
                .hasMessageContaining("version only rises");
    }

    @Test
    void aPayloadReleasedBeforeTheAnswerEndsTheRun() {
        List<String> answers = new ArrayList<>();
        SimPayload payload = payloads.adopt(new byte[10], "test");
        StoreOperation operation = new StoreOperation.Write(PG, OBJECT, version(), 0, payload);
        store.write(new StoreBatch(List.of(operation), false), collect(answers));
        payload.release();

        assertThatThrownBy(() -> world.runUntil(() -> !answers.isEmpty(), 1_000_000_000L))
                .isInstanceOf(SimulationFailure.class)
                .hasMessageContaining("not used after its release");
    }

    @Test
    void listsTheObjectsOfOneGroupInOrder() {
        ObjectId second = ObjectId.data(new VdiId(5), 1);
        write(false, new StoreOperation.Create(PG, second, OBJECT_BYTES, version()));
        write(
                false,
                new StoreOperation.Create(
                        new PgId(4), ObjectId.data(new VdiId(5), 2), OBJECT_BYTES, version()));

        assertThat(this.<List<ObjectId>>ask(c -> store.list(PG, OBJECT, 10, c)))
                .isEqualTo(List.of(OBJECT, second) + "");
        assertThat(this.<List<ObjectId>>ask(c -> store.list(PG, OBJECT, 1, c)))
                .isEqualTo(List.of(OBJECT) + "");
        assertThat(this.<List<ObjectId>>ask(c -> store.list(PG, second, 9, c)))
                .isEqualTo(List.of(second) + "");
    }

    @Test
    void reportsNoStoredByteAsAHole() {
        write(false, bytes(10 * PAGE, 1));

        List<LocalStore.DataRange> ranges = new ArrayList<>();
        store.allocated(new StoreRead(PG, OBJECT, 0, (int) OBJECT_BYTES), new Completion<>() {
            @Override
            public void done(List<LocalStore.DataRange> result) {
                ranges.addAll(result);
            }

            @Override
            public void failed(ErrorCode error) {
                throw new AssertionError(error);
            }
        });
        world.runUntil(() -> !ranges.isEmpty(), 1_000_000_000L);

        assertThat(ranges).hasSize(1);
        assertThat(ranges.get(0).offset()).isLessThanOrEqualTo(10 * PAGE);
        assertThat(ranges.get(0).offset() + ranges.get(0).length())
                .isGreaterThanOrEqualTo(11 * PAGE)
                .isLessThan(OBJECT_BYTES);
    }

    @Test
    void tellsWhatIsHeldWithoutReadingIt() {
        write(false, bytes(0, 1));
        ObjectId missing = ObjectId.data(new VdiId(5), 9);
        HeldObject held = new HeldObject(OBJECT, new ObjectVersion(1, sequence), OBJECT_BYTES);

        assertThat(this.<HeldObject>ask(c -> store.held(PG, OBJECT, c))).isEqualTo("" + held);
        assertThat(this.<HeldObject>ask(c -> store.held(PG, missing, c)))
                .isEqualTo("" + new HeldObject(missing, ObjectVersion.NONE, 0));
        assertThat(this.<List<HeldObject>>ask(c -> store.listHeld(PG, OBJECT, 5, c)))
                .isEqualTo("" + List.of(held));
        assertThat(this.<List<PgId>>ask(store::groups)).isEqualTo("" + List.of(PG));
    }

    @Test
    void aSnapshotShowsNothingThatWasWrittenAfterIt() {
        write(false, bytes(PAGE, 7));
        ObjectSnapshot snapshot = get(c -> store.openSnapshot(PG, OBJECT, c));
        ObjectVersion taken = new ObjectVersion(1, sequence);
        write(false, bytes(PAGE, 8), bytes(5 * PAGE, 9));

        List<StoredPiece> pieces = get(c -> snapshot.read(0, (int) OBJECT_BYTES, c));

        assertThat(snapshot.held().version()).isEqualTo(taken);
        assertThat(pieces).hasSize(1);
        assertThat(pieces.get(0).offset()).isEqualTo(PAGE);
        assertThat(pieces.get(0).payload().view().get(0)).isEqualTo((byte) 7);
        pieces.get(0).payload().release();
        assertThat(store.openSnapshots()).isEqualTo(1);
        snapshot.close();
        snapshot.close();
        assertThat(store.openSnapshots()).isZero();
    }

    @Test
    void checksumsTellStoredChunksFromHoles() {
        int chunk = ObjectDigest.CHUNK_BYTES;
        write(false, bytes(chunk, 1));
        ObjectDigest first = get(c -> store.digest(PG, OBJECT, c));
        write(false, bytes(chunk, 2));
        ObjectDigest second = get(c -> store.digest(PG, OBJECT, c));
        write(false, bytes(chunk, 1));
        ObjectDigest third = get(c -> store.digest(PG, OBJECT, c));

        assertThat(first.sums()).hasSize((int) OBJECT_BYTES / chunk);
        assertThat(first.sums()[0]).isZero();
        assertThat(first.sums()[1]).isNotEqualTo(second.sums()[1]).isEqualTo(third.sums()[1]);
    }

    @Test
    void aRottenPageHasNoChecksumAndCannotBeCopied() {
        write(true, bytes(0, 1));
        assertThat(disk.rotOnePage()).isTrue();
        ObjectSnapshot snapshot = get(c -> store.openSnapshot(PG, OBJECT, c));

        assertThat(this.<ObjectDigest>ask(c -> store.digest(PG, OBJECT, c)))
                .isEqualTo("CORRUPT_OBJECT");
        assertThat(this.<List<StoredPiece>>ask(c -> snapshot.read(0, PAGE, c)))
                .isEqualTo("CORRUPT_OBJECT");
        assertThat(payloads.liveOrigins()).noneMatch(origin -> origin.startsWith("snapshot"));
    }

    @Test
    void aCopyMayBeGivenAnOlderVersionOnPurpose() {
        write(false, bytes(0, 1));
        write(false, new StoreOperation.SetVersion(PG, OBJECT, ObjectVersion.PARTIAL));
        write(false, zeros(ObjectVersion.PARTIAL));
        write(false, zeros(ObjectVersion.PARTIAL));

        assertThat(write(false, new StoreOperation.SetVersion(PG, OBJECT, new ObjectVersion(1, 1))))
                .isEqualTo("DONE");

        assertThat(this.<HeldObject>get(c -> store.held(PG, OBJECT, c)).version())
                .isEqualTo(new ObjectVersion(1, 1));
        assertThat(read(0, 1)).isEqualTo("[0]");
    }

    @Test
    void theLogKeepsTheOrderOfVersionsAndLosesWhatIsTrimmed() {
        write(false, line(3), line(1));
        write(false, line(2));

        assertThat(sequences()).containsExactly(1L, 2L, 3L);

        write(false, new StoreOperation.TrimLog(PG, new ObjectVersion(1, 2)));

        assertThat(sequences()).containsExactly(3L);
    }

    @Test
    void aLineOfTheLogIsAsDurableAsItsBatch() {
        write(true, bytes(0, 1), line(1));
        write(false, bytes(0, 2), line(2));

        disk.losePower();
        restart();

        assertThat(read(0, 1) + sequences()).isIn("[1][1]", "[2][1, 2]");
    }

    @Test
    void aDroppedGroupTakesItsObjectsAndItsLogAndLeavesTheOthers() {
        PgId other = new PgId(4);
        ObjectId kept = ObjectId.data(new VdiId(5), 2);
        write(false, new StoreOperation.Create(other, kept, OBJECT_BYTES, version()));
        long used = disk.image().usedBytes();
        write(false, bytes(0, 1), line(9));

        assertThat(write(false, new StoreOperation.DropGroup(PG))).isEqualTo("DONE");

        assertThat(read(0, 1)).isEqualTo("NO_SUCH_OBJECT");
        assertThat(sequences()).isEmpty();
        assertThat(this.<List<PgId>>ask(store::groups)).isEqualTo("" + List.of(other));
        assertThat(disk.image().usedBytes()).isEqualTo(used / 2);
    }

    private StoreOperation zeros(ObjectVersion version) {
        return new StoreOperation.Zero(PG, OBJECT, version, 0, PAGE);
    }

    private static StoreOperation line(long number) {
        return new StoreOperation.AppendLog(
                PG, new LogEntry(OBJECT, new ObjectVersion(1, number), false, null));
    }

    private List<Long> sequences() {
        return this.<List<LogEntry>>get(c -> store.readLog(PG, c)).stream()
                .map(line -> line.version().sequence())
                .toList();
    }

    private void restart() {
        process = new SimProcess(world, "two", 0, 1);
        payloads = new PayloadLedger(world);
        store = new SimStore(world, process, disk, payloads);
    }

    private ObjectVersion version() {
        return new ObjectVersion(1, ++sequence);
    }

    private StoreOperation bytes(long offset, int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return new StoreOperation.Write(
                PG, OBJECT, version(), offset, payloads.adopt(bytes, "test"));
    }

    private String write(boolean durable, StoreOperation... operations) {
        return this.<Outcome>ask(c -> store.write(new StoreBatch(List.of(operations), durable), c));
    }

    private String read(long offset, int length) {
        List<String> answers = new ArrayList<>();
        store.read(new StoreRead(PG, OBJECT, offset, length), new Completion<>() {
            @Override
            public void done(Payload result) {
                byte[] bytes = new byte[result.length()];
                result.view().get(bytes);
                result.release();
                answers.add(Arrays.toString(bytes));
            }

            @Override
            public void failed(ErrorCode error) {
                answers.add(error.name());
            }
        });
        world.runUntil(() -> !answers.isEmpty(), 1_000_000_000L);
        return answers.get(0);
    }

    private <T> T get(Consumer<Completion<T>> call) {
        List<T> answers = new ArrayList<>();
        call.accept(new Completion<>() {
            @Override
            public void done(T result) {
                answers.add(result);
            }

            @Override
            public void failed(ErrorCode error) {
                throw new AssertionError(error);
            }
        });
        world.runUntil(() -> !answers.isEmpty(), 1_000_000_000L);
        return answers.get(0);
    }

    private <T> String ask(Consumer<Completion<T>> call) {
        List<String> answers = new ArrayList<>();
        call.accept(collect(answers));
        world.runUntil(() -> !answers.isEmpty(), 1_000_000_000L);
        return answers.get(0);
    }

    private static <T> Completion<T> collect(List<String> answers) {
        return new Completion<>() {
            @Override
            public void done(T result) {
                answers.add(String.valueOf(result));
            }

            @Override
            public void failed(ErrorCode error) {
                answers.add(error.name());
            }
        };
    }

    private static Completion<Payload> firstByte(List<String> answers) {
        return new Completion<>() {
            @Override
            public void done(Payload result) {
                answers.add(String.valueOf(result.view().get(0)));
                result.release();
            }

            @Override
            public void failed(ErrorCode error) {
                answers.add(error.name());
            }
        };
    }
}
