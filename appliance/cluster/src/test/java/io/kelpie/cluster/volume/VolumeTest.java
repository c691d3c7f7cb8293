package io.kelpie.cluster.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.World;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.VdiEntry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/** An opened VDI as a linear device, on a whole node with objects of 1 MiB. */
class VolumeTest {
    private static final int MIB = World.MIB;
    private static final int HALF = MIB / 2;

    private final World world = World.serving();

    @AfterEach
    void everyPayloadWasReleased() {
        world.store.releaseHeld();
        world.loop.run();
        assertThat(world.payloads.references()).isZero();
        assertThat(world.engine().requestsInFlight()).isZero();
    }

    @Test
    void readsHolesAsZerosWithoutAskingForBytes() {
        Volume volume = world.volume("v", 4 * MIB);

        VolumeData data = world.<VolumeData>begin(
                        completion -> volume.read(HALF, 2 * MIB, completion))
                .result();

        assertThat(data.pieces())
                .allSatisfy(piece -> assertThat(piece.payload()).isNull());
        assertThat(data.pieces())
                .extracting(VolumeData.Piece::length)
                .containsExactly(HALF, MIB, HALF);
    }

    @Test
    void readsBackWhatWasWrittenOverSeveralObjects() {
        Volume volume = world.volume("v", 4 * MIB);

        Ended<Outcome> written = world.write(volume, HALF + 7, 2 * MIB, 5);
        world.loop.run();

        assertThat(written.isDone()).isTrue();
        byte[] expected = new byte[4 * MIB];
        Arrays.fill(expected, HALF + 7, HALF + 7 + 2 * MIB, (byte) 5);
        assertThat(world.read(volume, 0, 4 * MIB)).isEqualTo(expected);
        assertThat(volume.allocatedBytes()).isEqualTo(3L * MIB);
    }

    @Test
    void writesTheObjectOfAHoleBeforeItsEntryInTheIndex() {
        Volume volume = world.volume("v", 4 * MIB);
        ObjectId object = ObjectId.data(volume.vdi(), 2);
        world.store.clearLog();
        world.store.hold(operation -> true);

        Ended<Outcome> written = world.write(volume, 2L * MIB, 4096, 5);
        world.loop.run();
        assertThat(world.store.log())
                .hasSize(2)
                .allSatisfy(operation -> assertThat(objectOf(operation)).isEqualTo(object));
        assertThat(world.valueOf(volume, 2L * MIB, 4096)).as("still a hole").isEqualTo(0);

        world.store.releaseFirst();
        world.loop.run();
        assertThat(objectOf(world.store.log().get(2))).isEqualTo(ObjectId.inode(volume.vdi()));
        assertThat(written.isEnded()).isFalse();

        world.store.releaseFirst();
        world.loop.run();
        assertThat(written.isDone()).isTrue();
        assertThat(world.storedEntry(volume.vdi(), 2)).isEqualTo(volume.vdi().value());
    }

    @Test
    void leavesAHoleWhenTheObjectCannotBeMade() {
        Volume volume = world.volume("v", 4 * MIB);
        world.store.fail(isOf(ObjectKind.DATA), ErrorCode.NO_SPACE);

        Ended<Outcome> written = world.write(volume, 0, 4096, 5);
        world.loop.run();

        assertThat(written.error()).isEqualTo(ErrorCode.NO_SPACE);
        assertThat(volume.allocatedBytes()).isZero();
        world.store.heal();
        assertThat(writeNow(volume, 0, 4096, 6).isDone()).as("the gate is open").isTrue();
    }

    @Test
    void takesTheObjectBackWhenTheIndexCannotBeWritten() {
        Volume volume = world.volume("v", 4 * MIB);
        world.store.fail(isOf(ObjectKind.INODE), ErrorCode.NO_SPACE);

        Ended<Outcome> written = writeNow(volume, 0, 4096, 5);

        assertThat(written.error()).isEqualTo(ErrorCode.NO_SPACE);
        assertThat(world.store.has(ObjectId.data(volume.vdi(), 0))).isFalse();
        assertThat(world.valueOf(volume, 0, 4096)).isEqualTo(0);
        world.store.heal();
        assertThat(writeNow(volume, 0, 4096, 6).isDone()).as("the gate is open").isTrue();
    }

    @Test
    void createsAnObjectOnceWhenTwoOpeningsWriteIt() {
        VdiEntry row = world.create("v", 4 * MIB);
        Volume one = world.open(row.id());
        Volume other = world.open(row.id());
        world.store.clearLog();

        Ended<Outcome> first = world.write(one, 0, 4096, 5);
        Ended<Outcome> second = world.write(other, 8192, 4096, 6);
        world.loop.run();

        assertThat(first.isDone()).isTrue();
        assertThat(second.isDone()).isTrue();
        assertThat(world.store.log())
                .filteredOn(StoreOperation.Create.class::isInstance)
                .hasSize(1);
        assertThat(world.valueOf(other, 0, 4096)).isEqualTo(5);
        assertThat(world.valueOf(one, 8192, 4096)).isEqualTo(6);
    }

    @Test
    void entersManyNewObjectsWithFewWritesOfTheInode() {
        Volume volume = world.volume("v", 32 * MIB);
        world.store.clearLog();

        assertThat(writeNow(volume, 0, 32 * MIB, 5).isDone()).isTrue();

        assertThat(world.store.batches())
                .filteredOn(batch -> batch.operations().stream().anyMatch(isOf(ObjectKind.INODE)))
                .hasSizeLessThanOrEqualTo(3);
    }

    @Test
    void clearsTheEntryBeforeTheObjectGoesWhenItDiscards() {
        Volume volume = world.volume("v", 4 * MIB);
        writeNow(volume, 0, 4 * MIB, 5);
        world.store.clearLog();

        Ended<Outcome> discarded = discard(volume, MIB, 2L * MIB);

        assertThat(discarded.isDone()).isTrue();
        assertThat(world.valueOf(volume, MIB, 2 * MIB)).isEqualTo(0);
        assertThat(world.valueOf(volume, 0, MIB)).isEqualTo(5);
        assertThat(world.storedEntry(volume.vdi(), 1)).isZero();
        List<StoreOperation> log = world.store.log();
        assertThat(log.get(0)).isInstanceOf(StoreOperation.Write.class);
        assertThat(log).filteredOn(StoreOperation.Remove.class::isInstance).hasSize(2);
        assertThat(volume.allocatedBytes()).isEqualTo(2L * MIB);
    }

    @Test
    void zeroesThePartsOfADiscardThatAreNoWholeObjects() {
        Volume volume = world.volume("v", 4 * MIB);
        writeNow(volume, 0, 4 * MIB, 5);

        assertThat(discard(volume, HALF, 2L * MIB).isDone()).isTrue();

        assertThat(world.valueOf(volume, 0, HALF)).isEqualTo(5);
        assertThat(world.valueOf(volume, HALF, 2 * MIB)).isEqualTo(0);
        assertThat(world.valueOf(volume, HALF + 2L * MIB, HALF)).isEqualTo(5);
        assertThat(volume.allocatedBytes()).isEqualTo(3L * MIB);
    }

    @Test
    void freesAShortLastObjectThatIsDiscardedToTheEndOfTheDisk() {
        Volume volume = world.volume("v", MIB + HALF);
        writeNow(volume, MIB, HALF, 5);

        assertThat(discard(volume, MIB, HALF).isDone()).isTrue();

        assertThat(world.store.has(ObjectId.data(volume.vdi(), 1))).isFalse();
        assertThat(volume.allocatedBytes()).isZero();
    }

    @Test
    void keepsWhatIsWrittenBehindTheOldEndWhileADiscardWaits() {
        Volume volume = world.volume("v", MIB + HALF);
        writeNow(volume, MIB, HALF, 5);
        world.store.hold(isOf(ObjectKind.DATA));
        Ended<Outcome> blocking = world.write(volume, MIB, 4096, 6);
        Ended<Outcome> discarded = world.begin(completion -> volume.discard(MIB, HALF, completion));
        Ended<Outcome> resized = world.act(completion -> volume.resize(2L * MIB, completion));
        assertThat(resized.isDone()).isTrue();

        world.store.releaseHeld();
        world.loop.run();

        assertThat(blocking.isDone()).isTrue();
        assertThat(discarded.isDone()).isTrue();
        assertThat(world.store.has(ObjectId.data(volume.vdi(), 1)))
                .as("the object is no longer covered as a whole")
                .isTrue();
        assertThat(world.valueOf(volume, MIB, HALF)).isEqualTo(0);
    }

    @Test
    void letsADiscardWaitForTheWriteBeforeIt() {
        Volume volume = world.volume("v", 4 * MIB);
        writeNow(volume, 0, MIB, 5);
        world.store.hold(isOf(ObjectKind.DATA));
        Ended<Outcome> written = world.write(volume, 0, 4096, 6);
        world.loop.run();

        Ended<Outcome> discarded = discard(volume, 0, MIB);
        assertThat(discarded.isEnded()).isFalse();
        assertThat(world.storedEntry(volume.vdi(), 0)).isNotZero();

        world.store.releaseHeld();
        world.loop.run();
        assertThat(written.isDone()).isTrue();
        assertThat(discarded.isDone()).isTrue();
        assertThat(world.valueOf(volume, 0, MIB)).isEqualTo(0);
    }

    @Test
    void writesAnewWhatADiscardFreedMeanwhile() {
        Volume volume = world.volume("v", 4 * MIB);
        writeNow(volume, 0, MIB, 5);
        world.store.hold(StoreOperation.Remove.class::isInstance);
        Ended<Outcome> discarded = discard(volume, 0, MIB);

        Ended<Outcome> written = writeNow(volume, 0, 4096, 7);
        assertThat(written.isEnded()).isFalse();
        world.store.releaseHeld();
        world.loop.run();

        assertThat(discarded.isDone()).isTrue();
        assertThat(written.isDone()).isTrue();
        assertThat(world.valueOf(volume, 0, 4096)).isEqualTo(7);
        assertThat(world.valueOf(volume, 4096, MIB - 4096)).isEqualTo(0);
    }

    @Test
    void isDoneWithADiscardWhoseObjectIsMissing() {
        Volume volume = world.volume("v", 4 * MIB);
        writeNow(volume, 0, MIB, 5);
        world.store.lose(ObjectId.data(volume.vdi(), 0));

        assertThat(discard(volume, 0, MIB).isDone()).isTrue();
        assertThat(world.storedEntry(volume.vdi(), 0)).isZero();
    }

    @Test
    void reportsAnOwnedObjectThatIsMissingAsDamage() {
        Volume volume = world.volume("v", 4 * MIB);
        writeNow(volume, 0, 4 * MIB, 5);
        world.store.lose(ObjectId.data(volume.vdi(), 1));

        Ended<VolumeData> read = world.end(completion -> volume.read(0, 4 * MIB, completion));

        assertThat(read.error()).isEqualTo(ErrorCode.CORRUPT_OBJECT);
    }

    @Test
    void discardsADiskOfAMillionHolesAtOnce() {
        Volume volume = world.volume("v", (long) MIB << 20);

        Ended<Outcome> discarded =
                world.begin(completion -> volume.discard(0, (long) MIB << 20, completion));

        assertThat(discarded.isDone()).isTrue();
    }

    @Test
    void discardsManyObjectsAFewAtATime() {
        int count = 3000;
        Volume volume = world.volume("v", (long) count * MIB);
        for (int extent = 0; extent < count; extent++) {
            world.write(volume, (long) extent * MIB, 16, 5);
        }
        world.loop.run();
        assertThat(volume.allocatedBytes()).isEqualTo((long) count * MIB);
        world.store.clearLog();

        assertThat(discard(volume, 0, (long) count * MIB).isDone()).isTrue();

        assertThat(volume.allocatedBytes()).isZero();
        assertThat(world.store.mostOpen()).isLessThanOrEqualTo(33);
    }

    @Test
    void keepsHolesWhenItWritesZeroes() {
        Volume volume = world.volume("v", 4 * MIB);
        writeNow(volume, 0, MIB, 5);

        Ended<Outcome> zeroed =
                world.act(completion -> volume.writeZeroes(HALF, MIB, false, completion));

        assertThat(zeroed.isDone()).isTrue();
        assertThat(world.valueOf(volume, 0, HALF)).isEqualTo(5);
        assertThat(world.valueOf(volume, HALF, HALF)).isEqualTo(0);
        assertThat(volume.allocatedBytes()).isEqualTo(MIB);
    }

    @Test
    void syncsADurableWriteOfZerosToHoles() {
        Volume volume = world.volume("v", 4 * MIB);
        world.store.clearLog();

        Ended<Outcome> zeroed =
                world.act(completion -> volume.writeZeroes(0, MIB, true, completion));

        assertThat(zeroed.isDone()).isTrue();
        assertThat(world.store.syncs()).isEqualTo(1);
    }

    @Test
    void syncsDataAndIndexOfADurableWrite() {
        Volume volume = world.volume("v", 4 * MIB);
        world.store.clearLog();

        world.act(completion -> volume.write(0, world.payloads.filled(4096, 5), true, completion));
        assertThat(world.store.batches()).hasSize(2).allMatch(batch -> batch.durable());

        world.store.clearLog();
        writeNow(volume, 0, 4096, 6);
        assertThat(world.store.batches()).hasSize(1).noneMatch(batch -> batch.durable());
        world.act(volume::flush);
        assertThat(world.store.syncs()).isEqualTo(1);
    }

    @Test
    void growsTheDiskForEveryOpening() {
        VdiEntry row = world.create("v", 2 * MIB);
        Volume one = world.open(row.id());
        Volume other = world.open(row.id());

        assertThat(world.act(completion -> one.resize(5L * MIB, completion)).isDone())
                .isTrue();

        assertThat(other.sizeBytes()).isEqualTo(5L * MIB);
        assertThat(world.engine().vdis().get(0).sizeBytes()).isEqualTo(5L * MIB);
        assertThat(writeNow(other, 4L * MIB, MIB, 5).isDone()).isTrue();
        assertThat(world.valueOf(one, 4L * MIB, MIB)).isEqualTo(5);
    }

    @Test
    void keepsTheNewSizeAndTheNewObjectsOverARestart() {
        Volume volume = world.volume("v", 2 * MIB);
        world.act(completion -> volume.resize(5L * MIB, completion));
        writeNow(volume, 4L * MIB, MIB, 5);

        assertThat(world.restart().isDone()).isTrue();

        Volume again = world.open(volume.vdi());
        assertThat(again.sizeBytes()).isEqualTo(5L * MIB);
        assertThat(world.valueOf(again, 4L * MIB, MIB)).isEqualTo(5);
    }

    @Test
    void refusesSizesThatCannotBe() {
        Volume volume = world.volume("v", 2 * MIB);
        writeNow(volume, MIB, 1, 5);

        for (long size : new long[] {-1, MIB, ((long) MIB << 20) + 1, Long.MAX_VALUE}) {
            assertThat(world.act(completion -> volume.resize(size, completion)).error())
                    .isEqualTo(ErrorCode.OUT_OF_RANGE);
        }
        assertThat(volume.sizeBytes()).isEqualTo(2L * MIB);
    }

    @Test
    void givesBackATailWithoutObjects() {
        Volume volume = world.volume("v", 8 * MIB);
        writeNow(volume, 0, MIB, 5);

        assertThat(world.act(completion -> volume.resize(HALF, completion)).isDone())
                .isTrue();

        assertThat(volume.sizeBytes()).isEqualTo(HALF);
        assertThat(world.valueOf(volume, 0, HALF)).isEqualTo(5);
    }

    @Test
    void doesNotCutOffAnObjectThatIsBeingWritten() {
        Volume volume = world.volume("v", 8 * MIB);
        world.store.hold(isOf(ObjectKind.DATA));
        Ended<Outcome> written = world.write(volume, 7L * MIB, 4096, 5);

        Ended<Outcome> cut = world.act(completion -> volume.resize(MIB, completion));
        world.store.releaseHeld();
        world.loop.run();

        assertThat(written.isDone()).isTrue();
        assertThat(cut.error()).isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(world.valueOf(volume, 7L * MIB, 4096)).isEqualTo(5);
    }

    @Test
    void doesNotCutOffAnObjectWhoseEntryWaitsBeforeTheCut() {
        Volume volume = world.volume("v", 8 * MIB);
        world.store.hold(isOf(ObjectKind.INODE));
        Ended<Outcome> first = world.write(volume, 0, 4096, 4);
        Ended<Outcome> written = world.write(volume, 7L * MIB, 4096, 5);
        world.loop.run();

        Ended<Outcome> cut = world.act(completion -> volume.resize(MIB, completion));
        world.store.releaseHeld();
        world.loop.run();

        assertThat(first.isDone()).isTrue();
        assertThat(written.isDone()).isTrue();
        assertThat(cut.error()).isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(volume.sizeBytes()).isEqualTo(8L * MIB);
    }

    @Test
    void refusesWritesBehindACutThatIsUnderWay() {
        Volume volume = world.volume("v", 8 * MIB);
        world.store.hold(isOf(ObjectKind.INODE));
        Ended<Outcome> cut = world.act(completion -> volume.resize(MIB, completion));

        Ended<Outcome> written = writeNow(volume, 7L * MIB, 4096, 5);
        world.store.releaseHeld();
        world.loop.run();

        assertThat(cut.isDone()).isTrue();
        assertThat(written.error()).isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(world.store.has(ObjectId.data(volume.vdi(), 7))).isFalse();
    }

    @Test
    void keepsTheOldSizeWhenACutFails() {
        Volume volume = world.volume("v", 8 * MIB);
        world.store.fail(isOf(ObjectKind.INODE), ErrorCode.NO_SPACE);

        Ended<Outcome> cut = world.act(completion -> volume.resize(MIB, completion));

        assertThat(cut.error()).isEqualTo(ErrorCode.NO_SPACE);
        assertThat(volume.sizeBytes()).isEqualTo(8L * MIB);
        world.store.heal();
        assertThat(writeNow(volume, 7L * MIB, 4096, 5).isDone()).isTrue();
    }

    @Test
    void readsZerosWhereACutDiskGrowsAgain() {
        Volume volume = world.volume("v", MIB);
        writeNow(volume, 0, MIB, 5);

        assertThat(world.act(completion -> volume.resize(HALF, completion)).isDone())
                .isTrue();
        world.act(completion -> volume.resize(MIB, completion));

        assertThat(world.valueOf(volume, 0, HALF)).isEqualTo(5);
        assertThat(world.valueOf(volume, HALF, HALF)).isEqualTo(0);
    }

    @Test
    void refusesWhatLiesOutsideTheDisk() {
        Volume volume = world.volume("v", MIB);

        assertThat(writeNow(volume, 1, MIB, 5).error()).isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(writeNow(volume, -1, 1, 5).error()).isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(writeNow(volume, Long.MAX_VALUE, 1, 5).error())
                .isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(discard(volume, 0, MIB + 1).error()).isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(world.<VolumeData>end(completion -> volume.read(MIB, 1, completion))
                        .error())
                .isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(writeNow(volume, MIB, 0, 5).isDone())
                .as("nothing, at the end")
                .isTrue();
    }

    @Test
    void refusesEverythingOnceItIsClosed() {
        Volume volume = world.volume("v", MIB);

        volume.close();

        assertThat(writeNow(volume, 0, 1, 5).error()).isEqualTo(ErrorCode.NO_SUCH_VDI);
        assertThat(discard(volume, 0, 1).error()).isEqualTo(ErrorCode.NO_SUCH_VDI);
    }

    @Test
    void endsItsWritesBeforeADeletionRemovesTheirObjects() {
        Volume volume = world.volume("v", 4 * MIB);
        world.store.hold(isOf(ObjectKind.DATA));
        Ended<Outcome> creating = world.write(volume, 0, 4096, 5);

        Ended<VdiEntry> deleted =
                world.end(completion -> world.engine().deleteVdi("v", "", 0, completion));
        assertThat(deleted.isEnded()).as("the write is still under way").isFalse();
        assertThat(writeNow(volume, MIB, 4096, 5).error()).isEqualTo(ErrorCode.NO_SUCH_VDI);
        world.store.releaseHeld();
        world.loop.run();

        assertThat(creating.isEnded()).isTrue();
        assertThat(deleted.isDone()).isTrue();
        assertThat(world.store.objects()).containsExactly(ObjectId.inode(volume.vdi()));
        assertThat(world.storedEntry(volume.vdi(), 0)).isZero();
    }

    @Test
    void tellsReadersOfADeletedDiskThatItIsGone() {
        Volume volume = world.volume("v", 4 * MIB);

        world.<VdiEntry>end(completion -> world.engine().deleteVdi("v", "", 0, completion));

        assertThat(world.<VolumeData>end(completion -> volume.read(0, 1, completion))
                        .error())
                .isEqualTo(ErrorCode.NO_SUCH_VDI);
    }

    @Test
    void tellsDataFromHoles() {
        Volume volume = world.volume("v", 8 * MIB);
        writeNow(volume, MIB + 8192, 4096, 5);
        writeNow(volume, 3L * MIB, MIB, 5);

        List<BlockRange> ranges = status(volume, 0, 8L * MIB, 100);

        assertThat(ranges)
                .containsExactly(
                        new BlockRange(0, MIB + 8192, true),
                        new BlockRange(MIB + 8192, 4096, false),
                        new BlockRange(MIB + 12288, 2L * MIB - 12288, true),
                        new BlockRange(3L * MIB, MIB, false),
                        new BlockRange(4L * MIB, 4L * MIB, true));
        assertThat(status(volume, 0, 8L * MIB, 2)).isEqualTo(ranges.subList(0, 2));
        assertThat(status(volume, MIB + 8193, 10, 5))
                .containsExactly(new BlockRange(MIB + 8193, 10, false));
    }

    @Test
    void tellsTheStateOfObjectsOfTwoGibibytes() {
        CreateRequest request = new CreateRequest("huge", 4L << 30, 1, 31);
        VdiId vdi = world.<VdiEntry>end(completion -> world.engine().createVdi(request, completion))
                .result()
                .id();
        Volume volume = world.open(vdi);
        writeNow(volume, (2L << 30) + 4096, 4096, 5);

        assertThat(status(volume, 0, 4L << 30, 10))
                .containsExactly(
                        new BlockRange(0, (2L << 30) + 4096, true),
                        new BlockRange((2L << 30) + 4096, 4096, false),
                        new BlockRange((2L << 30) + 8192, (2L << 30) - 8192, true));
    }

    private List<BlockRange> status(Volume volume, long offset, long length, int max) {
        return world.<List<BlockRange>>end(
                        completion -> volume.blockStatus(offset, length, max, completion))
                .result();
    }

    private Ended<Outcome> writeNow(Volume volume, long offset, int length, int value) {
        Ended<Outcome> written = world.write(volume, offset, length, value);
        world.loop.run();
        return written;
    }

    private Ended<Outcome> discard(Volume volume, long offset, long length) {
        return world.act(completion -> volume.discard(offset, length, completion));
    }

    private static Predicate<StoreOperation> isOf(ObjectKind kind) {
        return operation -> {
            boolean ofObject = operation instanceof StoreOperation.Create
                    || operation instanceof StoreOperation.Write
                    || operation instanceof StoreOperation.Zero
                    || operation instanceof StoreOperation.Remove;
            return ofObject && objectOf(operation).kind() == kind;
        };
    }

    private static ObjectId objectOf(StoreOperation operation) {
        if (operation instanceof StoreOperation.Create create) {
            return create.object();
        }
        if (operation instanceof StoreOperation.Write write) {
            return write.object();
        }
        if (operation instanceof StoreOperation.Zero zero) {
            return zero.object();
        }
        if (operation instanceof StoreOperation.Remove remove) {
            return remove.object();
        }
        throw new IllegalArgumentException(operation + " concerns no object");
    }
}
