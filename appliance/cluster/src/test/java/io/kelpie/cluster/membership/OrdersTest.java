package io.kelpie.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.membership.Nodes.Node;
import io.kelpie.cluster.message.ControlMessage.Order;
import io.kelpie.cluster.message.ControlMessage.OrderKind;
import io.kelpie.cluster.message.ControlMessage.OrderReply;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.testing.Ended;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The way of operators' words to the controller. */
class OrdersTest {
    private static final long SECOND = Nodes.SECOND;

    private final Nodes all = Nodes.serving(3);

    @Test
    void anOrderGivenToAnyNodeReachesTheController() {
        all.node(3).leads(all.node(1), 1);
        Ended<Outcome> ordered = order(all.node(3), OrderKind.SHUTDOWN, null);
        all.loop.run();
        assertThat(all.node(1).orders).containsExactly(new Order(1, OrderKind.SHUTDOWN, null));
        assertThat(ordered.isEnded()).isFalse();

        reply(all.node(1), all.node(3), true);

        assertThat(ordered.isDone()).isTrue();
        all.loop.pass(2 * SECOND);
        assertThat(all.node(1).orders).hasSize(1);
    }

    @Test
    void theControllerCarriesOutItsOwnOrders() {
        all.node(1).leads(all.node(1), 1);
        Ended<Outcome> ordered = order(all.node(1), OrderKind.RECOVERY_OFF, null);
        all.loop.run();
        assertThat(all.node(1).orders).hasSize(1);

        reply(all.node(1), all.node(1), true);

        assertThat(ordered.isDone()).isTrue();
    }

    @Test
    void asksAgainWhoeverIsTheControllerThen() {
        all.node(3).leads(all.node(1), 1);
        Ended<Outcome> ordered = order(all.node(3), OrderKind.RECOVERY_ON, null);
        all.loop.run();
        reply(all.node(1), all.node(3), false);
        assertThat(ordered.isEnded()).isFalse();

        all.node(1).kill();
        all.node(3).leads(all.node(2), 2);
        all.loop.pass(SECOND);

        assertThat(all.node(2).orders).contains(new Order(1, OrderKind.RECOVERY_ON, null));
        reply(all.node(2), all.node(3), true);
        assertThat(ordered.isDone()).isTrue();
    }

    @Test
    void givesUpWhenThereIsNoControllerForHalfAMinute() {
        Ended<Outcome> ordered = order(all.node(3), OrderKind.START, null);
        all.loop.pass(29 * SECOND);
        assertThat(ordered.isEnded()).isFalse();

        all.loop.pass(2 * SECOND);

        assertThat(ordered.error()).isEqualTo(ErrorCode.COORDINATOR_FAILED);
    }

    @Test
    void refusesToStopANodeThatIsNoMember() {
        Ended<Outcome> nobody = order(all.node(3), OrderKind.KILL, null);
        Ended<Outcome> stranger = order(all.node(3), OrderKind.KILL, new NodeId(77, 7));
        all.loop.run();

        assertThat(nobody.error()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        assertThat(stranger.error()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
    }

    @Test
    void holdsOnlySoManyOrders() {
        for (int i = 0; i < 64; i++) {
            order(all.node(3), OrderKind.START, null);
        }
        Ended<Outcome> tooMany = order(all.node(3), OrderKind.START, null);
        all.loop.run();

        assertThat(tooMany.error()).isEqualTo(ErrorCode.BUSY);
    }

    @Test
    void endsWhatWaitsWhenItCloses() {
        Ended<Outcome> ordered = order(all.node(3), OrderKind.START, null);
        Ended<Outcome> formatted = all.node(3).format(5000);
        all.node(3).membership.close();

        assertThat(ordered.error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        assertThat(formatted.error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
    }

    private static Ended<Outcome> order(Node from, OrderKind kind, @Nullable NodeId node) {
        Ended<Outcome> ordered = new Ended<>();
        from.membership.order(kind, node, ordered);
        return ordered;
    }

    private static void reply(Node controller, Node to, boolean accepted) {
        to.membership.onMessage(controller.id, new OrderReply(1, accepted));
    }
}
