package io.kelpie.cluster.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.MemoryCoordinator.Fate;
import io.kelpie.cluster.testing.World;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.cluster.volume.Volume;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A whole node over its life: start, format, restart, stop, and what crashes leave behind. */
class EngineTest {
    private static final int MIB = World.MIB;
    private static final long SECOND = 1_000_000_000L;

    @Test
    void waitsForAFormatAndServesAfterIt() {
        World world = new World();
        assertThat(world.act(world.engine()::start).isDone()).isTrue();
        assertThat(world.act(world.engine()::flush).error()).isEqualTo(ErrorCode.NOT_FORMATTED);

        assertThat(format(world).isDone()).isTrue();

        ClusterMap map = world.engine().map();
        assertThat(map.status()).isEqualTo(ClusterStatus.RUNNING);
        assertThat(map.epoch()).isEqualTo(1);
        assertThat(map.groups()).hasSize(16);
        assertThat(map.settings().createdNanos()).isPositive();
        assertThat(world.engine().epochs()).hasSize(1);
        assertThat(world.act(world.engine()::flush).isDone()).isTrue();
    }

    @Test
    void refusesRequestsBeforeItHasStarted() {
        World world = new World();

        assertThat(world.act(world.engine()::flush).error()).isEqualTo(ErrorCode.NOT_JOINED);
        assertThat(format(world).error()).isEqualTo(ErrorCode.NOT_JOINED);
    }

    @Test
    void raisesTheEpochOfEveryGroupItHoldsWhenItRestarts() {
        World world = World.serving();
        ClusterMap before = world.engine().map();

        assertThat(world.restart().isDone()).isTrue();

        ClusterMap after = world.engine().map();
        assertThat(after.version()).isEqualTo(before.version() + 1);
        assertThat(after.epoch()).as("the members are the same").isEqualTo(before.epoch());
        assertThat(after.groups()).extracting(PgEntry::epoch).containsOnly(after.version());
        assertThat(after.members().get(0).incarnation()).isEqualTo(world.incarnation());
    }

    @ParameterizedTest
    @EnumSource(names = {"LANDS_UNKNOWN", "LOST_UNKNOWN", "FAILS"})
    void joinsAlthoughTheAnswerToItsMapIsUncertain(Fate fate) {
        World world = World.serving();
        long version = world.engine().map().version();
        world.coordinator.nextSwaps(fate);

        Ended<Outcome> started = world.restart();
        world.loop.pass(SECOND);

        assertThat(started.isDone()).isTrue();
        assertThat(world.engine().map()).isEqualTo(world.coordinator.map());
        assertThat(world.engine().map().version()).isEqualTo(version + 1);
    }

    @Test
    void editsTheNewMapWhenSomebodyElseWasFaster() {
        World world = World.serving();
        world.coordinator.otherEditsFirst(map -> new ClusterMap(
                map.version() + 1,
                map.epoch(),
                map.eventsIndex(),
                ClusterStatus.SHUTDOWN,
                map.settings(),
                map.members(),
                map.groups()));
        long version = world.engine().map().version();

        assertThat(world.restart().isDone()).isTrue();

        assertThat(world.engine().map().version()).isEqualTo(version + 2);
        assertThat(world.engine().map().status()).isEqualTo(ClusterStatus.RUNNING);
    }

    @Test
    void dropsEverythingWhenItIsFormattedAgain() {
        World world = World.serving();
        Volume old = world.volume("v", 4 * MIB);
        world.write(old, 0, MIB, 5);
        world.loop.run();

        assertThat(format(world).isDone()).isTrue();

        assertThat(world.engine().vdis()).isEmpty();
        assertThat(world.store.objects()).isEmpty();
        assertThat(world.write(old, 0, 1, 5).error()).isEqualTo(ErrorCode.NO_SUCH_VDI);
        Volume again = world.volume("v", 4 * MIB);
        assertThat(again.vdi()).isEqualTo(old.vdi());
        assertThat(world.valueOf(again, 0, MIB)).isZero();
    }

    @ParameterizedTest
    @EnumSource(names = {"DIES", "LANDS_AND_DIES"})
    void finishesAFormatThatDiedWithItsMap(Fate fate) {
        World world = World.serving();
        world.volume("v", 4 * MIB);
        world.coordinator.nextSwaps(fate);
        assertThat(format(world).isEnded()).isFalse();

        assertThat(world.restart().isDone()).isTrue();

        assertThat(world.engine().vdis()).isEmpty();
        assertThat(world.store.objects()).isEmpty();
        assertThat(world.create("v", MIB).snapshotId()).isEqualTo(1);
    }

    @Test
    void finishesAFormatThatDiedAfterItsEvent() {
        World world = World.serving();
        world.volume("v", 4 * MIB);
        world.coordinator.nextAppends(Fate.LANDS_AND_DIES);
        assertThat(format(world).isEnded()).isFalse();

        assertThat(world.restart().isDone()).isTrue();

        assertThat(world.engine().vdis()).isEmpty();
        assertThat(world.store.objects()).isEmpty();
        assertThat(world.engine().map().epoch()).isEqualTo(1);
    }

    @Test
    void finishesAFormatThatDiedWhileItDroppedTheObjects() {
        World world = World.serving();
        world.volume("v", 4 * MIB);
        world.store.fail(StoreOperation.DropEverything.class::isInstance, ErrorCode.IO_ERROR);
        assertThat(format(world).error()).isEqualTo(ErrorCode.IO_ERROR);
        assertThat(world.act(world.engine()::flush).error()).isEqualTo(ErrorCode.NOT_FORMATTED);
        world.store.heal();

        assertThat(world.restart().isDone()).isTrue();

        assertThat(world.store.objects()).isEmpty();
        assertThat(world.act(world.engine()::flush).isDone()).isTrue();
    }

    @Test
    void keepsTheOldClusterWhenTheFormatNeverReachedTheLog() {
        World world = World.serving();
        VdiId vdi = world.create("v", 4 * MIB).id();
        world.coordinator.nextAppends(Fate.DIES);
        assertThat(format(world).isEnded()).isFalse();

        assertThat(world.restart().isDone()).isTrue();

        assertThat(world.open(vdi).sizeBytes()).isEqualTo(4L * MIB);
    }

    @Test
    void refusesASecondFormatAndAShutdownMeanwhile() {
        World world = World.serving();
        Ended<Outcome> first =
                world.begin(completion -> world.engine().format(World.settings(), completion));

        assertThat(world.<Outcome>begin(
                                completion -> world.engine().format(World.settings(), completion))
                        .error())
                .isEqualTo(ErrorCode.BUSY);
        assertThat(world.<Outcome>begin(world.engine()::shutdownCluster).error())
                .isEqualTo(ErrorCode.BUSY);
        world.loop.run();
        assertThat(first.isDone()).isTrue();
    }

    @Test
    void refusesToFormatAGatewayWithoutStorage() {
        World world = new World();
        world.reborn(0);
        world.act(world.engine()::start);

        assertThat(format(world).error()).isEqualTo(ErrorCode.NO_SPACE);
    }

    @Test
    void servesNoMoreOnceTheClusterIsShutDown() {
        World world = World.serving();

        assertThat(world.act(world.engine()::shutdownCluster).isDone()).isTrue();

        assertThat(world.coordinator.map().status()).isEqualTo(ClusterStatus.SHUTDOWN);
        assertThat(world.act(world.engine()::flush).error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        assertThat(format(world).error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        assertThat(world.restart().isDone()).isTrue();
        assertThat(world.act(world.engine()::flush).isDone()).isTrue();
    }

    @Test
    void stopsWhenTheRequestsInFlightHaveEnded() {
        World world = World.serving();
        Volume volume = world.volume("v", 4 * MIB);
        world.store.hold(operation -> true);
        Ended<Outcome> written = world.write(volume, 0, 16, 5);
        Ended<Outcome> stopped = world.act(world.engine()::stop);
        assertThat(stopped.isEnded()).isFalse();

        world.store.releaseHeld();
        world.loop.run();

        assertThat(written.isDone()).isTrue();
        assertThat(stopped.isDone()).isTrue();
        assertThat(world.act(world.engine()::flush).error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
    }

    @Test
    void stopsAfterAWhileAlthoughARequestDoesNotEnd() {
        World world = World.serving();
        Volume volume = world.volume("v", 4 * MIB);
        world.store.hold(StoreOperation.Create.class::isInstance);
        world.write(volume, 0, 16, 5);

        Ended<Outcome> stopped = world.act(world.engine()::stop);
        world.loop.pass(60 * SECOND);
        assertThat(stopped.isDone()).isTrue();

        world.store.releaseHeld();
        world.loop.run();
        assertThat(world.engine().requestsInFlight()).isZero();
    }

    @Test
    void endsItsStartWhenItIsStoppedMeanwhile() {
        World world = World.serving();
        world.coordinator.nextEventReads(Fate.FAILS, Fate.FAILS, Fate.FAILS);
        Engine engine = world.reborn();
        Ended<Outcome> ready = world.act(engine::start);

        Ended<Outcome> stopped = world.act(engine::stop);

        assertThat(stopped.isDone()).isTrue();
        assertThat(ready.error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
    }

    @Test
    void finishesACreationThatDiedBeforeItsInode() {
        World world = World.serving();
        world.store.hold(StoreOperation.Create.class::isInstance);
        Ended<VdiEntry> created = create(world, "v");
        assertThat(created.isEnded()).isFalse();
        ObjectId inode = ObjectId.inode(world.engine().vdis().get(0).id());
        world.store.lose(inode);
        Engine engine = world.reborn();

        assertThat(world.act(engine::start).isDone()).isTrue();

        assertThat(world.store.has(inode)).isTrue();
        assertThat(world.open(inode.vdi()).sizeBytes()).isEqualTo(MIB);
    }

    @Test
    void givesTheNameBackWhenTheInodeCannotBeWritten() {
        World world = World.serving();
        world.store.fail(StoreOperation.Create.class::isInstance, ErrorCode.NO_SPACE);

        assertThat(create(world, "v").error()).isEqualTo(ErrorCode.NO_SPACE);

        world.store.heal();
        assertThat(create(world, "v").isDone()).isTrue();
    }

    @Test
    void finishesADeletionThatDiedHalfWay() {
        World world = World.serving();
        Volume volume = world.volume("v", 40 * MIB);
        world.write(volume, 0, 40 * MIB, 5);
        world.loop.run();
        world.store.hold(StoreOperation.Remove.class::isInstance);
        delete(world, "v");
        world.reborn();

        assertThat(world.act(world.engine()::start).isDone()).isTrue();

        assertThat(world.store.objects()).containsExactly(ObjectId.inode(volume.vdi()));
        assertThat(world.engine().vdis().get(0).state()).isEqualTo(VdiEntry.VdiState.DELETED);
        assertThat(world.engine().requestsInFlight()).isZero();
    }

    @Test
    void finishesADeletionBeforeItFormats() {
        World world = World.serving();
        Volume volume = world.volume("v", 40 * MIB);
        world.write(volume, 0, 40 * MIB, 5);
        world.loop.run();
        world.store.hold(StoreOperation.Remove.class::isInstance);
        delete(world, "v");
        world.reborn();
        world.store.hold(StoreOperation.Remove.class::isInstance);
        world.act(world.engine()::start);

        Ended<Outcome> formatted = format(world);
        assertThat(formatted.isEnded()).as("the removal is under way").isFalse();
        world.store.releaseHeld();
        world.loop.run();

        assertThat(formatted.isDone()).isTrue();
        assertThat(world.store.objects()).isEmpty();
    }

    @Test
    void deletesAVdiSomeOfWhoseObjectsAreMissing() {
        World world = World.serving();
        Volume volume = world.volume("v", 4 * MIB);
        world.write(volume, 0, 4 * MIB, 5);
        world.loop.run();
        world.store.lose(ObjectId.data(volume.vdi(), 2));

        assertThat(delete(world, "v").isDone()).isTrue();

        assertThat(world.store.objects()).containsExactly(ObjectId.inode(volume.vdi()));
    }

    @Test
    void deletesAVdiWhoseInodeIsLost() {
        World world = World.serving();
        Volume volume = world.volume("v", 4 * MIB);
        world.write(volume, 0, 4 * MIB, 5);
        world.loop.run();
        world.store.lose(ObjectId.inode(volume.vdi()));
        world.restart();

        assertThat(delete(world, "v").isDone()).isTrue();

        assertThat(world.store.objects()).containsExactly(ObjectId.inode(volume.vdi()));
    }

    @Test
    void deletesObjectsThatACrashLeftWithoutAnEntry() {
        World world = World.serving();
        Volume volume = world.volume("v", 4 * MIB);
        ObjectId orphan = ObjectId.data(volume.vdi(), 3);
        world.act(completion -> world.engine()
                .createObject(orphan, 0, 0, world.payloads.filled(512, 7), true, completion));
        world.restart();

        assertThat(delete(world, "v").isDone()).isTrue();

        assertThat(world.store.objects()).containsExactly(ObjectId.inode(volume.vdi()));
    }

    @Test
    void growsTheDiskAlthoughTheTableCannotBeToldAndTellsItLater() {
        World world = World.serving();
        Volume volume = world.volume("v", 4 * MIB);
        world.coordinator.nextAppends(Fate.FULL);

        Ended<Outcome> resized = world.act(completion -> volume.resize(8L * MIB, completion));
        assertThat(resized.isDone()).isTrue();
        assertThat(volume.sizeBytes()).isEqualTo(8L * MIB);
        assertThat(world.engine().vdis().get(0).sizeBytes()).isEqualTo(4L * MIB);

        world.restart();
        world.open(volume.vdi());
        assertThat(world.engine().vdis().get(0).sizeBytes()).isEqualTo(8L * MIB);
    }

    @Test
    void keepsNoMoreThanSixtyFourIdleInodesAndReloadsTheOthers() {
        World world = World.serving();
        Volume first = world.volume("first", 4 * MIB);
        world.write(first, 0, 16, 5);
        world.loop.run();
        first.close();
        for (int i = 0; i < 70; i++) {
            world.volume("v" + i, MIB).close();
        }

        Volume again = world.open(first.vdi());

        assertThat(world.valueOf(again, 0, 16)).isEqualTo(5);
        assertThat(again.allocatedBytes()).isEqualTo(MIB);
    }

    private static Ended<Outcome> format(World world) {
        world.loop.pass(1);
        return world.act(completion -> world.engine().format(World.settings(), completion));
    }

    private static Ended<VdiEntry> create(World world, String name) {
        return world.end(completion ->
                world.engine().createVdi(new CreateRequest(name, MIB, 0, 0), completion));
    }

    private static Ended<VdiEntry> delete(World world, String name) {
        return world.end(completion -> world.engine().deleteVdi(name, "", 0, completion));
    }
}
