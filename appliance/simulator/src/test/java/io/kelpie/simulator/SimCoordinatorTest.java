package io.kelpie.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Coordinator.Connection;
import io.kelpie.cluster.port.Coordinator.Controller;
import io.kelpie.cluster.port.Coordinator.EventId;
import io.kelpie.cluster.port.Coordinator.LoggedEvent;
import io.kelpie.cluster.port.Coordinator.SwapOutcome;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

final class SimCoordinatorTest {
    private static final EventId FIRST = new EventId(1, 2, 1, 1);

    private final World world = new World(1);
    private final SimCoordinator coordinator = new SimCoordinator(world, Mutation.NONE);
    private final SimProcess process = new SimProcess(world, "one", 0, 1);
    private final Coordinator session = coordinator.connect(process);

    @Test
    void replacesTheMapOnlyIfItIsTheExpectedOne() {
        assertThat(this.<SwapOutcome>ask(c -> session.swapMap(0, map(1), c)).value())
                .isEqualTo(SwapOutcome.SWAPPED);
        assertThat(this.<SwapOutcome>ask(c -> session.swapMap(0, map(1), c)).value())
                .isEqualTo(SwapOutcome.CONFLICT);
        assertThat(ask(session::readMap).value()).isEqualTo(map(1));
    }

    @Test
    void aLostAnswerMeansThatTheSwapHappenedOrNot() {
        coordinator.loseAnswers(1);
        int happened = 0;
        for (int i = 0; i < 40; i++) {
            long before = coordinator.map().version();
            assertThat(this.<SwapOutcome>ask(c -> session.swapMap(before, map(before + 1), c))
                            .value())
                    .isEqualTo(SwapOutcome.UNKNOWN);
            happened += (int) (coordinator.map().version() - before);
        }

        assertThat(happened).isBetween(5, 35);
    }

    @Test
    void aRepeatedEventHasNoSecondEffect() {
        Long index = this.<Long>ask(c -> session.appendEvent(FIRST, new byte[] {1}, c))
                .value();
        Long again = this.<Long>ask(c -> session.appendEvent(FIRST, new byte[] {1}, c))
                .value();

        assertThat(again).isEqualTo(index);
        assertThat(this.<List<LoggedEvent>>ask(c -> session.readEvents(0, 10, c))
                        .value())
                .hasSize(1);
    }

    @Test
    void whatWasAppendedOutlivesTheProcess() {
        this.<Long>ask(c -> session.appendEvent(FIRST, new byte[] {1}, c));

        process.kill();
        Coordinator next = coordinator.connect(new SimProcess(world, "two", 0, 1));

        assertThat(this.<List<LoggedEvent>>ask(c -> next.readEvents(0, 10, c)).value())
                .hasSize(1);
    }

    @Test
    void tellsTheListenerLaterThatEventsMayHaveChanged() {
        List<String> news = new ArrayList<>();
        session.listen(new Coordinator.Listener() {
            @Override
            public void onMapMaybeChanged() {
                news.add("map");
            }

            @Override
            public void onEventsMaybeChanged() {
                news.add("events");
            }
        });

        this.<Long>ask(c -> session.appendEvent(FIRST, new byte[] {1}, c));
        world.runUntil(() -> !news.isEmpty(), 1_000_000_000L);

        assertThat(news).containsExactly("events");
    }

    private static ClusterMap map(long version) {
        return new ClusterMap(
                version,
                0,
                0,
                ClusterStatus.UNFORMATTED,
                ClusterSettings.UNFORMATTED,
                List.of(),
                List.of());
    }

    @Test
    void anAnnouncementIsSeenUntilTheSessionIsOver() {
        SimProcess other = new SimProcess(world, "two", 0, 1);
        SimCoordinator.Session second = coordinator.connect(other);
        second.announce(announcement(2));
        world.runUntil(() -> false, 1_000_000_000L);
        assertThat(this.<List<Announcement>>ask(session::readAnnounced).value())
                .containsExactly(announcement(2));

        other.kill();
        world.runUntil(() -> false, 5_000_000_000L);
        assertThat(this.<List<Announcement>>ask(session::readAnnounced).value()).hasSize(1);

        world.runUntil(() -> false, 10_000_000_000L);
        assertThat(this.<List<Announcement>>ask(session::readAnnounced).value()).isEmpty();
    }

    @Test
    void aProcessThatIsCutOffIsAnnouncedAgainWhenItComesBack() {
        List<Connection> states = new ArrayList<>();
        session.listen(new Coordinator.Listener() {
            @Override
            public void onMapMaybeChanged() {}

            @Override
            public void onEventsMaybeChanged() {}

            @Override
            public void onConnection(Connection connection) {
                states.add(connection);
            }
        });
        session.announce(announcement(1));
        world.runUntil(() -> false, 1_000_000_000L);

        coordinator.setCut("one", true);
        assertThat(ask(session::readMap).error()).isEqualTo(ErrorCode.COORDINATOR_FAILED);
        world.runUntil(() -> false, 15_000_000_000L);
        assertThat(states).containsExactly(Connection.SUSPENDED, Connection.LOST);

        coordinator.setCut("one", false);
        world.runUntil(() -> false, 2_000_000_000L);
        assertThat(states).endsWith(Connection.CONNECTED);
        assertThat(this.<List<Announcement>>ask(session::readAnnounced).value()).hasSize(1);
    }

    @Test
    void oneClaimOfATermSucceeds() {
        Controller first = new Controller(1, new PeerId(new NodeId(0, 1), 1));

        assertThat(this.<SwapOutcome>ask(c -> session.claimController(0, first, c))
                        .value())
                .isEqualTo(SwapOutcome.SWAPPED);
        assertThat(this.<SwapOutcome>ask(c -> session.claimController(0, first, c))
                        .value())
                .isEqualTo(SwapOutcome.CONFLICT);
        assertThat(ask(session::readController).value()).isEqualTo(first);
    }

    private static Announcement announcement(long node) {
        Endpoint endpoint = new Endpoint(0, 0x7F000001L, 7000);
        return new Announcement(
                new PeerId(new NodeId(0, node), 1), endpoint, endpoint, 1, 100, 0, true);
    }

    private <T> Ended<T> ask(Consumer<Completion<T>> call) {
        List<Ended<T>> answers = new ArrayList<>();
        call.accept(new Completion<>() {
            @Override
            public void done(T result) {
                answers.add(Ended.done(result));
            }

            @Override
            public void failed(ErrorCode error) {
                answers.add(Ended.failed(error));
            }
        });
        world.runUntil(() -> !answers.isEmpty(), 1_000_000_000L);
        return answers.get(0);
    }
}
