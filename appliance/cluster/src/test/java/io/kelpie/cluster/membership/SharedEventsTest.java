package io.kelpie.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.membership.Nodes.Node;
import io.kelpie.cluster.message.LivenessMessage.EventsRequest;
import io.kelpie.cluster.message.LivenessMessage.StateRequest;
import io.kelpie.cluster.message.LivenessMessage.StateUpdate;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.testing.Ended;

import org.junit.jupiter.api.Test;

/** The event log of several nodes: from the coordinator, from peers, and whole states. */
class SharedEventsTest {
    private static final long SECOND = Nodes.SECOND;

    private final Nodes all = Nodes.serving(3);

    @Test
    void allNodesApplyWhatOneAppended() {
        Ended<Integer> submitted = all.node(1).submit(5);
        all.loop.run();

        assertThat(submitted.result()).isEqualTo(5);
        assertThat(all.node(2).numbers.sum).isEqualTo(5);
        assertThat(all.node(3).numbers.sum).isEqualTo(5);
    }

    @Test
    void anAppendWhoseAnswerWasLostTakesEffectOnce() {
        all.node(1).door.loseNextAnswer();
        Ended<Integer> submitted = all.node(1).submit(5);
        all.loop.pass(SECOND);

        assertThat(submitted.result()).isEqualTo(5);
        assertThat(all.node(2).numbers.count).isEqualTo(1);
    }

    @Test
    void anAppendWaitsForTheCoordinator() {
        all.node(1).door.away(true);
        Ended<Integer> submitted = all.node(1).submit(5);
        all.loop.pass(60 * SECOND);
        assertThat(submitted.isEnded()).isFalse();

        all.node(1).door.away(false);
        all.loop.pass(SECOND);

        assertThat(submitted.result()).isEqualTo(5);
    }

    @Test
    void asksAPeerWhileTheCoordinatorIsAway() {
        Node cutOff = all.node(3);
        cutOff.door.away(true);
        for (int i = 0; i < 600; i++) {
            all.node(1).submit(1);
        }
        all.loop.run();
        assertThat(cutOff.numbers.sum).isZero();

        cutOff.events.onPeerApplied(all.node(1).id.node(), all.node(1).events.appliedIndex());
        all.loop.pass(SECOND);

        assertThat(cutOff.numbers.sum).isEqualTo(600);
        assertThat(cutOff.replacedState).isFalse();
    }

    @Test
    void doesNotBotherPeersWhileTheCoordinatorDelivers() {
        all.node(1).submit(5);
        all.loop.run();
        long before = all.mesh.sent().size();

        all.node(3)
                .events
                .onPeerApplied(all.node(1).id.node(), all.node(1).events.appliedIndex());
        all.loop.pass(SECOND);

        assertThat(all.mesh.sent().stream().skip(before))
                .noneMatch(EventsRequest.class::isInstance);
    }

    @Test
    void takesAWholeStateFromAPeerThatForgotTheEventsToo() {
        Node cutOff = all.node(3);
        cutOff.door.away(true);
        for (int i = 0; i < 1500; i++) {
            all.node(1).submit(1);
        }
        all.loop.run();

        cutOff.events.onPeerApplied(all.node(1).id.node(), all.node(1).events.appliedIndex());
        all.loop.pass(SECOND);

        assertThat(cutOff.numbers.sum).isEqualTo(1500);
        assertThat(cutOff.replacedState).isTrue();
    }

    @Test
    void aNodeThatJoinsAfterATrimTakesAStateAndTheEventsAfterIt() {
        for (int i = 0; i < 100; i++) {
            all.node(1).submit(1);
        }
        all.loop.run();
        all.ensemble.forget(90);
        Node fourth = all.add().start();
        all.loop.pass(SECOND);
        all.node(1).submit(1);
        all.loop.run();

        assertThat(fourth.numbers.sum).isEqualTo(101);
        assertThat(fourth.events.appliedIndex()).isEqualTo(all.node(1).events.appliedIndex());
        assertThat(fourth.epochs.epochs()).isEqualTo(all.node(1).epochs.epochs());
    }

    @Test
    void asksAnotherPeerWhenTheFirstDoesNotAnswer() {
        for (int i = 0; i < 100; i++) {
            all.node(1).submit(1);
        }
        all.loop.run();
        all.ensemble.forget(90);
        all.mesh.cut(all.node(1).id.node(), true);
        all.mesh.cut(all.node(2).id.node(), true);

        Node fourth = all.add().start();
        all.loop.pass(3 * SECOND);

        assertThat(fourth.numbers.sum).isEqualTo(100);
        assertThat(all.mesh.sent()).anyMatch(StateRequest.class::isInstance);
    }

    @Test
    void takesNoStateThatItDidNotAskFor() {
        all.node(1).submit(5);
        all.loop.run();
        Node cutOff = all.node(3);
        cutOff.door.away(true);
        all.node(1).submit(5);
        all.loop.run();
        all.node(1).events.onMessage(all.node(2).id, new StateRequest());
        StateUpdate unasked = (StateUpdate) all.mesh.sent().get(all.mesh.sent().size() - 1);

        cutOff.events.onMessage(all.node(1).id, unasked);
        all.loop.run();

        assertThat(cutOff.numbers.sum).isEqualTo(5);
        assertThat(cutOff.replacedState).isFalse();
    }

    @Test
    void aLookUpSeesWhatAnyNodeWasToldIsDone() {
        all.node(3).door.away(true);
        all.node(1).submit(5);
        all.loop.run();
        all.node(3).door.away(false);

        Ended<Outcome> current = new Ended<>();
        all.node(3).events.catchUp(current);
        all.loop.run();

        assertThat(current.isDone()).isTrue();
        assertThat(all.node(3).numbers.sum).isEqualTo(5);
    }

    @Test
    void aLookUpFailsWhenTheCoordinatorIsAwayForTenSeconds() {
        all.node(3).door.away(true);
        Ended<Outcome> never = new Ended<>();
        all.node(3).events.catchUp(never);
        all.loop.pass(9 * SECOND);
        assertThat(never.isEnded()).isFalse();

        all.loop.pass(2 * SECOND);

        assertThat(never.error()).isEqualTo(ErrorCode.COORDINATOR_FAILED);
        assertThat(all.node(3).traced.stream().filter("waiting for the coordinator"::equals))
                .as("said, but not ten times a second")
                .hasSizeBetween(1, 4);
    }

    @Test
    void whoWaitsForAnEventGoesOnOnceItIsApplied() {
        long next = all.node(3).events.appliedIndex() + 1;
        Ended<Outcome> reached = new Ended<>();
        all.node(3).events.whenApplied(next, reached);
        all.loop.run();
        assertThat(reached.isEnded()).isFalse();

        all.node(1).submit(5);
        all.loop.run();

        assertThat(reached.isDone()).isTrue();
    }

    @Test
    void trimsOnlyWhatAllAppliedAndKeepsTenThousand() {
        all.node(1).appliedByAll = 3_000;
        for (int i = 0; i < 9_000; i++) {
            all.node(1).submit(1);
        }
        all.loop.run();
        assertThat(all.ensemble.base()).isZero();

        for (int i = 0; i < 6_000; i++) {
            all.node(1).submit(1);
        }
        all.loop.run();
        for (int i = 0; i < 64; i++) {
            all.node(1).submit(1);
            all.loop.run();
        }
        assertThat(all.ensemble.base()).isBetween(1_000L, 3_000L);

        all.node(1).appliedByAll = Long.MAX_VALUE;
        for (int i = 0; i < 64; i++) {
            all.node(1).submit(1);
            all.loop.run();
        }
        assertThat(all.ensemble.base())
                .isGreaterThan(4_000)
                .isLessThanOrEqualTo(all.node(1).events.appliedIndex() - 10_000);
    }

    @Test
    void aSubmitterWhoseEventCameWithinAStateLearnsThatItsOutcomeIsUnknown() {
        Node cutOff = all.node(3);
        // It lands, then the door closes before the answer and the event come back.
        cutOff.door.loseNextAnswer();
        Ended<Integer> submitted = cutOff.submit(1);
        cutOff.door.away(true);
        for (int i = 0; i < 1500; i++) {
            all.node(1).submit(1);
        }
        all.loop.run();
        cutOff.events.onPeerApplied(all.node(1).id.node(), all.node(1).events.appliedIndex());
        all.loop.pass(SECOND);
        assertThat(cutOff.numbers.sum).isEqualTo(1501);

        cutOff.door.away(false);
        all.loop.pass(SECOND);

        assertThat(submitted.error()).isEqualTo(ErrorCode.COORDINATOR_FAILED);
    }
}
