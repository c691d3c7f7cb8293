package io.kelpie.node.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Coordinator.Connection;
import io.kelpie.cluster.port.Coordinator.SwapOutcome;
import io.kelpie.node.Answers;
import io.kelpie.node.config.CoordinatorConfig;
import io.kelpie.node.runtime.CoreCall;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.SystemClock;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** The coordinator over a real ZooKeeper server, which is stopped, frozen and started again. */
class ZooKeeperCoordinatorTest extends SharedCoordinatorContract {
    private static final int SESSION_MILLIS = 2_000;

    @TempDir
    private static Path directory;

    private static ZooKeeperServerProcess server;
    private static final AtomicInteger ROOTS = new AtomicInteger();

    private final List<String> traced = new CopyOnWriteArrayList<>();
    private final String root = "/kelpie/t" + ROOTS.incrementAndGet();
    private CoreLoop loop;
    private ZooKeeperCoordinator coordinator;

    @BeforeAll
    static void startServer() throws Exception {
        server = ZooKeeperServerProcess.start(directory);
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void open() {
        loop = CoreLoop.start(new SystemClock(), 1 << 16, failure -> {
            throw new AssertionError(failure);
        });
        coordinator = start(loop);
        patiently().until(() -> answers(loop, coordinator));
    }

    private ZooKeeperCoordinator start(CoreLoop of) {
        CoordinatorConfig.ZooKeeper config =
                new CoordinatorConfig.ZooKeeper(List.of(server.address()), root, SESSION_MILLIS);
        return ZooKeeperCoordinator.start(config, of, (level, text) -> traced.add(text));
    }

    @AfterEach
    void close() {
        coordinator.close();
        loop.close();
    }

    @Override
    CoreLoop loop() {
        return loop;
    }

    @Override
    Coordinator coordinator() {
        return coordinator;
    }

    @Override
    void reopen() {
        close();
        open();
    }

    @Override
    Coordinator join(CoreLoop joining) {
        return start(joining);
    }

    @Override
    void leave(Coordinator joined) {
        ((ZooKeeperCoordinator) joined).close();
    }

    @Test
    void whatWasConfirmedSurvivesARestartOfTheServer() throws Exception {
        ClusterMap map = next(ClusterMap.EMPTY, 1);
        swap(0, map);
        append(1, "one");
        loop.post(() -> coordinator.announce(announcement(1, 1)));
        List<Connection> connections = watchConnections();

        server.restart();

        patiently().until(() -> answers(loop, coordinator));
        assertThat(readMap()).isEqualTo(map);
        assertThat(texts(loop, coordinator, 0, 10)).containsExactly("one");
        patiently()
                .untilAsserted(() -> assertThat(announced(loop, coordinator))
                        .containsExactly(announcement(1, 1)));
        assertThat(swap(1, next(map, 2))).isEqualTo(SwapOutcome.SWAPPED);
        assertThat(connections).startsWith(Connection.SUSPENDED).endsWith(Connection.CONNECTED);
    }

    @Test
    @Tag("e2e")
    void aServerThatIsSilentMakesCallsFailAndTheAnnouncementIsMadeAgain() throws Exception {
        loop.post(() -> coordinator.announce(announcement(1, 1)));
        patiently().untilAsserted(() -> assertThat(announced(loop, coordinator)).hasSize(1));
        List<Connection> connections = watchConnections();

        server.freeze();
        try {
            patiently().untilAsserted(() -> assertThat(connections).contains(Connection.LOST));
            assertThat(Answers.<ClusterMap>of(loop, coordinator::readMap))
                    .isEqualTo(new CoreCall.Failed<>(ErrorCode.COORDINATOR_FAILED));
            assertThat(Answers.<Long>of(
                            loop,
                            completion -> coordinator.appendEvent(
                                    new Coordinator.EventId(1, 2, 3, 9), new byte[1], completion)))
                    .isEqualTo(new CoreCall.Failed<>(ErrorCode.COORDINATOR_FAILED));
        } finally {
            server.thaw();
        }

        patiently().until(() -> answers(loop, coordinator));
        patiently()
                .untilAsserted(() -> assertThat(announced(loop, coordinator))
                        .containsExactly(announcement(1, 1)));
        assertThat(connections)
                .containsSubsequence(Connection.SUSPENDED, Connection.LOST, Connection.CONNECTED);
    }

    @Test
    void aSwapWhoseAnswerIsLostIsUnknownAndOneThatIsRepeatedAConflict() throws Exception {
        ClusterMap map = next(ClusterMap.EMPTY, 1);
        // So that the swap needs nothing but its transaction.
        assertThat(swap(0, map)).isEqualTo(SwapOutcome.SWAPPED);
        ClusterMap second = next(map, 1);

        server.freeze();
        SwapOutcome outcome;
        try {
            outcome = swap(1, second);
        } finally {
            server.thaw();
        }

        assertThat(outcome).isEqualTo(SwapOutcome.UNKNOWN);
        patiently().until(() -> answers(loop, coordinator));
        patiently().untilAsserted(() -> assertThat(readMap()).isEqualTo(second));
        assertThat(swap(1, second)).isEqualTo(SwapOutcome.CONFLICT);
    }

    @Test
    @Tag("e2e")
    void anEventWhoseAnswerIsLostIsThereOnceAfterItIsRepeated() throws Exception {
        append(1, "one");
        Coordinator.EventId id = new Coordinator.EventId(1, 2, 3, 2);
        byte[] body = {'t', 'w', 'o'};
        server.freeze();
        try {
            assertThat(Answers.<Long>of(
                            loop, completion -> coordinator.appendEvent(id, body, completion)))
                    .isEqualTo(new CoreCall.Failed<>(ErrorCode.COORDINATOR_FAILED));
        } finally {
            server.thaw();
        }
        patiently().until(() -> answers(loop, coordinator));

        long index = append(2, "two");

        assertThat(append(2, "two")).isEqualTo(index);
        assertThat(texts(loop, coordinator, 0, 10)).containsExactly("one", "two");
    }

    @Test
    @Tag("e2e")
    void aMissingEnsembleIsAwaited() throws Exception {
        int port = ZooKeeperServerProcess.freePort();
        CoordinatorConfig.ZooKeeper missing = new CoordinatorConfig.ZooKeeper(
                List.of("127.0.0.1:" + port), "/kelpie", SESSION_MILLIS);
        List<String> lines = new CopyOnWriteArrayList<>();

        try (ZooKeeperCoordinator awaiting =
                ZooKeeperCoordinator.start(missing, loop, (level, text) -> lines.add(text))) {
            assertThat(Answers.<ClusterMap>of(loop, awaiting::readMap))
                    .isEqualTo(new CoreCall.Failed<>(ErrorCode.COORDINATOR_FAILED));
            patiently()
                    .untilAsserted(() -> assertThat(lines)
                            .contains("waiting for ZooKeeper at 127.0.0.1:" + port));
        }
    }

    @Test
    void keepsTheMembersOfEachEpoch() {
        ClusterMap first = next(ClusterMap.EMPTY, 1);
        swap(0, first);
        swap(1, next(first, 1));
        ClusterMap third = next(next(first, 1), 2);

        assertThat(swap(2, third)).isEqualTo(SwapOutcome.SWAPPED);
        assertThat(readMap()).isEqualTo(third);
    }

    private List<Connection> watchConnections() {
        List<Connection> connections = new CopyOnWriteArrayList<>();
        loop.post(() -> coordinator.listen(new Coordinator.Listener() {
            @Override
            public void onMapMaybeChanged() {
                // Not asked here.
            }

            @Override
            public void onEventsMaybeChanged() {
                // Not asked here.
            }

            @Override
            public void onConnection(Connection connection) {
                connections.add(connection);
            }
        }));
        return connections;
    }

    private static ConditionFactory patiently() {
        return Awaitility.await().atMost(Duration.ofSeconds(30));
    }
}
