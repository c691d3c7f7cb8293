package io.kelpie.cluster.replication;

import static io.kelpie.cluster.testing.ReplicationWorld.MILLI;
import static io.kelpie.cluster.testing.ReplicationWorld.OBJECT;
import static io.kelpie.cluster.testing.ReplicationWorld.PG;
import static io.kelpie.cluster.testing.ReplicationWorld.SECOND;
import static io.kelpie.cluster.testing.ReplicationWorld.members;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.ListRequest;
import io.kelpie.cluster.message.GroupMessage.Listing;
import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.ReplicaStatus;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.Network.Packet;
import io.kelpie.cluster.testing.ReplicationWorld;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.function.Predicate;

/** What may go wrong between the first part of a push and a copy that counts. */
class PushedCopiesTest {
    private static final int PART = 1 << 20;
    private static final int SIZE = 4 * PART;

    private final ReplicationWorld world = new ReplicationWorld(2);
    private @Nullable ActiveGroup active;

    @AfterEach
    void allPayloadsAreReleased() {
        world.network.heal();
        world.network.deliverKept();
        world.node(0).store.releaseHeld();
        world.node(1).store.releaseHeld();
        world.everywhere(0, members(0), members());
        world.pass(10 * SECOND);
        assertThat(world.payloads.references()).isZero();
    }

    private ObjectChange large(int value) {
        return ObjectChange.create(
                OBJECT,
                SIZE,
                List.of(
                        piece(0, value),
                        piece(PART, value),
                        piece(2 * PART, value),
                        piece(3 * PART, value)),
                true);
    }

    private Piece piece(long offset, int value) {
        return Piece.of(offset, world.payloads.filled(4096, value));
    }

    private void write(ObjectChange change) {
        Ended<Outcome> written = world.node(0).write(change);
        world.pass(10 * MILLI);
        assertThat(written.isDone()).isTrue();
    }

    /** Node 1 lacks the object and is told of a later write: it gets the object pushed. */
    private Ended<Outcome> makeNodeOneLag() {
        world.network.lose(packet -> packet.is(Replicate.class));
        Ended<Outcome> created = world.node(0).write(large(1));
        world.pass(10 * MILLI);
        assertThat(created.isEnded()).isFalse();
        return created;
    }

    private static Predicate<Packet> part(int number) {
        return packet -> packet.message() instanceof Push push && push.part() == number;
    }

    private void assertLevel(int value) {
        for (int offset = 0; offset < SIZE; offset += PART) {
            assertThat(world.node(1).onDisk(OBJECT, offset)).isEqualTo(value);
        }
        assertThat(world.node(1).store.versionOf(OBJECT))
                .isEqualTo(world.node(0).store.versionOf(OBJECT));
    }

    private void serveWithTwo() {
        world.everywhere(0, members(0, 1), members());
        world.pass(10 * MILLI);
    }

    private ActiveGroup teach(Learner learner) {
        world.node(0).replication().teach(new RecoveryListener() {
            @Override
            public void onActive(ActiveGroup group) {
                active = group;
                if (!group.entry().learners().isEmpty()) {
                    group.register(learner);
                }
            }

            @Override
            public void onOver(ActiveGroup group) {}
        });
        world.everywhere(0, members(0), members(1));
        world.pass(10 * MILLI);
        ActiveGroup group = active;
        if (group == null) {
            throw new AssertionError("the group is active");
        }
        return group;
    }

    @Test
    void aCopyThatLacksAPartInTheMiddleIsNotTaken() {
        serveWithTwo();
        Ended<Outcome> created = makeNodeOneLag();
        world.network.lose(part(2));

        Ended<Outcome> next = world.node(0).write(world.put(OBJECT, 0, 1));
        world.pass(400 * MILLI);

        assertThat(created.isEnded()).isFalse();
        assertThat(next.isEnded()).isFalse();
        world.network.heal();
        world.pass(3 * SECOND);
        assertThat(next.isDone()).isTrue();
        assertLevel(1);
    }

    @Test
    void aCopyOfWhichThePrimaryPulledNotAllIsAskedForAgain() {
        world.everywhere(1, members(1), members());
        world.pass(10 * MILLI);
        Ended<Outcome> created = world.node(1).write(large(3));
        world.pass(10 * MILLI);
        assertThat(created.isDone()).isTrue();
        int[] lost = new int[1];
        world.network.lose(packet -> part(1).test(packet) && lost[0]++ == 0);

        world.everywhere(0, members(0, 1), members());
        world.pass(5 * SECOND);

        assertThat(lost[0]).isPositive();
        assertThat(world.node(0).value(OBJECT, PART)).isEqualTo(3);
    }

    @Test
    void aCopyOneOfWhosePartsTheDiskRefusedNeverGetsItsVersion() {
        Recorder learner = new Recorder();
        ActiveGroup group = teach(learner);
        write(large(1));
        world.node(1)
                .store
                .fail(
                        operation -> operation instanceof StoreOperation.Write write
                                && write.offset() == PART,
                        ErrorCode.NO_SPACE);

        group.push(
                learner,
                new HeldObject(OBJECT, ObjectVersion.NONE, 0),
                null,
                new Ended<ObjectVersion>());
        world.pass(100 * MILLI);

        assertThat(learner.last().status()).isEqualTo(ReplicaStatus.NO_SPACE);
        assertThat(world.node(1).store.versionOf(OBJECT)).isEqualTo(ObjectVersion.PARTIAL);
    }

    @Test
    void aRefusedPushTellsWhatIsHeld() {
        Recorder learner = new Recorder();
        ActiveGroup group = teach(learner);
        write(large(1));
        HeldObject nothing = new HeldObject(OBJECT, ObjectVersion.NONE, 0);
        group.push(learner, nothing, null, new Ended<ObjectVersion>());
        world.pass(10 * MILLI);
        ObjectVersion held = world.node(1).store.versionOf(OBJECT);
        learner.covers = false;
        write(world.put(OBJECT, 0, 2));

        group.push(learner, nothing, null, new Ended<ObjectVersion>());
        world.pass(10 * MILLI);

        assertThat(learner.last().status()).isEqualTo(ReplicaStatus.GAP);
        assertThat(learner.last().held()).isEqualTo(held);
    }

    @Test
    void aLearnerWhoseStrayCopyWasDroppedDoesNotBelieveThatItIsThere() {
        serveWithTwo();
        write(large(7));
        world.everywhere(0, members(0), members());
        world.pass(10 * MILLI);
        Ended<Outcome> dropped = new Ended<>();
        world.node(1)
                .store
                .write(new StoreBatch(List.of(new StoreOperation.DropGroup(PG)), true), dropped);
        world.pass(10 * MILLI);
        assertThat(world.node(1).store.has(OBJECT)).isFalse();
        Recorder learner = new Recorder();
        ActiveGroup group = teach(learner);

        group.push(
                learner,
                new HeldObject(OBJECT, ObjectVersion.NONE, 0),
                null,
                new Ended<ObjectVersion>());
        world.pass(10 * MILLI);

        assertThat(learner.last().status()).isEqualTo(ReplicaStatus.APPLIED);
        assertLevel(7);
    }

    @Test
    void aLearnerListsNothingWhileItsFormerRoleHasWritesUnderWay() {
        serveWithTwo();
        write(large(1));
        world.node(1).store.hold(StoreOperation.Write.class::isInstance);
        world.node(0).write(world.put(OBJECT, 0, 2));
        world.pass(10 * MILLI);
        Recorder learner = new Recorder();
        ActiveGroup group = teach(learner);
        world.network.clearSent();

        group.send(learner, new ListRequest(PG, group.entry().epoch(), 1, new ObjectId(0), 10));
        world.pass(SECOND);

        assertThat(world.network.count(packet -> packet.is(Listing.class))).isZero();
        world.node(1).store.releaseHeld();
        world.pass(10 * MILLI);
        assertThat(world.network.count(packet -> packet.is(Listing.class))).isEqualTo(1);
    }

    @Test
    void aLearnerForgetsItsLogOnlyAfterTheLastWriteOfItsFormerRole() {
        serveWithTwo();
        write(large(1));
        world.node(1).store.hold(StoreOperation.Write.class::isInstance);
        world.node(0).write(world.put(OBJECT, 0, 2));
        world.pass(10 * MILLI);
        world.node(1).store.clearLog();
        teach(new Recorder());
        assertThat(world.node(1).store.log()).noneMatch(StoreOperation.TrimLog.class::isInstance);

        world.node(1).store.releaseHeld();
        world.pass(10 * MILLI);

        assertThat(world.node(1).store.log()).anyMatch(StoreOperation.TrimLog.class::isInstance);
        assertThat(world.node(1).store.lines(PG)).isEmpty();
    }

    @Test
    void aDamagedCopyTooLargeForOneBatchIsNotReplacedPartByPartWhileItIsRead() {
        serveWithTwo();
        int size = 40 << 20;
        List<Piece> pieces = List.of(
                Piece.of(0, world.payloads.filled(17 << 20, 5)),
                Piece.of(20 << 20, world.payloads.filled(17 << 20, 5)));
        write(ObjectChange.create(OBJECT, size, pieces, true));
        world.node(0).store.failReads(OBJECT::equals, ErrorCode.CORRUPT_OBJECT);
        world.node(0).store.clearLog();

        var read = world.node(0).read(OBJECT, 0, 1);
        world.pass(20 * SECOND);

        assertThat(read.error()).isEqualTo(ErrorCode.CORRUPT_OBJECT);
        assertThat(world.node(0).store.log()).noneMatch(StoreOperation.Create.class::isInstance);
        world.node(0).store.heal();
    }

    /** A session that covers what was pushed and keeps the acknowledgements. */
    private static final class Recorder implements Learner {
        private @Nullable Acknowledge last;
        private boolean covers;

        Acknowledge last() {
            Acknowledge answer = last;
            if (answer == null) {
                throw new AssertionError("the learner answered");
            }
            return answer;
        }

        @Override
        public int member() {
            return 1;
        }

        @Override
        public long session() {
            return 1;
        }

        @Override
        public boolean covers(ObjectId object) {
            return covers;
        }

        @Override
        public boolean isRequired() {
            return false;
        }

        @Override
        public boolean isRequested() {
            return false;
        }

        @Override
        public void onSnapshot(ObjectId object) {
            covers = true;
        }

        @Override
        public void onReplicated(Replicate message) {}

        @Override
        public void onAnswer(GroupMessage answer) {
            if (answer instanceof Acknowledge acknowledge) {
                last = acknowledge;
            }
        }

        @Override
        public void onLost() {}
    }
}
