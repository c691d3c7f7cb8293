package io.kelpie.cluster.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.GatewayMessage.Request;
import io.kelpie.cluster.message.GatewayMessage.Response;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Coordinator.EventId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.Nodes;
import io.kelpie.cluster.testing.Payloads;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.List;

/** Operations on their way to primaries, between three nodes. */
class GatewayTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MILLISECOND = 1_000_000L;

    private final Nodes nodes = new Nodes(3);
    /** Attributes may be written without a VDI. */
    private final ObjectId object = ObjectId.attribute(new VdiId(7), 1);

    private final int primary = nodes.primaryOf(object);
    private final int asker = (primary + 1) % 3;
    private final int third = (primary + 2) % 3;

    @AfterEach
    void everyPayloadWasReleased() {
        assertThat(nodes.payloads.references()).isZero();
        nodes.all.forEach(one -> assertThat(one.gateway.operations()).isEmpty());
    }

    @Test
    void writesAndReadsAtAPrimaryElsewhere() {
        assertThat(begin(asker, 5).isDone()).as("not before the answer").isFalse();
        nodes.loop.run();

        Ended<Payload> read = nodes.end(
                completion -> nodes.node(third).gateway.read(object, 0, 4096, completion));

        assertThat(Payloads.bytesOf(read.result())).containsOnly(5);
        read.result().release();
        assertThat(nodes.wires.sent()).hasSize(4);
    }

    @Test
    void passesOnWhatThePrimaryRefuses() {
        ObjectId missing = ObjectId.attribute(new VdiId(7), 2);

        Ended<Payload> read =
                nodes.end(completion -> nodes.node(asker).gateway.read(missing, 0, 1, completion));
        nodes.groups.fail(change -> true, ErrorCode.NO_SPACE);
        Ended<Outcome> written = begin(asker, 5);
        nodes.loop.run();

        assertThat(read.error()).isEqualTo(ErrorCode.NO_SUCH_OBJECT);
        assertThat(written.error()).isEqualTo(ErrorCode.NO_SPACE);
    }

    @Test
    void waitsForAPrimaryAndSaysSoThenGoesWithTheNextMap() {
        nodes.move(object, PgEntry.NONE);
        nodes.install();
        Ended<Outcome> written = begin(asker, 5);
        nodes.loop.pass(60 * SECOND);

        assertThat(written.isEnded()).isFalse();
        assertThat(nodes.node(asker).gateway.operations())
                .singleElement()
                .satisfies(state -> assertThat(state.reason()).contains("has no primary"));
        nodes.move(object, third);
        nodes.install();
        nodes.loop.run();
        assertThat(written.isDone()).as("at once").isTrue();
    }

    @Test
    void asksTheNewPrimaryAtOnceWhenTheOldOneDoesNotAnswer() {
        nodes.wires.cut(nodes.node(primary).self.node());
        Ended<Outcome> written = begin(asker, 5);
        nodes.loop.run();
        assertThat(written.isEnded()).isFalse();

        nodes.move(object, third);
        nodes.install();
        nodes.loop.run();

        assertThat(written.isDone()).isTrue();
    }

    @Test
    void takesEffectOnceWhenTheAnswerIsLost() {
        nodes.wires.lose(Response.class::isInstance);
        Ended<Outcome> first = begin(asker, 5);
        nodes.loop.run();
        assertThat(nodes.groups.applied()).hasSize(1);
        nodes.wires.lose(message -> false);

        Ended<Outcome> newer = begin(third, 6);
        nodes.loop.run();
        assertThat(newer.isDone()).isTrue();
        nodes.loop.pass(3 * SECOND);

        assertThat(first.isDone()).isTrue();
        assertThat(nodes.groups.bytes(object, 0, 4096)).containsOnly(6);
    }

    @Test
    void triesAgainWithTheSameIdentityAfterTheConnectionBroke() {
        nodes.wires.lose(Request.class::isInstance);
        Ended<Outcome> written = begin(asker, 5);
        nodes.wires.lose(message -> false);

        nodes.node(asker).onLost(nodes.node(primary).self.node());
        nodes.loop.pass(10 * MILLISECOND);

        assertThat(written.isDone()).isTrue();
        assertThat(nodes.wires.sent())
                .filteredOn(Request.class::isInstance)
                .extracting(message -> ((Request) message).operation())
                .hasSize(2)
                .containsOnly(((Request) nodes.wires.sent().get(0)).operation());
    }

    @Test
    void reportsAPrimaryThatIsSilentRepeatedly() {
        nodes.wires.lose(Request.class::isInstance);
        Ended<Outcome> written = begin(asker, 5);

        nodes.loop.pass(3 * SECOND);
        assertThat(nodes.suspected).as("one silence may be a lost message").isEmpty();
        nodes.loop.pass(3 * SECOND);
        assertThat(nodes.suspected).containsOnly(nodes.node(primary).self.node() + " SILENT");

        nodes.wires.lose(message -> false);
        nodes.loop.pass(3 * SECOND);
        assertThat(written.isDone()).isTrue();
    }

    @Test
    void doesNotBeginARequestTwiceWhileItIsInWork() {
        nodes.groups.hold(change -> true);
        Ended<Outcome> written = begin(asker, 5);
        nodes.loop.pass(9 * SECOND);

        assertThat(nodes.groups.heldCount()).isEqualTo(1);
        assertThat(nodes.suspected).as("it is slow, not silent").isEmpty();
        nodes.groups.releaseHeld();
        nodes.loop.pass(3 * SECOND);
        assertThat(written.isDone()).isTrue();
    }

    @Test
    void sendsAwayWhoHasAnOlderMap() {
        nodes.move(object, third);
        nodes.node(primary).installMap();
        nodes.node(third).installMap();
        Ended<Outcome> written = begin(asker, 5);
        nodes.loop.pass(SECOND);
        assertThat(written.isEnded()).isFalse();

        nodes.node(asker).installMap();
        nodes.loop.run();

        assertThat(written.isDone()).isTrue();
    }

    @Test
    void servesARequestAfterTheEventsItsSenderKnows() {
        nodes.create(asker, "v", Nodes.MIB);
        long known = nodes.node(asker).events.appliedIndex();
        assertThat(known).isPositive();
        nodes.coordinator.append(new EventId(1, 99, 1, 1), new byte[] {2, 2, 0, 0, 0, 0}, 1);
        nodes.<Outcome>end(completion -> nodes.node(asker).events.catchUp(completion));
        assertThat(nodes.node(primary).events.appliedIndex()).isEqualTo(known);

        Ended<Outcome> written = begin(asker, 5);
        nodes.loop.run();

        assertThat(written.isDone()).isTrue();
        assertThat(nodes.node(primary).events.appliedIndex()).isEqualTo(known + 1);
    }

    @Test
    void endsWhatWaitsWhenItCloses() {
        nodes.move(object, PgEntry.NONE);
        nodes.install();
        Ended<Outcome> written = begin(asker, 5);

        nodes.node(asker).gateway.close();
        Ended<Outcome> later = begin(asker, 6);

        assertThat(written.error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        assertThat(later.error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
    }

    /** Writes a page of one value; the payload is released when that ends. */
    private Ended<Outcome> begin(int node, int value) {
        Payload payload = nodes.payloads.filled(4096, value);
        Ended<Outcome> ended = new Ended<>() {
            @Override
            public void done(Outcome result) {
                payload.release();
                super.done(result);
            }

            @Override
            public void failed(ErrorCode error) {
                payload.release();
                super.failed(error);
            }
        };
        nodes.node(node)
                .gateway
                .write(
                        ObjectChange.ensure(object, 8192, List.of(Piece.of(0, payload)), false),
                        ended);
        return ended;
    }
}
