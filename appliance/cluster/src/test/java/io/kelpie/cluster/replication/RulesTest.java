package io.kelpie.cluster.replication;

import static io.kelpie.cluster.testing.ReplicationWorld.MILLI;
import static io.kelpie.cluster.testing.ReplicationWorld.OBJECT;
import static io.kelpie.cluster.testing.ReplicationWorld.PG;
import static io.kelpie.cluster.testing.ReplicationWorld.SECOND;
import static io.kelpie.cluster.testing.ReplicationWorld.id;
import static io.kelpie.cluster.testing.ReplicationWorld.members;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.ReplicationWorld;

import org.junit.jupiter.api.Test;

/** What goes wrong without a rule; that it goes well with it is tested where the rule belongs. */
class RulesTest {
    private static ReplicationWorld without(Rule rule) {
        ReplicationWorld world = new ReplicationWorld(3, Rules.ALL.without(rule));
        world.everywhere(0, members(0, 1, 2), members());
        world.pass(10 * MILLI);
        world.node(0).write(world.create(OBJECT, 1));
        world.pass(10 * MILLI);
        return world;
    }

    @Test
    void withoutUnanimityAWriteIsAcknowledgedThatAMemberLacks() {
        ReplicationWorld world = without(Rule.UNANIMITY);
        world.network.lose(packet -> packet.goesTo(id(2)));

        Ended<Outcome> written = world.node(0).write(world.put(OBJECT, 0, 5));
        world.pass(3 * SECOND);

        assertThat(written.isDone()).isTrue();
        assertThat(world.node(2).onDisk(OBJECT, 0)).isEqualTo(1);
    }

    @Test
    void withoutCleanReadsAValueIsSeenThatMayVanish() {
        ReplicationWorld world = without(Rule.CLEAN_READ);
        world.network.lose(packet -> packet.is(Replicate.class));
        world.node(0).write(world.put(OBJECT, 0, 5));

        Ended<Payload> read = world.node(0).read(OBJECT, 0, 1);
        world.pass(10 * MILLI);

        assertThat(read.result().view().get(0)).isEqualTo((byte) 5);
    }

    @Test
    void withoutLeasesAPrimaryAnswersThatMayHaveBeenReplaced() {
        ReplicationWorld world = without(Rule.LEASE);
        world.node(0).leaseHeld = false;

        assertThat(world.node(0).value(OBJECT, 0)).isEqualTo(1);
    }

    @Test
    void withoutTheSyncFirstAnAcknowledgedWriteIsNotDurable() {
        ReplicationWorld world = without(Rule.ACKNOWLEDGE_AFTER_SYNC);
        world.node(1).store.clearLog();

        Ended<Outcome> written = world.node(0).write(world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);

        assertThat(written.isDone()).isTrue();
        assertThat(world.node(1).store.batches())
                .allSatisfy(batch -> assertThat(batch.durable()).isFalse());
    }

    @Test
    void withoutThePreviousCheckAWriteLandsOnACopyThatLacksTheOneBefore() {
        ReplicationWorld world = without(Rule.PREVIOUS_CHECK);
        world.network.lose(packet -> packet.is(Replicate.class) && packet.goesTo(id(1)));
        world.node(0).write(world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);
        world.network.heal();

        world.node(0).write(world.put(OBJECT, 4096, 6));
        world.pass(SECOND / 2);

        assertThat(world.node(1).store.versionOf(OBJECT))
                .isEqualTo(world.node(0).store.versionOf(OBJECT));
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(1);
    }

    @Test
    void withoutKeptLinesALateRetryIsNotRecognised() {
        ReplicationWorld world = without(Rule.LOG_KEPT);
        OperationId operation = world.nextOperation();
        world.node(0).write(operation, world.put(OBJECT, 0, 5));
        world.node(0).write(world.put(OBJECT, 0, 6));
        world.pass(10 * MILLI);

        world.node(0).write(operation, world.put(OBJECT, 0, 5));
        world.pass(10 * MILLI);

        assertThat(world.node(0).store.lines(PG)).hasSize(1);
        assertThat(world.node(0).value(OBJECT, 0)).isEqualTo(5);
    }
}
