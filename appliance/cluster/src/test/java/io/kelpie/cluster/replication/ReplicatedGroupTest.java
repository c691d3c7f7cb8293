package io.kelpie.cluster.replication;

import static io.kelpie.cluster.testing.ReplicationWorld.MILLI;
import static io.kelpie.cluster.testing.ReplicationWorld.OBJECT;
import static io.kelpie.cluster.testing.ReplicationWorld.PG;
import static io.kelpie.cluster.testing.ReplicationWorld.SECOND;
import static io.kelpie.cluster.testing.ReplicationWorld.id;
import static io.kelpie.cluster.testing.ReplicationWorld.members;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Committed;
import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.ReplicationWorld;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

/** An active primary with replicas: order, acknowledgements, retries, repairs. */
class ReplicatedGroupTest {
    private final ReplicationWorld world = new ReplicationWorld(3);

    @AfterEach
    void allPayloadsAreReleased() {
        world.network.heal();
        world.network.deliverKept();
        for (int i = 0; i < 3; i++) {
            world.node(i).store.releaseHeld();
        }
        world.everywhere(2, members(2), members());
        world.pass(10 * SECOND);
        assertThat(world.payloads.references()).isZero();
    }

    private void serveWithThree() {
        world.everywhere(0, members(0, 1, 2), members());
        world.pass(10 * MILLI);
        assertThat(world.node(0).replication().isActive(PG)).isTrue();
    }

    private void makeObject() {
        Ended<Outcome> made = world.node(0).write(world.create(OBJECT, 1));
        world.pass(10 * MILLI);
        assertThat(made.isDone()).isTrue();
    }

    @Test
    void writesToEveryCopyBeforeItAcknowledges() {
        serveWithThree();
        world.network.keep(
                packet -> packet.is(Acknowledge.class) && packet.from().equals(world.node(2).self));

        Ended<Outcome> written = world.node(0).write(world.create(OBJECT, 7));
        world.pass(100 * MILLI);
        assertThat(written.isEnded()).isFalse();
        world.network.deliverKept();
        world.pass(10 * MILLI);

        assertThat(written.isDone()).isTrue();
        for (int i = 0; i < 3; i++) {
            assertThat(world.node(i).onDisk(OBJECT, 0)).isEqualTo(7);
            assertThat(world.node(i).store.batches())
                    .anySatisfy(batch -> assertThat(batch.durable()).isTrue());
        }
    }

    @Test
    void doesNotAcknowledgeBeforeItsOwnDiskHasTheWrite() {
        serveWithThree();
        world.node(0).store.hold(operation -> true);

        Ended<Outcome> written = world.node(0).write(world.create(OBJECT, 7));
        world.pass(100 * MILLI);
        assertThat(written.isEnded()).isFalse();
        world.node(0).store.releaseHeld();
        world.pass(10 * MILLI);

        assertThat(written.isDone()).isTrue();
    }

    @Test
    void givesWritesOfOneObjectOneOrderOnAllCopies() {
        serveWithThree();
        makeObject();
        for (int value = 10; value < 30; value++) {
            world.node(0).write(world.put(OBJECT, 0, value));
        }
        world.pass(100 * MILLI);

        for (int i = 0; i < 3; i++) {
            assertThat(world.node(i).onDisk(OBJECT, 0)).isEqualTo(29);
            assertThat(world.node(i).store.versionOf(OBJECT))
                    .isEqualTo(new ObjectVersion(world.epoch(), 21));
            assertThat(world.node(i).store.lines(PG)).hasSize(21);
        }
    }

    @Test
    void makesAnObjectThatAWriteWantsEnsured() {
        serveWithThree();

        world.node(0).write(world.ensure(OBJECT, 0, 3));
        world.node(0).write(world.ensure(OBJECT, 4096, 4));
        world.pass(10 * MILLI);

        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(3);
        assertThat(world.node(1).onDisk(OBJECT, 4096)).isEqualTo(4);
    }

    @Test
    void refusesWritesAndRemovalsOfAMissingObjectBeforeTheyAreOrdered() {
        serveWithThree();

        Ended<Outcome> written = world.node(0).write(world.put(OBJECT, 0, 1));
        Ended<Outcome> removed = world.node(0).write(ObjectChange.remove(OBJECT));
        world.pass(10 * MILLI);

        assertThat(written.error()).isEqualTo(ErrorCode.NO_SUCH_OBJECT);
        assertThat(removed.error()).isEqualTo(ErrorCode.NO_SUCH_OBJECT);
        assertThat(world.network.count(packet -> packet.is(Replicate.class))).isZero();
    }

    @Test
    void removesAnObjectOnlyIfItIsEmpty() {
        serveWithThree();
        makeObject();

        Ended<Outcome> kept = world.node(0).write(ObjectChange.removeIfEmpty(OBJECT));
        world.pass(10 * MILLI);
        assertThat(kept.isDone()).isTrue();
        assertThat(world.node(1).store.has(OBJECT)).isTrue();

        world.node(0)
                .write(ObjectChange.write(
                        OBJECT, List.of(ObjectChange.Piece.zeros(0, 4096)), true));
        Ended<Outcome> removed = world.node(0).write(ObjectChange.removeIfEmpty(OBJECT));
        Ended<Outcome> late = world.node(0).write(world.put(OBJECT, 0, 1));
        world.pass(10 * MILLI);

        assertThat(removed.isDone()).isTrue();
        assertThat(world.node(2).store.has(OBJECT)).isFalse();
        assertThat(late.error()).isEqualTo(ErrorCode.NO_SUCH_OBJECT);
    }

    @Test
    void letsNoReadSeeAWriteThatNotAllCopiesHave() {
        serveWithThree();
        makeObject();
        world.network.keep(packet -> packet.is(Replicate.class) && packet.goesTo(id(2)));
        world.node(0).write(world.put(OBJECT, 0, 2));
        Ended<Payload> read = world.node(0).read(OBJECT, 0, 1);
        world.pass(100 * MILLI);
        assertThat(read.isEnded()).isFalse();

        world.network.deliverKept();
        world.pass(10 * MILLI);

        assertThat(read.result().view().get(0)).isEqualTo((byte) 2);
        read.result().release();
    }

    @Test
    void checksTheLeaseAfterTheDataWasRead() {
        serveWithThree();
        makeObject();
        world.node(0).leaseHeld = false;
        Ended<Payload> read = world.node(0).read(OBJECT, 0, 1);
        world.pass(10 * MILLI);
        assertThat(read.isEnded()).isFalse();
        assertThat(world.node(0).lastGivers()).containsExactly(id(1), id(2));

        world.node(0).nextGrant();
        assertThat(read.isEnded()).isFalse();
        world.node(0).nextGrant();

        assertThat(read.error()).isEqualTo(ErrorCode.NO_PRIMARY);
    }

    @Test
    void answersAReadOnceTheNextGrantCame() {
        serveWithThree();
        makeObject();
        world.node(0).leaseHeld = false;
        Ended<Payload> read = world.node(0).read(OBJECT, 0, 1);
        world.pass(10 * MILLI);

        world.node(0).leaseHeld = true;
        world.node(0).nextGrant();

        assertThat(read.isDone()).isTrue();
        read.result().release();
    }

    @Test
    void recognisesARetryInFlightAndAfterTheCommit() {
        serveWithThree();
        makeObject();
        OperationId operation = world.nextOperation();
        Ended<Outcome> first = world.node(0).write(operation, world.put(OBJECT, 0, 5));
        Ended<Outcome> second = world.node(0).write(operation, world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);
        world.node(0).write(world.put(OBJECT, 0, 6));
        Ended<Outcome> third = world.node(0).write(operation, world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);

        assertThat(first.isDone()).isTrue();
        assertThat(second.isDone()).isTrue();
        assertThat(third.isDone()).isTrue();
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(6);
    }

    @Test
    void sendsAgainWhatWasLostWithAConnection() {
        serveWithThree();
        makeObject();
        world.network.lose(packet -> packet.is(Replicate.class) && packet.goesTo(id(1)));
        Ended<Outcome> written = world.node(0).write(world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);
        world.network.heal();

        world.network.reset(id(0), id(1));
        world.pass(200 * MILLI);

        assertThat(written.isDone()).isTrue();
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(5);
    }

    @Test
    void findsALostWriteByTheOneBeforeAndPushesTheObject() {
        serveWithThree();
        makeObject();
        world.network.lose(packet -> packet.is(Replicate.class) && packet.goesTo(id(1)));
        Ended<Outcome> lost = world.node(0).write(world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);
        world.network.heal();

        Ended<Outcome> next = world.node(0).write(world.put(OBJECT, 4096, 6));
        world.pass(100 * MILLI);

        assertThat(world.network.count(packet -> packet.is(Push.class))).isEqualTo(1);
        assertThat(lost.isDone()).isTrue();
        assertThat(next.isDone()).isTrue();
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(5);
        assertThat(world.node(1).onDisk(OBJECT, 4096)).isEqualTo(6);
    }

    @Test
    void acknowledgesDoubledWritesWithoutApplyingThemTwice() {
        serveWithThree();
        world.network.duplicate(packet -> packet.is(Replicate.class));
        makeObject();
        Ended<Outcome> removed = world.node(0).write(ObjectChange.remove(OBJECT));
        world.pass(10 * MILLI);

        assertThat(removed.isDone()).isTrue();
        assertThat(world.node(1).store.has(OBJECT)).isFalse();
        assertThat(world.node(1).store.log())
                .filteredOn(operation -> operation instanceof StoreOperation.Create)
                .hasSize(1);
    }

    @Test
    void doesNotBringARemovedObjectBackByALateCopyOfItsCreation() {
        serveWithThree();
        world.network.lose(
                packet -> packet.is(Acknowledge.class) && packet.from().equals(world.node(1).self));
        Ended<Outcome> made = world.node(0).write(world.create(OBJECT, 1));
        world.pass(10 * MILLI);
        Ended<Outcome> removed = world.node(0).write(ObjectChange.remove(OBJECT));
        world.pass(10 * MILLI);
        world.network.heal();
        world.network.reset(id(0), id(1));
        world.pass(200 * MILLI);

        assertThat(made.isDone()).isTrue();
        assertThat(removed.isDone()).isTrue();
        assertThat(world.node(1).store.has(OBJECT)).isFalse();
    }

    @Test
    void accusesAMemberThatDoesNotAcknowledgeAndNeverGoesOnWithoutIt() {
        serveWithThree();
        makeObject();
        world.network.lose(packet -> packet.goesTo(id(2)));
        Ended<Outcome> written = world.node(0).write(world.put(OBJECT, 0, 5));

        world.pass(2_900 * MILLI);
        assertThat(world.accusations()).isEmpty();
        world.pass(10 * SECOND);

        assertThat(world.accusations()).containsExactly("0 accuses 2 of NO_ACKNOWLEDGEMENT");
        assertThat(written.isEnded()).isFalse();
    }

    @Test
    void tellsReplicasWhatIsCommittedWhenNothingElseIsSaid() {
        serveWithThree();
        makeObject();

        world.pass(200 * MILLI);

        assertThat(world.network.sent())
                .filteredOn(packet -> packet.is(Committed.class))
                .extracting(packet -> ((Committed) packet.message()).sequence())
                .containsExactly(1L, 1L);
    }

    @Test
    void keepsLinesOfTheLogForAMinuteAndTheLastForEver() {
        serveWithThree();
        makeObject();
        for (int i = 0; i < 3; i++) {
            world.pass(2 * SECOND);
            world.node(0).write(world.put(OBJECT, 0, i));
        }
        world.pass(50 * SECOND);
        assertThat(world.node(1).store.lines(PG)).hasSize(4);
        world.pass(20 * SECOND);
        Ended<Outcome> last = world.node(0).write(world.put(OBJECT, 0, 9));
        world.pass(2 * SECOND);
        assertThat(last.isDone()).isTrue();

        for (int i = 0; i < 3; i++) {
            assertThat(world.node(i).store.lines(PG)).as("node " + i).hasSizeBetween(1, 2);
        }
    }

    @Test
    void accusesAReplicaWhoseDiskRefusesAWrite() {
        serveWithThree();
        makeObject();
        world.node(1).store.fail(operation -> true, ErrorCode.NO_SPACE);

        Ended<Outcome> written = world.node(0).write(world.put(OBJECT, 0, 5));
        world.pass(100 * MILLI);

        assertThat(world.accusations()).containsExactly("0 accuses 1 of STORE_FAILED");
        assertThat(written.isEnded()).isFalse();
        world.node(1).store.heal();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void appliesNoWriteBehindOneThatAFullDiskRefused(int full) {
        serveWithThree();
        makeObject();
        world.node(full).store.haveRoom(1 << 20);
        world.node(full)
                .store
                .fail(
                        operation -> operation instanceof StoreOperation.Write write
                                && write.offset() == 0,
                        ErrorCode.NO_SPACE);

        world.node(0).write(world.put(OBJECT, 0, 5));
        world.node(0).write(world.put(OBJECT, 4096, 6));
        world.pass(100 * MILLI);

        assertThat(world.node(full).store.versionOf(OBJECT))
                .isEqualTo(new ObjectVersion(world.epoch(), 1));
        assertThat(world.node(full).onDisk(OBJECT, 4096)).isNotEqualTo(6);
        world.node(full).store.heal();
    }

    @Test
    void accusesItselfWhenItsDiskFailsAndDoesNotAnswerTheClient() {
        serveWithThree();
        makeObject();
        world.node(0).store.fail(operation -> true, ErrorCode.IO_ERROR);

        Ended<Outcome> written = world.node(0).write(world.put(OBJECT, 0, 5));
        world.pass(100 * MILLI);
        assertThat(written.isEnded()).isFalse();
        assertThat(world.accusations()).containsExactly("0 accuses 0 of STORE_FAILED");
        world.node(0).accusations.clear();
        world.pass(1500 * MILLI);
        assertThat(world.accusations()).containsExactly("0 accuses 0 of STORE_FAILED");
        world.node(0).store.heal();
        world.everywhere(1, members(1, 2), members());

        assertThat(written.error()).isEqualTo(ErrorCode.NO_PRIMARY);
        world.pass(10 * MILLI);
        assertThat(world.node(1).value(OBJECT, 0)).isEqualTo(5);
    }

    @Test
    void healsADamagedCopyFromAnotherMemberWhenItIsRead() {
        serveWithThree();
        makeObject();
        world.node(0).store.failReads(object -> true, ErrorCode.CORRUPT_OBJECT);
        Ended<Payload> read = world.node(0).read(OBJECT, 0, 1);
        world.loop.run();
        world.node(0).store.heal();
        world.pass(10 * MILLI);

        assertThat(read.result().view().get(0)).isEqualTo((byte) 1);
        read.result().release();
        assertThat(world.network.count(packet -> packet.is(Push.class))).isEqualTo(1);
        Ended<Outcome> after = world.node(0).write(world.put(OBJECT, 0, 2));
        world.pass(10 * MILLI);
        assertThat(after.isDone()).isTrue();
    }

    @Test
    void healsADamagedCopyThatAWriteMeets() {
        serveWithThree();
        makeObject();
        world.node(0)
                .store
                .fail(
                        operation -> operation instanceof StoreOperation.Write write
                                && write.offset() == 0,
                        ErrorCode.CORRUPT_OBJECT);
        Ended<Outcome> written = world.node(0).write(world.put(OBJECT, 0, 5));
        world.loop.run();
        world.node(0).store.heal();
        world.pass(100 * MILLI);

        assertThat(written.isDone()).isTrue();
        assertThat(world.node(0).onDisk(OBJECT, 0)).isEqualTo(5);
        assertThat(world.node(0).store.lines(PG)).hasSize(2);
    }

    @Test
    void pushesAnObjectToAReplicaWhoseCopyIsDamaged() {
        serveWithThree();
        makeObject();
        world.node(1)
                .store
                .fail(
                        operation -> operation instanceof StoreOperation.Write write
                                && write.offset() == 0,
                        ErrorCode.CORRUPT_OBJECT);
        Ended<Outcome> written = world.node(0).write(world.put(OBJECT, 0, 5));
        world.pass(150_000);
        world.node(1).store.heal();
        world.pass(100 * MILLI);

        assertThat(written.isDone()).isTrue();
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(5);
    }

    @Test
    void parksWritesOfAStrictClusterWithTooFewCopies() {
        world.strictWith(3);
        world.everywhere(0, members(0, 1), members());
        world.pass(10 * MILLI);

        Ended<Outcome> written = world.node(0).write(world.create(OBJECT, 1));
        world.pass(SECOND);
        assertThat(written.isEnded()).isFalse();
        assertThat(world.node(0).replication().states().get(0).reason())
                .isEqualTo("too few copies are in sync");
        world.everywhere(0, members(0, 1, 2), members());

        assertThat(written.error()).isEqualTo(ErrorCode.NO_PRIMARY);
    }

    @Test
    void refusesRequestsOfAnotherEpochAndOfAReplica() {
        serveWithThree();
        Ended<Payload> old = new Ended<>();
        world.node(0).replication().read(PG, world.epoch() + 1, OBJECT, 0, 1, old);

        assertThat(old.error()).isEqualTo(ErrorCode.NO_PRIMARY);
        assertThat(world.node(1).read(OBJECT, 0, 1).error()).isEqualTo(ErrorCode.NO_PRIMARY);
    }
}
