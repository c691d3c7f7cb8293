package io.kelpie.cluster.recovery;

import static io.kelpie.cluster.recovery.Classroom.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.ObjectDigest;
import io.kelpie.cluster.replication.Learner;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.List;

final class LearnerSessionTest {
    private static final long SECOND = 1_000_000_000L;
    private static final PgId PG = new PgId(0);
    private static final ObjectVersion OLD = new ObjectVersion(3, 1);
    private static final ObjectVersion NEW = new ObjectVersion(4, 7);

    private Classroom room = new Classroom(RecoveryConfig.DEFAULT);
    private Classroom.Group group = room.group(0, List.of(0));

    private void use(RecoveryConfig config) {
        room = new Classroom(config);
        group = room.group(0, List.of(0));
    }

    private void learn() {
        group.begin();
        room.loop.pass(SECOND);
    }

    private SessionProgress progress() {
        return room.sessions.progress().get(0);
    }

    private static byte[] page(int value) {
        byte[] page = new byte[4096];
        Arrays.fill(page, (byte) value);
        return page;
    }

    private void assertLevel(ObjectId object) {
        assertThat(room.learner.versionOf(object)).isEqualTo(room.primary.versionOf(object));
        if (room.primary.has(object)) {
            assertThat(room.learner.bytes(object, 0, Classroom.SIZE))
                    .isEqualTo(room.primary.bytes(object, 0, Classroom.SIZE));
        }
    }

    @Test
    void copiesEverythingAndThenAsksForTheAddition() {
        for (int i = 0; i < 1500; i++) {
            room.give(room.primary, PG, object(i), new ObjectVersion(4, i + 1), i);
        }

        learn();

        assertThat(room.learner.objects()).hasSize(1500);
        assertLevel(object(777));
        assertThat(room.requests).containsExactly("pg0 9 1");
        assertThat(progress().state()).isEqualTo(SessionState.REQUESTED);
        assertThat(progress().objectsCopied()).isEqualTo(1500);
        assertThat(progress().objectsLeft()).isZero();
    }

    @Test
    void equalVersionsAreNotCopied() {
        room.give(room.primary, PG, object(1), NEW, 1);
        room.give(room.learner, PG, object(1), NEW, 1);

        learn();

        assertThat(room.pushedBytes()).isZero();
        assertThat(progress().objectsCompared()).isEqualTo(1);
        assertThat(room.requests).hasSize(1);
    }

    @Test
    void onlyChunksThatDifferTravel() {
        room.give(room.primary, PG, object(1), OLD, 1);
        room.give(room.learner, PG, object(1), OLD, 1);
        room.overwrite(room.primary, PG, object(1), NEW, 3L * ObjectDigest.CHUNK_BYTES, 9);

        learn();

        assertThat(room.pushedBytes()).isEqualTo(ObjectDigest.CHUNK_BYTES);
        assertLevel(object(1));
    }

    @Test
    void newerDataThatNobodyAcknowledgedIsOverwritten() {
        room.give(room.primary, PG, object(1), OLD, 1);
        room.give(room.learner, PG, object(1), NEW, 2);

        learn();

        assertThat(room.learner.bytes(object(1), 0, 4096)).isEqualTo(page(1));
        assertLevel(object(1));
    }

    @Test
    void whatWasRemovedMeanwhileIsRemovedAtTheLearnerToo() {
        room.give(room.primary, PG, object(2), OLD, 1);
        room.give(room.learner, PG, object(1), OLD, 1);
        room.give(room.learner, PG, object(3), OLD, 1);

        learn();

        assertThat(room.learner.objects()).containsExactly(object(2));
    }

    @Test
    void withoutTombstonesRemovedObjectsWouldComeBack() {
        use(RecoveryConfig.DEFAULT.without(RecoveryMutation.FORGET_TOMBSTONES));
        room.give(room.learner, PG, object(1), OLD, 1);

        learn();

        assertThat(room.learner.objects()).containsExactly(object(1));
    }

    @Test
    void theRestOfAPushThatWasCutShortIsRemoved() {
        room.give(room.learner, PG, object(1), ObjectVersion.PARTIAL, 1);

        learn();

        assertThat(room.learner.objects()).isEmpty();
    }

    @Test
    void writesDuringAPushReachTheLearnerWhereverTheyAre() {
        for (int i = 10; i < 20; i++) {
            room.give(room.primary, PG, object(i), new ObjectVersion(4, i), i);
        }
        room.duringNextPush(() -> {
            group.write(object(10), 101);
            group.write(object(5), 102);
            group.write(object(15), 103);
            group.write(object(17), 104);
            group.write(object(30), 105);
        });

        learn();

        for (int each : new int[] {5, 10, 15, 17, 30}) {
            assertLevel(object(each));
        }
        assertThat(room.learner.bytes(object(30), 0, 4096)).isEqualTo(page(105));
        assertThat(room.requests).hasSize(1);
    }

    @Test
    void writesBeforeTheListsCameAreSeen() {
        room.give(room.primary, PG, object(1), OLD, 1);
        room.give(room.learner, PG, object(1), OLD, 1);
        group.begin();
        while (group.session() == null) {
            room.loop.pass(1);
        }

        group.write(object(1), 7);
        group.write(object(2), 8);
        room.loop.pass(SECOND);

        assertLevel(object(1));
        assertLevel(object(2));
        assertThat(room.requests).hasSize(1);
    }

    @Test
    void nobodyWaitsForALearnerThatStallsWhileItCopies() {
        for (int i = 0; i < 40; i++) {
            room.give(room.primary, PG, object(i), new ObjectVersion(4, i + 1), i);
        }
        room.duringNextPush(room::stall);
        group.begin();
        room.loop.pass(5 * SECOND);
        Learner session = session();

        assertThat(session.isRequired()).isFalse();
        assertThat(progress().state()).isEqualTo(SessionState.COPY);

        room.loop.pass(6 * SECOND);

        assertThat(progress().state()).isIn(SessionState.FAILED, SessionState.WAIT_SLOT);
        assertThat(progress().failures()).isEqualTo(1);
        assertThat(group.session()).isNull();
        assertThat(room.requests).isEmpty();
    }

    @Test
    void aSessionThatFailedBeginsAnewUnderAHigherNumber() {
        room.give(room.primary, PG, object(1), NEW, 1);
        room.duringNextPush(() -> session().onLost());
        group.begin();
        room.loop.run();
        assertThat(progress().state()).isEqualTo(SessionState.FAILED);
        assertThat(progress().reason()).contains("lost");

        room.loop.pass(3 * SECOND);

        assertThat(room.requests).hasSize(1);
        assertThat(session().session()).isGreaterThan(1);
        assertLevel(object(1));
    }

    @Test
    void aRequestedLearnerIsNeededUntilTheEpochIsOver() {
        learn();
        Learner session = session();

        session.onLost();
        room.stall();
        group.write(object(1), 1);
        room.loop.pass(60 * SECOND);

        assertThat(session.isRequired()).isTrue();
        assertThat(session.isRequested()).isTrue();
        assertThat(group.session()).isSameAs(session);

        group.end();

        assertThat(room.sessions.progress()).isEmpty();
    }

    @Test
    void aRequestedLearnerGivesItsLeaseUnlessTheRuleIsTakenOut() {
        use(RecoveryConfig.DEFAULT.without(RecoveryMutation.LEASE_SYNC_ONLY));

        learn();

        assertThat(session().isRequired()).isTrue();
        assertThat(session().isRequested()).isFalse();
    }

    @Test
    void theAdditionWaitsForWritesSentBehindThePushes() {
        room.give(room.primary, PG, object(1), NEW, 1);
        room.give(room.primary, PG, object(2), OLD, 1);
        room.duringNextPush(() -> {
            room.stallWrites();
            group.write(object(1), 2);
        });
        group.begin();
        room.loop.pass(SECOND / 2);

        assertThat(room.requests).isEmpty();

        room.goOn();
        room.loop.pass(10 * SECOND);

        assertThat(room.requests).hasSize(1);
        assertLevel(object(1));
    }

    @Test
    void theAdditionWouldComeTooEarlyWithoutThatRule() {
        use(RecoveryConfig.DEFAULT.without(RecoveryMutation.ADD_EARLY));
        room.give(room.primary, PG, object(1), NEW, 1);
        room.give(room.primary, PG, object(2), OLD, 1);
        room.duringNextPush(() -> {
            room.stallWrites();
            group.write(object(1), 2);
        });

        learn();

        assertThat(room.requests).hasSize(1);
        assertThat(room.learner.versionOf(object(1))).isEqualTo(NEW);
    }

    @Test
    void writesWaitForALearnerThatStallsAtTheEndForAboutASecondOnly() {
        room.give(room.primary, PG, object(1), NEW, 1);
        room.give(room.primary, PG, object(2), OLD, 1);
        room.duringNextPush(() -> {
            room.stallWrites();
            group.write(object(1), 2);
        });
        group.begin();
        room.loop.pass(SECOND / 2);
        assertThat(session().isRequired()).isTrue();

        room.loop.pass(SECOND);

        assertThat(group.session()).isNull();
        assertThat(progress().failures()).isEqualTo(1);
    }

    @Test
    void aWriteThatDoesNotFitIsRepairedByAPush() {
        room.give(room.primary, PG, object(1), NEW, 1);
        learn();
        room.learner.lose(object(1));

        group.write(object(1), 2);
        room.loop.pass(SECOND);

        assertLevel(object(1));
    }

    @Test
    void nothingIsCopiedWhileRecoveryIsSwitchedOff() {
        room.switchRecovery(false);
        room.give(room.primary, PG, object(1), NEW, 1);

        learn();

        assertThat(room.learner.objects()).isEmpty();
        room.switchRecovery(true);
        room.loop.pass(SECOND);
        assertThat(room.requests).hasSize(1);
    }

    @Test
    void theMostEndangeredGroupsComeFirstAndFewAtATime() {
        use(RecoveryConfig.DEFAULT.limitedTo(1, 1, 0));
        for (int partition = 0; partition < 3; partition++) {
            room.give(
                    room.primary,
                    new PgId(partition),
                    object(partition),
                    new ObjectVersion(4, partition + 1),
                    1);
        }
        room.switchRecovery(false);
        room.group(0, List.of(0, 2)).begin();
        room.group(1, List.of(0, 2)).begin();
        room.group(2, List.of(0)).begin();
        room.switchRecovery(true);

        room.loop.pass(10 * SECOND);

        assertThat(room.pushedGroups).containsExactly(new PgId(2), new PgId(0), new PgId(1));
    }

    @Test
    void theRateIsKept() {
        use(RecoveryConfig.DEFAULT.limitedTo(2, 2, Classroom.SIZE));
        for (int i = 0; i < 10; i++) {
            room.give(room.primary, PG, object(i), new ObjectVersion(4, i + 1), 1);
        }
        group.begin();

        room.loop.pass(5 * SECOND);
        assertThat(room.learner.objects()).hasSizeBetween(4, 7);

        room.loop.pass(6 * SECOND);
        assertThat(room.learner.objects()).hasSize(10);
        assertThat(room.requests).hasSize(1);
    }

    private Learner session() {
        Learner session = group.session();
        if (session == null) {
            throw new AssertionError("no session is registered");
        }
        return session;
    }
}
