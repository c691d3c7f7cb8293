package io.kelpie.cluster.replication;

import static io.kelpie.cluster.testing.ReplicationWorld.MILLI;
import static io.kelpie.cluster.testing.ReplicationWorld.OBJECT;
import static io.kelpie.cluster.testing.ReplicationWorld.PG;
import static io.kelpie.cluster.testing.ReplicationWorld.SECOND;
import static io.kelpie.cluster.testing.ReplicationWorld.id;
import static io.kelpie.cluster.testing.ReplicationWorld.members;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Info;
import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.message.GroupMessage.Stale;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.ReplicationWorld;

import org.junit.jupiter.api.Test;

import java.util.List;

/** How a group goes on after a change of its members. */
class PeeringTest {
    private ReplicationWorld world = new ReplicationWorld(3);

    private void serveWithThree() {
        world.everywhere(0, members(0, 1, 2), members());
        world.pass(10 * MILLI);
        world.node(0).write(world.create(OBJECT, 1));
        world.pass(10 * MILLI);
    }

    /** A write that reaches node 1 but not node 2, and is not acknowledged. */
    private Ended<Outcome> writeReachingOnlyOne(OperationId operation, int value) {
        world.network.lose(packet -> packet.is(Replicate.class) && packet.goesTo(id(2)));
        Ended<Outcome> written = world.node(0).write(operation, world.put(OBJECT, 0, value));
        world.pass(10 * MILLI);
        assertThat(written.isEnded()).isFalse();
        world.network.heal();
        return written;
    }

    private void failOverTo(int primary) {
        world.node(0).kill();
        world.everywhere(primary, members(1, 2), members());
        world.pass(100 * MILLI);
    }

    @Test
    void rollsAWriteForwardThatSomeMemberHas() {
        serveWithThree();
        writeReachingOnlyOne(world.nextOperation(), 5);

        failOverTo(2);

        assertThat(world.node(2).replication().isActive(PG)).isTrue();
        assertThat(world.node(2).value(OBJECT, 0)).isEqualTo(5);
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(5);
        assertThat(world.node(1).store.versionOf(OBJECT))
                .isEqualTo(world.node(2).store.versionOf(OBJECT));
    }

    @Test
    void withoutRollForwardTheCopiesStayDifferent() {
        world = new ReplicationWorld(3, Rules.ALL.without(Rule.ROLL_FORWARD));
        serveWithThree();
        writeReachingOnlyOne(world.nextOperation(), 5);

        failOverTo(2);

        assertThat(world.node(2).value(OBJECT, 0)).isEqualTo(1);
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(5);
    }

    @Test
    void recognisesARetryAfterTheWriteWasRolledForwardAndOverwritten() {
        serveWithThree();
        OperationId operation = world.nextOperation();
        writeReachingOnlyOne(operation, 5);
        failOverTo(2);
        world.node(2).write(world.put(OBJECT, 0, 6));
        world.pass(10 * MILLI);

        Ended<Outcome> retried = world.node(2).write(operation, world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);

        assertThat(retried.isDone()).isTrue();
        assertThat(world.node(2).value(OBJECT, 0)).isEqualTo(6);
    }

    @Test
    void recognisesARetryAfterTwoChangesOfThePrimary() {
        serveWithThree();
        OperationId operation = world.nextOperation();
        writeReachingOnlyOne(operation, 5);
        failOverTo(2);
        world.node(2).write(world.put(OBJECT, 0, 6));
        world.pass(10 * MILLI);
        world.node(1).kill();
        world.node(2).restart();
        world.everywhere(2, members(2), members());
        world.pass(10 * MILLI);

        Ended<Outcome> retried = world.node(2).write(operation, world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);

        assertThat(retried.isDone()).isTrue();
        assertThat(world.node(2).value(OBJECT, 0)).isEqualTo(6);
    }

    @Test
    void withoutLevelledOperationsALateRetryBringsAnOldValueBack() {
        world = new ReplicationWorld(3, Rules.ALL.without(Rule.LEVEL_OPERATIONS));
        serveWithThree();
        OperationId operation = world.nextOperation();
        writeReachingOnlyOne(operation, 5);
        failOverTo(2);
        world.node(2).write(world.put(OBJECT, 0, 6));
        world.pass(10 * MILLI);

        world.node(2).write(operation, world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);

        assertThat(world.node(2).value(OBJECT, 0)).isEqualTo(5);
    }

    @Test
    void withoutRecognitionARetryBringsAnOldValueBack() {
        world = new ReplicationWorld(3, Rules.ALL.without(Rule.DEDUP));
        serveWithThree();
        OperationId operation = world.nextOperation();
        world.node(0).write(operation, world.put(OBJECT, 0, 5));
        world.node(0).write(world.put(OBJECT, 0, 6));
        world.node(0).write(operation, world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);

        assertThat(world.node(0).value(OBJECT, 0)).isEqualTo(5);
    }

    @Test
    void givesNoVoteToAnUnacknowledgedWriteOfAnEvictedMember() {
        serveWithThree();
        world.network.lose(packet -> packet.is(Replicate.class));
        world.node(0).write(world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);
        world.network.heal();

        world.everywhere(1, members(1, 2), members(0));
        world.pass(100 * MILLI);

        assertThat(world.node(0).onDisk(OBJECT, 0)).isEqualTo(5);
        assertThat(world.node(1).value(OBJECT, 0)).isEqualTo(1);
        assertThat(world.node(0).store.lines(PG)).isEmpty();
    }

    @Test
    void withoutTheAuthorityOfTheSetAnEvictedMembersWriteDecides() {
        world = new ReplicationWorld(3, Rules.ALL.without(Rule.SYNC_AUTHORITY));
        serveWithThree();
        world.network.lose(packet -> packet.is(Replicate.class));
        world.node(0).write(world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);
        world.network.heal();

        world.everywhere(1, members(1, 2), members(0));
        world.pass(100 * MILLI);

        assertThat(world.node(0).replication().isPrimary(PG)).isFalse();
        assertThat(world.network.count(packet ->
                        packet.is(Info.class) && packet.from().equals(world.node(0).self)))
                .isPositive();
    }

    @Test
    void refusesTheFormerPrimaryThatHasNotHeardOfTheNewMap() {
        serveWithThree();
        world.makeMap(1, members(1, 2), members());
        world.node(1).installMap();
        world.node(2).installMap();
        world.pass(100 * MILLI);
        Ended<Outcome> written = new Ended<>();
        ObjectChange change = world.put(OBJECT, 0, 5);
        world.node(0).replication().write(PG, Replication.ANY_EPOCH, null, change, written);
        world.pass(100 * MILLI);

        assertThat(written.isEnded()).isFalse();
        assertThat(world.node(1).value(OBJECT, 0)).isEqualTo(1);
        assertThat(world.network.count(packet -> packet.is(Stale.class))).isPositive();
    }

    @Test
    void withoutTheFenceAFormerPrimaryStillWritesIntoReplicas() {
        world = new ReplicationWorld(3, Rules.ALL.without(Rule.FENCE));
        serveWithThree();
        world.makeMap(1, members(1, 2), members());
        world.node(1).installMap();
        world.node(2).installMap();
        world.pass(100 * MILLI);
        world.node(0)
                .replication()
                .write(PG, Replication.ANY_EPOCH, null, world.put(OBJECT, 0, 5), new Ended<>());
        world.pass(100 * MILLI);

        assertThat(world.node(2).onDisk(OBJECT, 0)).isEqualTo(5);
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(1);
    }

    @Test
    void waitsForTheLeasesThatItsMembersGranted() {
        serveWithThree();
        long end = world.loop.nanos() + SECOND;
        world.node(1).bound.put(id(0), end);
        world.node(2).bound.put(id(0), end + SECOND);
        world.node(0).kill();
        world.everywhere(1, members(1, 2), members());

        world.pass(1_900 * MILLI);
        assertThat(world.node(1).replication().isActive(PG)).isFalse();
        world.pass(200 * MILLI);

        assertThat(world.node(1).replication().isActive(PG)).isTrue();
        assertThat(world.accusations()).isEmpty();
    }

    @Test
    void withoutThatWaitItServesWhileTheFormerPrimaryStillMay() {
        world = new ReplicationWorld(3, Rules.ALL.without(Rule.GRANT_WAIT));
        serveWithThree();
        world.node(1).bound.put(id(0), world.loop.nanos() + SECOND);
        world.everywhere(1, members(1, 2), members());
        world.pass(100 * MILLI);

        assertThat(world.node(1).replication().isActive(PG)).isTrue();
    }

    @Test
    void takesNoPartBeforeTheQuarantineOfAYoungProcessIsOver() {
        serveWithThree();
        world.node(1).restart();
        world.node(1).quarantineEnd = world.loop.nanos() + SECOND;
        world.everywhere(0, members(0, 1, 2), members());
        world.pass(900 * MILLI);
        assertThat(world.node(0).replication().isActive(PG)).isFalse();

        world.pass(200 * MILLI);
        assertThat(world.node(0).replication().isActive(PG)).isTrue();
    }

    @Test
    void obeysNothingUntilAMapNamesTheNewIncarnation() {
        serveWithThree();
        world.node(1).restart();
        Ended<Outcome> written = world.node(0).write(world.put(OBJECT, 0, 5));
        world.pass(2 * SECOND);
        assertThat(written.isEnded()).isFalse();
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(1);

        world.everywhere(0, members(0, 1, 2), members());
        world.pass(100 * MILLI);

        assertThat(written.error()).isEqualTo(ErrorCode.NO_PRIMARY);
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(5);
    }

    @Test
    void runsOperationsThatWaitedOnceItIsLevel() {
        serveWithThree();
        world.node(1).bound.put(id(0), world.loop.nanos() + SECOND);
        world.node(0).kill();
        world.everywhere(1, members(1, 2), members());
        Ended<Outcome> written = world.node(1).write(world.put(OBJECT, 0, 5));
        Ended<Payload> read = world.node(1).read(OBJECT, 0, 1);
        world.pass(500 * MILLI);
        assertThat(written.isEnded()).isFalse();

        world.pass(SECOND);

        assertThat(written.isDone()).isTrue();
        assertThat(read.result().view().get(0)).isEqualTo((byte) 5);
    }

    @Test
    void accusesAMemberThatStaysSilentAndGoesOnWithoutItByTheNextMap() {
        serveWithThree();
        world.node(0).kill();
        world.node(2).kill();
        world.everywhere(1, members(1, 2), members());
        world.pass(4 * SECOND);
        assertThat(world.accusations()).containsExactly("1 accuses 2 of NO_ACKNOWLEDGEMENT");

        world.everywhere(1, members(1), members());
        world.pass(100 * MILLI);

        assertThat(world.node(1).replication().isActive(PG)).isTrue();
    }

    @Test
    void levelsARemovalThatAMemberMissed() {
        serveWithThree();
        world.network.lose(packet -> packet.is(Replicate.class) && packet.goesTo(id(2)));
        world.node(0).write(ObjectChange.remove(OBJECT));
        world.pass(10 * MILLI);
        world.network.heal();

        failOverTo(2);

        assertThat(world.node(2).store.has(OBJECT)).isFalse();
        assertThat(world.node(1).store.has(OBJECT)).isFalse();
        assertThat(world.node(2).replication().isActive(PG)).isTrue();
    }

    @Test
    void comparesEverythingWhenAHostLostWhatWasNotSynced() {
        serveWithThree();
        ObjectId other = ObjectId.data(new VdiId(1), 7);
        world.node(0).write(world.create(other, 3));
        world.pass(70 * SECOND);
        world.node(0).write(world.put(other, 0, 4));
        world.pass(70 * SECOND);
        world.node(1).store.lose(OBJECT);
        world.node(1).restartUnclean();
        world.everywhere(0, members(0, 1, 2), members());
        world.pass(100 * MILLI);

        assertThat(world.node(0).replication().isActive(PG)).isTrue();
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(1);
        assertThat(world.node(1).onDisk(other, 0)).isEqualTo(4);
    }

    @Test
    void reportsAMemberThatLostWhatItHadSynced() {
        serveWithThree();
        world.node(2).store.lose(OBJECT);
        world.node(2)
                .store
                .write(
                        new StoreBatch(
                                List.of(new StoreOperation.TrimLog(PG, new ObjectVersion(99, 0))),
                                true),
                        new Ended<>());
        world.node(2).restart();
        world.everywhere(0, members(0, 1, 2), members());
        world.pass(100 * MILLI);

        assertThat(world.accusations()).contains("0 accuses 2 of ROLLED_BACK");
        assertThat(world.node(0).replication().isActive(PG)).isFalse();
    }

    @Test
    void keepsTheOldCopyUntilThePushedOneIsComplete() {
        serveWithThree();
        for (int i = 0; i < 3; i++) {
            world.node(0)
                    .write(ObjectChange.write(
                            OBJECT,
                            List.of(ObjectChange.Piece.of(
                                    i * 262_144L, world.payloads.filled(262_144, 9))),
                            true));
        }
        world.pass(10 * MILLI);
        writeReachingOnlyOne(world.nextOperation(), 5);
        world.network.lose(packet -> packet.is(Push.class));
        world.node(0).kill();
        world.everywhere(2, members(1, 2), members());
        world.pass(100 * MILLI);
        world.node(1).kill();
        world.everywhere(2, members(2), members());
        world.pass(100 * MILLI);

        assertThat(world.node(2).value(OBJECT, 0)).isEqualTo(9);
    }

    @Test
    void sendsALearnerNothingOnItsOwn() {
        world.everywhere(0, members(0), members(1));
        world.pass(10 * MILLI);
        world.node(0).write(world.create(OBJECT, 1));
        world.pass(10 * MILLI);

        assertThat(world.node(1).store.has(OBJECT)).isFalse();
        assertThat(world.network.count(packet -> packet.is(Acknowledge.class))).isZero();
    }
}
