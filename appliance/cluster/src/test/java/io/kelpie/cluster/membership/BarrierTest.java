package io.kelpie.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.membership.Nodes.Node;
import io.kelpie.cluster.message.LivenessMessage.Applied;
import io.kelpie.cluster.message.LivenessMessage.ApplyUpTo;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.testing.Ended;

import org.junit.jupiter.api.Test;

/** An event has its effect everywhere before somebody is told so. */
class BarrierTest {
    private static final long SECOND = Nodes.SECOND;

    private final Nodes all = Nodes.serving(3);

    @Test
    void endsWhenAllMembersAppliedTheEvent() {
        all.node(3).door.away(true);
        all.mesh.cut(all.node(3).id.node(), true);
        Ended<Outcome> up = raise(all.node(1), appended());
        all.loop.pass(SECOND);
        assertThat(up.isEnded()).isFalse();

        all.node(3).door.away(false);
        all.mesh.cut(all.node(3).id.node(), false);
        all.loop.pass(SECOND);

        assertThat(up.isDone()).isTrue();
        assertThat(all.node(3).numbers.sum).isEqualTo(5);
    }

    @Test
    void waitsForWhatWasInWorkBeforeOnOtherNodesAndHere() {
        all.node(1).holds = true;
        all.node(2).holds = true;
        Ended<Outcome> up = raise(all.node(1), appended());
        all.loop.pass(SECOND);
        assertThat(up.isEnded()).isFalse();

        all.node(2).held.forEach(Runnable::run);
        all.loop.run();
        assertThat(up.isEnded()).isFalse();

        all.node(1).held.forEach(Runnable::run);
        assertThat(up.isDone()).isTrue();
    }

    @Test
    void reportsASilentNodeAfterTwoSecondsAndEndsWhenAMapShowsItGone() {
        all.mesh.cut(all.node(3).id.node(), true);
        Ended<Outcome> up = raise(all.node(1), appended());
        all.loop.pass(2 * SECOND - 1);
        assertThat(all.node(1).silent).isEmpty();

        all.loop.pass(1);
        assertThat(all.node(1).silent).containsExactly(all.node(3).id.node());
        all.loop.pass(2 * SECOND);
        assertThat(all.node(1).silent).hasSize(2);
        assertThat(up.isEnded()).isFalse();

        all.putState(3, MemberState.DOWN, null);
        all.loop.run();

        assertThat(up.isDone()).isTrue();
    }

    @Test
    void asksAgainWhenAMessageIsLost() {
        all.mesh.lose(ApplyUpTo.class::isInstance);
        Ended<Outcome> up = raise(all.node(1), appended());
        all.loop.pass(SECOND / 4);
        all.mesh.lose(Applied.class::isInstance);
        all.loop.pass(SECOND);
        all.mesh.lose(message -> false);
        all.loop.pass(SECOND);

        assertThat(up.isDone()).isTrue();
        assertThat(all.node(1).silent).isEmpty();
    }

    @Test
    void aQuestionThatIsRepeatedHasOneAnswerInWork() {
        all.node(2).holds = true;
        raise(all.node(1), appended());
        all.loop.pass(5 * SECOND);

        assertThat(all.node(2).held).hasSize(1);
    }

    @Test
    void asksAMemberThatComesWhileTheBarrierIsUp() {
        all.node(3).holds = true;
        Ended<Outcome> up = raise(all.node(1), appended());
        Node fourth = all.add();
        fourth.holds = true;
        fourth.start();
        all.putMembers();
        all.loop.pass(SECOND);
        all.node(3).held.forEach(Runnable::run);
        all.loop.run();
        assertThat(up.isEnded()).isFalse();

        fourth.held.forEach(Runnable::run);
        all.loop.run();

        assertThat(up.isDone()).isTrue();
    }

    @Test
    void anAnswerOfAnEarlierLifeDoesNotCountForALaterOne() {
        Ended<Outcome> up = raise(all.node(1), appended() + 1);
        all.loop.run();
        Node again = all.reborn(3);
        again.holds = true;
        again.start();
        all.putMembers();
        all.node(1).submit(1);
        all.loop.pass(SECOND);
        assertThat(up.isEnded()).isFalse();

        again.held.forEach(Runnable::run);
        all.loop.run();

        assertThat(up.isDone()).isTrue();
    }

    @Test
    void anAnswerToALaterBarrierEndsAnEarlierOne() {
        all.mesh.lose(message -> message instanceof Applied);
        long index = appended();
        Ended<Outcome> up = raise(all.node(1), index);
        all.loop.run();

        all.node(1).barrier.onMessage(all.node(2).id, new Applied(index + 3));
        all.node(1).barrier.onMessage(all.node(3).id, new Applied(index + 3));

        assertThat(up.isDone()).isTrue();
    }

    @Test
    void endsAtOnceInAClusterOfOne() {
        Nodes alone = Nodes.serving(1);
        alone.node(1).submit(5);
        alone.loop.run();

        assertThat(raise(alone.node(1), alone.node(1).events.appliedIndex()).isDone())
                .isTrue();
    }

    @Test
    void refusesMoreThanItsBoundAndEndsAllWhenItCloses() {
        all.mesh.cut(all.node(3).id.node(), true);
        long index = appended();
        Ended<Outcome> first = raise(all.node(1), index);
        for (int i = 1; i < 1024; i++) {
            raise(all.node(1), index);
        }
        assertThat(raise(all.node(1), index).error()).isEqualTo(ErrorCode.BUSY);

        all.node(1).barrier.close();

        assertThat(first.error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        assertThat(raise(all.node(1), index).error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
    }

    private long appended() {
        all.node(1).submit(5);
        all.loop.run();
        return all.node(1).events.appliedIndex();
    }

    private static Ended<Outcome> raise(Node node, long index) {
        Ended<Outcome> up = new Ended<>();
        node.barrier.raise(index, up);
        return up;
    }
}
