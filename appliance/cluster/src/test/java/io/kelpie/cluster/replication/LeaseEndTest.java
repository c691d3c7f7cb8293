package io.kelpie.cluster.replication;

import static io.kelpie.cluster.testing.ReplicationWorld.MILLI;
import static io.kelpie.cluster.testing.ReplicationWorld.OBJECT;
import static io.kelpie.cluster.testing.ReplicationWorld.PG;
import static io.kelpie.cluster.testing.ReplicationWorld.SECOND;
import static io.kelpie.cluster.testing.ReplicationWorld.id;
import static io.kelpie.cluster.testing.ReplicationWorld.members;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.GroupMessage.LeaseEnd;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.ReplicationWorld;

import org.junit.jupiter.api.Test;

import java.util.List;

/** A primary that gives its group away ends the leases that it holds. */
class LeaseEndTest {
    private final ReplicationWorld world = new ReplicationWorld(3);

    private void serveWithThree() {
        world.everywhere(0, members(0, 1, 2), members());
        world.pass(10 * MILLI);
        world.node(0).write(world.create(OBJECT, 1));
        world.pass(10 * MILLI);
    }

    /** All members granted node 0 a lease just now. */
    private void grantToNodeZero() {
        bind(0, world.loop.nanos() + 1580 * MILLI);
    }

    private void bind(int holder, long until) {
        for (int i = 0; i < 3; i++) {
            if (i != holder) {
                world.node(i).bound.put(id(holder), until);
            }
        }
    }

    private boolean isActive(int node) {
        return world.node(node).replication().isActive(PG);
    }

    @Test
    void movesAPrimaryWithoutWaitingForTheLease() {
        serveWithThree();
        grantToNodeZero();

        world.everywhere(1, members(0, 1, 2), members());
        world.pass(20 * MILLI);

        assertThat(isActive(1)).isTrue();
        assertThat(world.node(1).value(OBJECT, 0)).isEqualTo(1);
    }

    @Test
    void movesItAlsoWhenTheFormerPrimaryLeavesTheGroup() {
        serveWithThree();
        grantToNodeZero();

        world.everywhere(1, members(1, 2), members());
        world.pass(20 * MILLI);

        assertThat(isActive(1)).isTrue();
    }

    @Test
    void movesItAlsoWhenTheGroupHadNoPrimaryInBetween() {
        serveWithThree();
        grantToNodeZero();

        world.everywhere(PgEntry.NONE, members(0, 1, 2), members());
        world.pass(20 * MILLI);
        world.everywhere(1, members(0, 1, 2), members());
        world.pass(20 * MILLI);

        assertThat(isActive(1)).isTrue();
    }

    @Test
    void answersNoReadAfterItSaidSo() {
        serveWithThree();
        Ended<Payload> read = world.node(0).read(OBJECT, 0, 1);

        world.makeMap(1, members(0, 1, 2), members());
        world.node(0).installMap();
        assertThat(world.network.count(packet -> packet.is(LeaseEnd.class))).isEqualTo(2);
        world.pass(20 * MILLI);

        assertThat(read.error()).isEqualTo(ErrorCode.NO_PRIMARY);
    }

    @Test
    void waitsForTheTimeWhenTheWordIsLost() {
        serveWithThree();
        grantToNodeZero();
        world.network.lose(packet -> packet.is(LeaseEnd.class));

        world.everywhere(1, members(0, 1, 2), members());
        world.pass(1500 * MILLI);
        assertThat(isActive(1)).isFalse();

        world.pass(100 * MILLI);
        assertThat(isActive(1)).isTrue();
    }

    @Test
    void waitsForEveryMembersPromise() {
        serveWithThree();
        grantToNodeZero();
        world.network.lose(packet -> packet.is(LeaseEnd.class) && packet.goesTo(id(2)));

        world.everywhere(1, members(0, 1, 2), members());
        world.pass(1500 * MILLI);
        assertThat(isActive(1)).isFalse();

        world.pass(100 * MILLI);
        assertThat(isActive(1)).isTrue();
    }

    @Test
    void takesALateWordAndOneThatComesTwice() {
        serveWithThree();
        grantToNodeZero();
        world.network.keep(packet -> packet.is(LeaseEnd.class));
        world.everywhere(1, members(0, 1, 2), members());
        world.pass(500 * MILLI);
        assertThat(isActive(1)).isFalse();

        world.network.duplicate(packet -> packet.is(LeaseEnd.class));
        world.network.deliverKept();
        world.pass(20 * MILLI);

        assertThat(isActive(1)).isTrue();
        assertThat(world.node(1).value(OBJECT, 0)).isEqualTo(1);
    }

    @Test
    void keepsTheWordUntilItsMapComes() {
        serveWithThree();
        grantToNodeZero();
        world.makeMap(1, members(0, 1, 2), members());
        world.node(0).installMap();
        world.pass(10 * MILLI);

        world.node(2).installMap();
        world.node(1).installMap();
        world.pass(20 * MILLI);

        assertThat(isActive(1)).isTrue();
    }

    @Test
    void ignoresAWordOfAnOlderEpoch() {
        serveWithThree();
        world.network.keep(packet -> packet.is(LeaseEnd.class));
        world.everywhere(1, members(0, 1, 2), members());
        world.everywhere(0, members(0, 1, 2), members());
        world.pass(20 * MILLI);
        assertThat(isActive(0)).isTrue();
        // Node 0 does not hear that it loses the group again, and may still read.
        grantToNodeZero();
        world.makeMap(1, members(0, 1, 2), members());
        world.node(1).installMap();
        world.node(2).installMap();

        world.network.deliverKept();
        world.pass(500 * MILLI);

        Ended<Payload> read = new Ended<>();
        world.node(0).replication().read(PG, Replication.ANY_EPOCH, OBJECT, 0, 1, read);
        world.pass(20 * MILLI);
        assertThat(read.isDone()).isTrue();
        read.result().release();
        assertThat(isActive(1)).isFalse();
    }

    @Test
    void doesNotBelieveTheNextLifeOfTheFormerPrimary() {
        serveWithThree();
        grantToNodeZero();
        world.node(0).restart();

        world.everywhere(1, members(0, 1, 2), members());
        world.everywhere(2, members(0, 1, 2), members());
        world.pass(1500 * MILLI);
        assertThat(isActive(2)).isFalse();

        world.pass(100 * MILLI);
        assertThat(isActive(2)).isTrue();
    }

    @Test
    void doesNotShortenTheQuarantineOfAYoungProcess() {
        serveWithThree();
        grantToNodeZero();
        world.node(2).restart();
        world.node(2).quarantineEnd = world.loop.nanos() + 1580 * MILLI;

        world.everywhere(1, members(0, 1, 2), members());
        world.pass(1500 * MILLI);
        assertThat(isActive(1)).isFalse();

        world.pass(100 * MILLI);
        assertThat(isActive(1)).isTrue();
    }

    @Test
    void endsOnlyThePromiseToTheOneThatSaidIt() {
        serveWithThree();
        grantToNodeZero();
        // Node 0 hears nothing any more; node 1 takes over and gives the group on.
        world.makeMap(1, members(0, 1, 2), members());
        world.node(1).installMap();
        world.node(2).installMap();
        world.pass(10 * MILLI);
        world.makeMap(2, members(1, 2), members());
        world.node(1).installMap();
        world.node(2).installMap();
        world.pass(1500 * MILLI);

        assertThat(world.network.count(packet -> packet.is(LeaseEnd.class))).isPositive();
        assertThat(isActive(2)).isFalse();
        world.pass(100 * MILLI);
        assertThat(isActive(2)).isTrue();
    }

    @Test
    void saysItAgainInTheEpochsThatFollowSoon() {
        serveWithThree();
        grantToNodeZero();
        world.network.lose(packet -> packet.is(LeaseEnd.class));
        world.everywhere(1, members(0, 1, 2), members());
        world.network.heal();
        world.everywhere(1, members(1, 2), members());
        world.pass(20 * MILLI);
        assertThat(isActive(1)).isTrue();

        world.pass(10 * SECOND);
        long before = world.network.count(
                packet -> packet.is(LeaseEnd.class) && packet.from().equals(world.node(0).self));
        world.everywhere(1, List.of(1), members());

        assertThat(world.network.count(packet ->
                        packet.is(LeaseEnd.class) && packet.from().equals(world.node(0).self)))
                .isEqualTo(before);
    }
}
