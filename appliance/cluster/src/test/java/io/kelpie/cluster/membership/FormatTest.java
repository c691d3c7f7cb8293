package io.kelpie.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.membership.Nodes.Node;
import io.kelpie.cluster.message.ControlMessage.Emptied;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.StoreOperation.DropEverything;
import io.kelpie.cluster.testing.Ended;

import org.junit.jupiter.api.Test;

import java.util.Objects;

/** Formatting a cluster of several nodes. */
class FormatTest {
    private static final long SECOND = Nodes.SECOND;
    private static final long CREATED = 5000;

    private final Nodes all = Nodes.serving(3);

    FormatTest() {
        all.nodes.forEach(node -> {
            node.leads(all.node(1), 1);
            node.store.clearLog();
            node.news.clear();
        });
        all.loop.run();
    }

    @Test
    void everyNodeEmptiesItsStoreAndSaysSo() {
        Ended<Outcome> formatted = all.node(2).format(CREATED);
        all.loop.run();

        for (Node node : all.nodes) {
            assertThat(node.news).containsExactly("FORMAT");
            assertThat(node.isDrained()).isTrue();
            assertThat(node.membership.state()).isEqualTo(NodeState.FORMATTING);
            assertThat(Objects.requireNonNull(all.ensemble.announced().get(node.id.node()))
                            .clusterCreatedNanos())
                    .isEqualTo(CREATED);
        }
        assertThat(all.node(1).orders).containsOnly(new Emptied(CREATED)).hasSize(3);
        assertThat(formatted.isEnded()).isFalse();
    }

    @Test
    void endsWithTheMapOfTheNewCluster() {
        Ended<Outcome> formatted = all.node(2).format(CREATED);
        all.loop.run();
        all.putFormatMap();
        all.loop.run();

        assertThat(formatted.isDone()).isTrue();
        assertThat(all.node(3).membership.state()).isEqualTo(NodeState.MEMBER);
        assertThat(all.node(3).membership.map().settings().createdNanos()).isEqualTo(CREATED);
        assertThat(all.node(3).epochs.epochs()).hasSize(1);
        assertThat(all.node(3).epochs.epochs().get(0).epoch()).isEqualTo(1);
    }

    @Test
    void saysThatItsStoreIsEmptyUntilTheMapShowsThatItWasHeard() {
        all.mesh.lose(Emptied.class::isInstance);
        all.node(2).format(CREATED);
        all.loop.run();
        assertThat(all.node(1).orders).isEmpty();

        all.mesh.lose(message -> false);
        all.nodes.forEach(node -> node.leads(all.node(1), 1));
        all.loop.pass(SECOND);
        assertThat(all.node(1).orders).contains(new Emptied(CREATED));

        all.putFormatMap();
        all.loop.run();
        all.node(1).orders.clear();
        all.loop.pass(2 * SECOND);
        assertThat(all.node(1).orders).isEmpty();
    }

    @Test
    void waitsForRequestsInFlightButNotForEver() {
        all.node(2).holds = true;
        all.node(3).holds = true;
        all.node(1).format(CREATED);
        all.loop.run();
        assertThat(all.node(1).isDrained()).isTrue();
        assertThat(all.node(2).isDrained()).isFalse();

        all.node(2).held.forEach(Runnable::run);
        all.loop.run();
        assertThat(all.node(2).isDrained()).isTrue();
        assertThat(all.node(3).isDrained()).isFalse();

        all.loop.pass(10 * SECOND);
        assertThat(all.node(3).isDrained()).isTrue();
    }

    @Test
    void installsNoMapFromBeforeTheFormat() {
        all.node(3).holds = true;
        all.node(1).format(CREATED);
        all.loop.run();
        ClusterMap before = all.node(3).membership.map();

        all.ensemble.put(all.at(before.version() + 1));
        all.loop.run();

        assertThat(all.node(1).membership.map()).isEqualTo(before);
        assertThat(all.node(3).membership.map()).isEqualTo(before);
    }

    @Test
    void installsTheNewMapOnlyWhenItsOwnStoreIsEmpty() {
        all.node(3).holds = true;
        all.node(1).format(CREATED);
        all.loop.run();
        all.putFormatMap();
        all.loop.run();
        assertThat(all.node(1).membership.state()).isEqualTo(NodeState.MEMBER);
        assertThat(all.node(3).membership.state()).isEqualTo(NodeState.FORMATTING);

        all.node(3).held.forEach(Runnable::run);
        all.loop.run();

        assertThat(all.node(3).membership.state()).isEqualTo(NodeState.MEMBER);
    }

    @Test
    void aNodeThatDiedInTheMiddleFinishesAtItsNextStart() {
        all.node(3).store.hold(DropEverything.class::isInstance);
        all.node(1).format(CREATED);
        all.loop.run();
        all.putFormatMap();
        all.loop.run();
        Node again = all.reborn(3);
        again.store.heal();
        again.store.hold(operation -> false);
        again.store.clearLog();

        again.leads(all.node(1), 1);
        again.start();

        assertThat(again.isDrained()).isTrue();
        assertThat(again.traced).contains("finishing a format that was cut short");
        assertThat(again.membership.state()).isEqualTo(NodeState.ANNOUNCED);
        all.putMembers();
        all.loop.run();
        assertThat(again.membership.state()).isEqualTo(NodeState.MEMBER);
    }

    @Test
    void aNodeThatWasAwayEmptiesItselfWhenItHearsOfTheFormat() {
        all.node(3).kill();
        all.node(1).format(CREATED);
        all.loop.run();
        all.putFormatMap();
        all.loop.run();
        all.node(1).format(2 * CREATED);
        all.loop.run();
        all.putFormatMap();
        all.loop.run();
        Node again = all.reborn(3);
        again.store.clearLog();

        again.leads(all.node(1), 1);
        again.start();

        assertThat(again.isDrained()).isTrue();
        assertThat(all.node(1).orders).contains(new Emptied(2 * CREATED));
        assertThat(Objects.requireNonNull(all.ensemble.announced().get(again.id.node()))
                        .clusterCreatedNanos())
                .isEqualTo(2 * CREATED);
    }

    @Test
    void aNodeThatIsUpToDateKeepsItsObjectsAtARestart() {
        Node again = all.reborn(3);
        again.store.clearLog();

        again.start();

        assertThat(again.isDrained()).isFalse();
        assertThat(Objects.requireNonNull(all.ensemble.announced().get(again.id.node()))
                        .clusterCreatedNanos())
                .isEqualTo(1000);
    }

    @Test
    void triesAgainWhenTheStoreCannotBeEmptied() {
        all.node(3).store.fail(DropEverything.class::isInstance, ErrorCode.BUSY);
        all.node(1).format(CREATED);
        all.loop.run();
        assertThat(Objects.requireNonNull(
                                all.ensemble.announced().get(all.node(3).id.node()))
                        .clusterCreatedNanos())
                .isEqualTo(1000);

        all.node(3).store.heal();
        all.loop.pass(SECOND);

        assertThat(Objects.requireNonNull(
                                all.ensemble.announced().get(all.node(3).id.node()))
                        .clusterCreatedNanos())
                .isEqualTo(CREATED);
    }

    @Test
    void ofTwoFormatsAtOnceTheLaterCounts() {
        Ended<Outcome> first = all.node(1).format(CREATED);
        Ended<Outcome> second = all.node(2).format(CREATED + 7);
        all.loop.run();
        all.putFormatMap();
        all.loop.run();

        assertThat(first.error()).isEqualTo(ErrorCode.BUSY);
        assertThat(second.isDone()).isTrue();
    }

    @Test
    void isLaterThanTheLastFormatWhateverTheClockSays() {
        all.node(1).format(3);
        all.loop.run();

        assertThat(all.node(2).membership.formatted().createdNanos()).isEqualTo(1001);
    }

    @Test
    void saysAfterAMinuteThatNoMapCame() {
        Ended<Outcome> formatted = all.node(1).format(CREATED);
        all.loop.pass(60 * SECOND);

        assertThat(formatted.error()).isEqualTo(ErrorCode.COORDINATOR_FAILED);
    }
}
