package io.kelpie.cluster.recovery;

import static io.kelpie.cluster.testing.RecoveryWorld.MILLI;
import static io.kelpie.cluster.testing.RecoveryWorld.SECOND;
import static io.kelpie.cluster.testing.RecoveryWorld.id;
import static io.kelpie.cluster.testing.RecoveryWorld.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.port.ObjectDigest;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.Network.Packet;
import io.kelpie.cluster.testing.RecoveryWorld;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** Learners of real groups catch up, while clients write and nodes die. */
final class CatchUpTest {
    private static final List<Integer> NOBODY = List.of();

    private final RecoveryWorld world = new RecoveryWorld(3);

    @AfterEach
    void everythingBorrowedIsGivenBack() {
        world.network.heal();
        world.network.deliverKept();
        world.everywhere(2, List.of(2), NOBODY);
        world.pass(10 * SECOND);
        assertThat(world.payloads.references()).isZero();
        for (int i = 0; i < 3; i++) {
            assertThat(world.node(i).store.openSnapshots()).isZero();
        }
    }

    private void serveAlone(int objects) {
        world.everywhere(0, List.of(0), NOBODY);
        world.pass(10 * MILLI);
        for (int i = 0; i < objects; i++) {
            world.node(0).write(world.create(i, i + 1));
        }
        world.pass(100 * MILLI);
    }

    private void learn() {
        world.everywhere(0, List.of(0), List.of(1));
        world.pass(5 * SECOND);
    }

    /** The controller does as it was asked. */
    private void add() {
        assertThat(world.requests).contains(world.epoch() + " adds 1");
        world.everywhere(0, List.of(0, 1), NOBODY);
        world.pass(100 * MILLI);
        assertThat(world.node(0).replication().isActive(RecoveryWorld.PG)).isTrue();
    }

    private void assertLevel() {
        var first = world.node(0).store;
        var second = world.node(1).store;
        assertThat(second.objects()).isEqualTo(first.objects());
        for (var each : first.objects()) {
            assertThat(second.versionOf(each)).isEqualTo(first.versionOf(each));
            assertThat(second.bytes(each, 0, RecoveryWorld.SIZE))
                    .isEqualTo(first.bytes(each, 0, RecoveryWorld.SIZE));
        }
    }

    private long pushedBytes() {
        long bytes = 0;
        for (Packet packet : world.network.sent()) {
            if (packet.message() instanceof Push push) {
                for (Piece piece : push.pieces()) {
                    bytes += piece.payload() == null ? 0 : piece.length();
                }
            }
        }
        return bytes;
    }

    @Test
    void aLearnerGetsEverythingAndIsAdded() {
        serveAlone(20);

        learn();
        assertLevel();
        add();

        assertThat(world.node(0).write(world.put(3, 0, 99))).satisfies(ended -> {
            world.pass(10 * MILLI);
            assertThat(ended.isDone()).isTrue();
        });
        assertLevel();
    }

    @Test
    void aLearnerCatchesUpUnderWrites() {
        serveAlone(20);
        world.everywhere(0, List.of(0), List.of(1));
        List<Ended<Outcome>> writes = new ArrayList<>();

        for (int round = 0; round < 300; round++) {
            writes.add(world.node(0).write(world.put(round % 20, 4096L * (round % 7), round)));
            if (round % 10 == 0) {
                writes.add(world.node(0).write(world.create(100 + round, round)));
            }
            if (round % 50 == 49) {
                writes.add(world.node(0).write(ObjectChange.remove(object(100 + round - 49))));
            }
            world.pass(MILLI / 5);
        }
        world.pass(5 * SECOND);

        assertThat(writes).allSatisfy(each -> assertThat(each.isDone()).isTrue());
        assertLevel();
        add();
        assertLevel();
    }

    @Test
    void aReturningLearnerGetsOnlyChunksThatDiffer() {
        world.everywhere(0, List.of(0, 1), NOBODY);
        world.pass(10 * MILLI);
        for (int i = 0; i < 10; i++) {
            world.node(0).write(world.create(i, i + 1));
        }
        world.pass(100 * MILLI);
        world.everywhere(0, List.of(0), NOBODY);
        world.pass(10 * MILLI);
        world.node(0).write(world.put(4, 3L * ObjectDigest.CHUNK_BYTES, 77));
        world.pass(10 * MILLI);
        world.network.clearSent();

        learn();

        assertLevel();
        assertThat(pushedBytes()).isPositive().isLessThanOrEqualTo(ObjectDigest.CHUNK_BYTES);
    }

    @Test
    void aReturningLearnerLosesWhatWasNeverAcknowledged() {
        world.everywhere(0, List.of(0, 1), NOBODY);
        world.pass(10 * MILLI);
        world.node(0).write(world.create(1, 1));
        world.pass(10 * MILLI);
        // The primary dies with a write that only the replica has.
        world.node(0).store.hold(operation -> true);
        Ended<Outcome> lost = world.node(1).write(world.put(1, 0, 5));
        world.everywhere(1, List.of(1, 0), NOBODY);
        world.pass(10 * MILLI);
        world.node(0).store.releaseHeld();
        world.pass(10 * MILLI);
        world.network.lose(packet -> packet.is(Replicate.class));
        Ended<Outcome> alone = world.node(1).write(world.put(1, 0, 9));
        world.pass(10 * MILLI);
        assertThat(alone.isEnded()).isFalse();
        world.network.heal();
        world.everywhere(0, List.of(0), NOBODY);
        world.pass(10 * MILLI);
        assertThat(world.node(1).store.bytes(object(1), 0, 1)[0]).isEqualTo((byte) 9);

        learn();

        assertThat(world.node(1).store.bytes(object(1), 0, 1)[0]).isNotEqualTo((byte) 9);
        assertLevel();
        assertThat(lost.isEnded()).isTrue();
    }

    @Test
    void whatWasRemovedWhileItWasAwayDoesNotComeBack() {
        world.everywhere(0, List.of(0, 1), NOBODY);
        world.pass(10 * MILLI);
        world.node(0).write(world.create(1, 1));
        world.node(0).write(world.create(2, 2));
        world.pass(10 * MILLI);
        world.everywhere(0, List.of(0), NOBODY);
        world.pass(10 * MILLI);
        world.node(0).write(ObjectChange.remove(object(1)));
        world.pass(200 * SECOND);

        learn();
        add();

        assertThat(world.node(1).store.objects()).containsExactly(object(2));
    }

    @Test
    void thePrimaryDiesWhileTheRequestIsOnItsWayAndEitherMapWillDo() {
        serveAlone(5);
        learn();
        Ended<Outcome> write = world.node(0).write(world.put(2, 0, 55));
        world.pass(10 * MILLI);
        assertThat(write.isDone()).isTrue();

        // The addition landed though the primary never learned of it.
        world.makeMap(1, List.of(1), NOBODY);
        world.node(0).kill();
        world.node(1).installMap();
        world.pass(100 * MILLI);

        assertThat(world.node(1).replication().isActive(RecoveryWorld.PG)).isTrue();
        assertThat(world.node(1).store.bytes(object(2), 0, 1)[0]).isEqualTo((byte) 55);
    }

    @Test
    void writesNeedTheLearnerOnceItsAdditionIsRequested() {
        serveAlone(2);
        learn();
        world.network.lose(packet -> packet.goesTo(id(1)));

        Ended<Outcome> write = world.node(0).write(world.put(1, 0, 8));
        world.pass(10 * SECOND);

        assertThat(write.isEnded()).isFalse();
        world.network.heal();
        world.pass(5 * SECOND);
        assertThat(write.isDone()).isTrue();
        assertLevel();
    }

    @Test
    void aLearnerThatStallsSlowsNoWriteBeforeItIsRequired() {
        serveAlone(40);
        world.network.keep(packet -> packet.is(Acknowledge.class));
        world.everywhere(0, List.of(0), List.of(1));
        world.pass(2 * SECOND);

        for (int i = 0; i < 20; i++) {
            Ended<Outcome> write = world.node(0).write(world.put(i, 0, 8));
            world.pass(MILLI);
            assertThat(write.isDone()).isTrue();
        }
        assertThat(world.requests).isEmpty();
    }

    @Test
    void aLearnerThatLostItsConnectionTriesAgain() {
        serveAlone(20);
        world.network.keep(packet -> packet.is(Acknowledge.class));
        world.everywhere(0, List.of(0), List.of(1));
        world.pass(100 * MILLI);
        world.network.reset(id(0), id(1));
        world.network.heal();

        world.pass(10 * SECOND);

        assertLevel();
        add();
    }

    @Test
    void aLearnerThatRestartsStartsOver() {
        serveAlone(20);
        world.everywhere(0, List.of(0), List.of(1));
        world.pass(MILLI / 2);
        world.node(1).restart();

        learn();

        assertLevel();
        add();
    }
}
