package io.kelpie.cluster.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.Payloads;
import io.kelpie.cluster.testing.World;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.InodeLayout;
import io.kelpie.cluster.vdi.VdiEntry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Predicate;

/** Object requests of Sheepdog clients beside the requests of the other doors. */
class ClientObjectsTest {
    private static final int MIB = World.MIB;

    private final World world = World.serving();
    private final VdiId vdi = world.create("v", 8 * MIB).id();
    private final int self = vdi.value();

    @AfterEach
    void everyPayloadWasReleased() {
        world.store.releaseHeld();
        world.loop.run();
        assertThat(world.payloads.references()).isZero();
        assertThat(world.engine().requestsInFlight()).isZero();
    }

    @Test
    void createsAnObjectThatReadsAsZerosAroundThePayload() {
        assertThat(create(3, 0, 4096, filled(16, 7)).isDone()).isTrue();

        byte[] expected = new byte[8192];
        Arrays.fill(expected, 4096, 4112, (byte) 7);
        assertThat(read(data(3), 0, 8192)).isEqualTo(expected);
    }

    @Test
    void replacesAnObjectThatTheIndexDoesNotShowAsOwned() {
        create(3, 0, 0, filled(16, 7));

        create(3, 0, 100, filled(16, 8));

        assertThat(read(data(3), 0, 16)).containsOnly(0);
    }

    @Test
    void treatsTheCreationOfAnOwnedObjectAsAWrite() {
        create(3, 0, 0, filled(16, 7));
        writeEntries(3, self);

        create(3, 0, 100, filled(16, 8));

        assertThat(read(data(3), 0, 16)).containsOnly(7);
        assertThat(read(data(3), 100, 16)).containsOnly(8);
    }

    @Test
    void copiesTheSourceUnderThePayload() {
        VdiId base = world.create("base", MIB).id();
        world.write(world.open(base), 0, MIB, 5);
        world.loop.run();

        Ended<Outcome> created = create(3, ObjectId.data(base, 0).value(), 4096, filled(16, 7));

        assertThat(created.isDone()).isTrue();
        assertThat(read(data(3), 0, 4096)).containsOnly(5);
        assertThat(read(data(3), 4096, 16)).containsOnly(7);
        assertThat(read(data(3), 4112, 16)).containsOnly(5);
    }

    @Test
    void copiesTheWholeSourceForAnEmptyPayload() {
        VdiId base = world.create("base", MIB).id();
        world.write(world.open(base), 0, MIB, 5);
        world.loop.run();

        create(3, ObjectId.data(base, 0).value(), 0, filled(0, 0));

        assertThat(read(data(3), MIB - 4, 4)).containsOnly(5);
    }

    @Test
    void doesNotReadTheSourceWhenThePayloadCoversTheObject() {
        Ended<Outcome> created =
                create(3, ObjectId.data(new VdiId(99), 0).value(), 0, filled(MIB, 7));

        assertThat(created.isDone()).isTrue();
        assertThat(read(data(3), MIB - 4, 4)).containsOnly(7);
    }

    @Test
    void refusesToCopyFromAnObjectThatIsMissing() {
        Ended<Outcome> created =
                create(3, ObjectId.data(new VdiId(99), 0).value(), 0, filled(16, 7));

        assertThat(created.error()).isEqualTo(ErrorCode.NO_SUCH_OBJECT);
        assertThat(create(3, 0, 0, filled(16, 8)).isDone())
                .as("the gate is open")
                .isTrue();
    }

    @Test
    void refusesToCopyObjectsTooLargeForMemory() {
        CreateRequest request = new CreateRequest("huge", 1L << 32, 1, 31);
        VdiId huge = world.<VdiEntry>end(
                        completion -> world.engine().createVdi(request, completion))
                .result()
                .id();

        Ended<Outcome> created = world.act(completion -> world.engine()
                .createObject(
                        ObjectId.data(huge, 1),
                        data(0).value(),
                        0,
                        filled(16, 7),
                        false,
                        completion));

        assertThat(created.error()).isEqualTo(ErrorCode.UNSUPPORTED);
    }

    @Test
    void refusesToWriteAnObjectThatDoesNotExist() {
        assertThat(write(data(3), 0, filled(16, 7)).error()).isEqualTo(ErrorCode.NO_SUCH_OBJECT);
        assertThat(write(data(3), 0, filled(0, 7)).error())
                .as("nothing to write")
                .isEqualTo(ErrorCode.NO_SUCH_OBJECT);
    }

    @Test
    void acceptsAWriteOfNothingToAnObjectThatExists() {
        create(3, 0, 0, filled(16, 7));

        assertThat(write(data(3), 5, filled(0, 7)).isDone()).isTrue();
    }

    @Test
    void refusesWhatLiesOutsideAnObject() {
        create(3, 0, 0, filled(16, 7));

        assertThat(write(data(3), MIB - 1, filled(2, 7)).error()).isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(create(3, 0, MIB, filled(1, 7)).error()).isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(write(ObjectId.inode(vdi), InodeLayout.OBJECT_BYTES, filled(1, 0))
                        .error())
                .isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(world.<Payload>end(
                                completion -> world.engine().readObject(data(3), -1, 1, completion))
                        .error())
                .isEqualTo(ErrorCode.OUT_OF_RANGE);
    }

    @Test
    void showsAClientsObjectToTheOtherDoorsOnceItsEntryIsWritten() {
        Volume volume = world.open(vdi);
        create(3, 0, 0, filled(MIB, 7));
        assertThat(world.valueOf(volume, 3L * MIB, 16)).isZero();

        writeEntries(3, self);

        assertThat(world.valueOf(volume, 3L * MIB, 16)).isEqualTo(7);
        assertThat(volume.allocatedBytes()).isEqualTo(MIB);
    }

    @Test
    void writesIntoAnObjectThatAClientHasNotEnteredYetAndEntersIt() {
        Volume volume = world.open(vdi);
        create(3, 0, 0, filled(MIB, 7));

        world.write(volume, 3L * MIB, 16, 8);
        world.loop.run();

        assertThat(world.valueOf(volume, 3L * MIB, 16)).isEqualTo(8);
        assertThat(world.valueOf(volume, 3L * MIB + 16, 16)).isEqualTo(7);
        assertThat(world.storedEntry(vdi, 3)).isEqualTo(self);
    }

    @Test
    void makesAnObjectAnewThatAClientRemovedBeforeItEnteredIt() {
        Volume volume = world.open(vdi);
        create(3, 0, 0, filled(MIB, 7));
        assertThat(world.act(completion -> world.engine().removeObject(data(3), completion))
                        .isDone())
                .isTrue();

        Ended<Outcome> written = world.write(volume, 3L * MIB, 16, 8);
        world.loop.run();

        assertThat(written.isDone()).isTrue();
        assertThat(world.valueOf(volume, 3L * MIB + 16, 16)).isZero();
    }

    @Test
    void removesTheObjectsThatAWriteOfTheIndexClears() {
        Volume volume = world.open(vdi);
        world.write(volume, 0, 8 * MIB, 5);
        world.loop.run();

        assertThat(writeEntries(2, 0, 0).isDone()).isTrue();

        assertThat(world.store.has(data(2))).isFalse();
        assertThat(world.store.has(data(3))).isFalse();
        assertThat(world.valueOf(volume, 2L * MIB, 2 * MIB)).isZero();
        assertThat(volume.allocatedBytes()).isEqualTo(6L * MIB);
    }

    @Test
    void keepsWhatAnotherDoorAllocatedInsideAStretchThatAClientSets() {
        Volume volume = world.open(vdi);
        world.write(volume, 3L * MIB, 16, 5);
        world.loop.run();
        create(2, 0, 0, filled(16, 7));
        create(4, 0, 0, filled(16, 7));

        assertThat(writeEntries(2, self, 0, self).isDone()).isTrue();

        assertThat(world.valueOf(volume, 3L * MIB, 16)).isEqualTo(5);
        assertThat(world.storedEntry(vdi, 3)).isEqualTo(self);
    }

    @Test
    void keepsWhatAnotherDoorAllocatesWhileAClientsWriteOfTheIndexWaits() {
        Volume volume = world.open(vdi);
        create(2, 0, 0, filled(16, 7));
        create(4, 0, 0, filled(16, 7));
        world.store.hold(isOf(ObjectKind.INODE));
        Ended<Outcome> before = world.write(volume, 0, 16, 4);
        world.loop.run();
        Ended<Outcome> written = world.write(volume, 3L * MIB, 16, 5);
        world.loop.run();

        Ended<Outcome> entered = world.writeEntries(vdi, 2, self, 0, self);
        world.store.releaseHeld();
        world.loop.run();

        assertThat(before.isDone()).isTrue();
        assertThat(written.isDone()).isTrue();
        assertThat(entered.isDone()).isTrue();
        assertThat(world.valueOf(volume, 3L * MIB, 16)).isEqualTo(5);
        assertThat(world.storedEntry(vdi, 3)).isEqualTo(self);
    }

    @Test
    void keepsTheSizeThatAnotherDoorGaveWhileAClientsHeaderWaits() {
        Volume volume = world.open(vdi);
        byte[] header = read(ObjectId.inode(vdi), 0, InodeLayout.HEADER_BYTES);
        world.store.hold(isOf(ObjectKind.INODE));
        Ended<Outcome> resized = world.act(completion -> volume.resize(16L * MIB, completion));

        Ended<Outcome> written = world.begin(completion -> world.engine()
                .writeObject(ObjectId.inode(vdi), 0, world.payloads.of(header), false, completion));
        world.store.releaseHeld();
        world.loop.run();

        assertThat(resized.isDone()).isTrue();
        assertThat(written.isDone()).isTrue();
        assertThat(volume.sizeBytes()).isEqualTo(16L * MIB);
        assertThat(storedSize()).isEqualTo(16L * MIB);
    }

    @Test
    void growsTheDiskWhenAClientWritesALargerSize() {
        Volume volume = world.open(vdi);

        assertThat(writeSize(20L * MIB).isDone()).isTrue();

        assertThat(volume.sizeBytes()).isEqualTo(20L * MIB);
        assertThat(world.engine().vdis().get(0).sizeBytes()).isEqualTo(20L * MIB);
    }

    @Test
    void refusesASizeThatNoInodeCanDescribe() {
        assertThat(writeSize(((long) MIB << 20) + 1).error()).isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(writeSize(-5).error()).isEqualTo(ErrorCode.OUT_OF_RANGE);
        assertThat(storedSize()).isEqualTo(8L * MIB);
    }

    @Test
    void refusesAnEntryThatIsNoVdiId() {
        assertThat(writeEntries(2, 0x1000000).error()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        assertThat(writeEntries(2, -1).error()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        assertThat(world.storedEntry(vdi, 2)).isZero();
    }

    @Test
    void freesManyObjectsAFewAtATime() {
        int count = 20_000;
        VdiId large = world.create("large", (long) count * MIB).id();
        Volume volume = world.open(large);
        for (int extent = 0; extent < count; extent++) {
            world.write(volume, (long) extent * MIB, 16, 5);
        }
        world.loop.run();
        world.store.clearLog();

        Ended<Outcome> cleared = world.writeEntries(large, 0, new int[count]);
        world.loop.run();

        assertThat(cleared.isDone()).isTrue();
        assertThat(volume.allocatedBytes()).isZero();
        assertThat(world.store.mostOpen()).isLessThanOrEqualTo(16);
    }

    @Test
    void discardsAnObjectWithItsEntry() {
        Volume volume = world.open(vdi);
        world.write(volume, 2L * MIB, MIB, 5);
        world.loop.run();

        assertThat(discard(data(2)).isDone()).isTrue();
        assertThat(discard(data(2)).isDone()).as("a hole").isTrue();

        assertThat(world.store.has(data(2))).isFalse();
        assertThat(world.valueOf(volume, 2L * MIB, MIB)).isZero();
        assertThat(discard(ObjectId.inode(vdi)).error()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        assertThat(discard(ObjectId.data(new VdiId(99), 0)).error())
                .isEqualTo(ErrorCode.INVALID_ARGUMENT);
    }

    @Test
    void keepsTheIndexWhenAClientCreatesTheInodeOfAVdiInUse() {
        Volume volume = world.open(vdi);
        world.write(volume, 2L * MIB, MIB, 5);
        world.loop.run();
        byte[] header = read(ObjectId.inode(vdi), 0, InodeLayout.HEADER_BYTES);

        Ended<Outcome> created = world.act(completion -> world.engine()
                .createObject(
                        ObjectId.inode(vdi), 0, 0, world.payloads.of(header), false, completion));

        assertThat(created.isDone()).isTrue();
        assertThat(world.valueOf(volume, 2L * MIB, MIB)).isEqualTo(5);
        assertThat(world.valueOf(world.open(vdi), 2L * MIB, MIB)).isEqualTo(5);
        assertThat(world.storedEntry(vdi, 2)).isEqualTo(self);
    }

    @Test
    void deletesAVdiTogetherWithObjectsThatWereNeverEntered() {
        create(3, 0, 0, filled(16, 7));
        create(500, 0, 0, filled(16, 7));

        assertThat(world.<VdiEntry>end(
                                completion -> world.engine().deleteVdi("v", "", 0, completion))
                        .isDone())
                .isTrue();

        assertThat(world.store.objects()).containsExactly(ObjectId.inode(vdi));
    }

    private ObjectId data(int index) {
        return ObjectId.data(vdi, index);
    }

    private Payload filled(int length, int value) {
        return world.payloads.filled(length, value);
    }

    private Ended<Outcome> create(int index, long source, long offset, Payload payload) {
        return world.act(completion -> world.engine()
                .createObject(data(index), source, offset, payload, false, completion));
    }

    private Ended<Outcome> write(ObjectId object, long offset, Payload payload) {
        return world.act(completion ->
                world.engine().writeObject(object, offset, payload, false, completion));
    }

    private Ended<Outcome> discard(ObjectId object) {
        return world.act(completion -> world.engine().discardObject(object, completion));
    }

    private Ended<Outcome> writeEntries(int first, int... owners) {
        Ended<Outcome> written = world.writeEntries(vdi, first, owners);
        world.loop.run();
        return written;
    }

    private Ended<Outcome> writeSize(long size) {
        ByteBuffer bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, size);
        return write(ObjectId.inode(vdi), InodeLayout.SIZE, world.payloads.of(bytes.array()));
    }

    private long storedSize() {
        return ByteBuffer.wrap(world.store.bytes(ObjectId.inode(vdi), InodeLayout.SIZE, 8))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
    }

    private byte[] read(ObjectId object, long offset, int length) {
        Payload payload = world.<Payload>end(
                        completion -> world.engine().readObject(object, offset, length, completion))
                .result();
        byte[] bytes = Payloads.bytesOf(payload);
        payload.release();
        return bytes;
    }

    private static Predicate<StoreOperation> isOf(ObjectKind kind) {
        return operation -> operation instanceof StoreOperation.Write write
                && write.object().kind() == kind;
    }
}
