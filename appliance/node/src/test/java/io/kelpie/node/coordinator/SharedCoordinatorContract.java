package io.kelpie.node.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Coordinator.Controller;
import io.kelpie.cluster.port.Coordinator.LoggedEvent;
import io.kelpie.cluster.port.Coordinator.SwapOutcome;
import io.kelpie.node.Answers;
import io.kelpie.node.runtime.CoreCall;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.SystemClock;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** What every coordinator of several nodes promises besides. */
abstract class SharedCoordinatorContract extends CoordinatorContract {
    private CoreLoop otherLoop;
    private Coordinator other;

    /** Another node's coordinator over the same records, there before the one that is tested. */
    abstract Coordinator join(CoreLoop joining) throws Exception;

    /** Ends what {@link #join} made. */
    abstract void leave(Coordinator joined);

    @BeforeEach
    void joinOther() throws Exception {
        otherLoop = CoreLoop.start(new SystemClock(), 1 << 16, failure -> {
            throw new AssertionError(failure);
        });
        other = join(otherLoop);
        Awaitility.await().until(() -> answers(otherLoop, other));
    }

    @AfterEach
    void leaveOther() {
        leave(other);
        otherLoop.close();
    }

    static boolean answers(CoreLoop loop, Coordinator coordinator) {
        return Answers.of(loop, coordinator::readMap)
                instanceof io.kelpie.node.runtime.CoreCall.Done<ClusterMap>;
    }

    @Test
    void nodesSeeOneMap() {
        ClusterMap first = next(ClusterMap.EMPTY, 1);
        assertThat(swap(0, first)).isEqualTo(SwapOutcome.SWAPPED);

        assertThat(Answers.<ClusterMap>result(otherLoop, other::readMap)).isEqualTo(first);
        assertThat(otherSwap(0, first)).isEqualTo(SwapOutcome.CONFLICT);
        ClusterMap second = next(first, 2);
        assertThat(otherSwap(1, second)).isEqualTo(SwapOutcome.SWAPPED);
        assertThat(swap(1, second)).isEqualTo(SwapOutcome.CONFLICT);
        assertThat(readMap()).isEqualTo(second);
    }

    @Test
    void ofTwoThatSwapAtOnceOneWins() {
        ClusterMap map = ClusterMap.EMPTY;
        for (int round = 0; round < 10; round++) {
            ClusterMap next = next(map, round + 1);
            CompletableFuture<SwapOutcome> theirs = new CompletableFuture<>();
            long expected = map.version();
            Thread rival = new Thread(() -> theirs.complete(otherSwap(expected, next)));
            rival.start();

            SwapOutcome mine = swap(expected, next);

            assertThat(List.of(mine, theirs.join()))
                    .containsExactlyInAnyOrder(SwapOutcome.SWAPPED, SwapOutcome.CONFLICT);
            map = next;
        }
    }

    @Test
    void eventsOfAllNodesHaveOneOrder() {
        List<Long> indexes = new ArrayList<>();
        for (int i = 1; i <= 6; i++) {
            indexes.add(
                    i % 2 == 0 ? append(i, "mine " + i) : append(otherLoop, other, i, "x " + i));
        }

        assertThat(indexes).isSorted().doesNotHaveDuplicates();
        assertThat(texts(otherLoop, other, 0, 10))
                .isEqualTo(texts(loop(), coordinator(), 0, 10))
                .containsExactly("x 1", "mine 2", "x 3", "mine 4", "x 5", "mine 6");
        assertThat(texts(otherLoop, other, indexes.get(1), 2)).containsExactly("x 3", "mine 4");
    }

    @Test
    void anEventIsAppendedOnceWhoeverRepeatsIt() {
        long index = append(1, "one");

        assertThat(append(otherLoop, other, 1, "one")).isEqualTo(index);
        assertThat(texts(otherLoop, other, 0, 10)).containsExactly("one");
    }

    @Test
    void trimmedEventsAreGoneForAll() {
        append(1, "one");
        long second = append(otherLoop, other, 2, "two");
        append(3, "three");

        otherLoop.post(() -> other.trimEvents(second));

        assertThat(texts(otherLoop, other, second, 10)).containsExactly("three");
        assertThat(texts(loop(), coordinator(), second, 10)).containsExactly("three");
        assertThat(Answers.<List<LoggedEvent>>of(
                        loop(), completion -> coordinator().readEvents(0, 10, completion)))
                .as("a reader must not miss what is forgotten")
                .isEqualTo(new CoreCall.Failed<>(ErrorCode.OUT_OF_RANGE));
        assertThat(append(4, "four")).isGreaterThan(second + 1);
    }

    @Test
    void processesAreAnnouncedWhileTheyLive() {
        Announcement mine = announcement(2, 7);
        Announcement theirs = announcement(1, 3);
        loop().post(() -> coordinator().announce(mine));
        otherLoop.post(() -> other.announce(theirs));

        Awaitility.await()
                .untilAsserted(() ->
                        assertThat(announced(loop(), coordinator())).containsExactly(theirs, mine));
        leave(other);

        Awaitility.await()
                .untilAsserted(
                        () -> assertThat(announced(loop(), coordinator())).containsExactly(mine));
    }

    @Test
    void aSecondAnnouncementReplacesTheFirst() {
        loop().post(() -> coordinator().announce(announcement(2, 7)));
        Announcement changed = new Announcement(
                new PeerId(new NodeId(0, 2), 7),
                new Endpoint(0, 1L << 24, 7000),
                new Endpoint(0, 1L << 24, 7001),
                5,
                6,
                7,
                false);
        loop().post(() -> coordinator().announce(changed));

        Awaitility.await()
                .untilAsserted(
                        () -> assertThat(announced(otherLoop, other)).containsExactly(changed));
    }

    @Test
    void oneClaimWins() {
        Controller mine = new Controller(1, new PeerId(new NodeId(0, 1), 1));
        Controller theirs = new Controller(1, new PeerId(new NodeId(0, 2), 1));
        assertThat(Answers.<Controller>result(loop(), coordinator()::readController))
                .isEqualTo(Controller.NONE);

        assertThat(claim(loop(), coordinator(), 0, mine)).isEqualTo(SwapOutcome.SWAPPED);

        assertThat(claim(otherLoop, other, 0, theirs)).isEqualTo(SwapOutcome.CONFLICT);
        assertThat(Answers.<Controller>result(otherLoop, other::readController)).isEqualTo(mine);
        assertThat(claim(otherLoop, other, 1, new Controller(2, theirs.holder())))
                .isEqualTo(SwapOutcome.SWAPPED);
    }

    @Test
    void othersHearOfEveryKindOfChange() {
        Set<String> news = ConcurrentHashMap.newKeySet();
        AtomicInteger offLoop = new AtomicInteger();
        otherLoop.post(() -> other.listen(new Coordinator.Listener() {
            @Override
            public void onMapMaybeChanged() {
                note("map");
            }

            @Override
            public void onEventsMaybeChanged() {
                note("events");
            }

            @Override
            public void onAnnouncedMaybeChanged() {
                note("announced");
            }

            private void note(String what) {
                news.add(what);
                if (!otherLoop.isCoreThread()) {
                    offLoop.incrementAndGet();
                }
            }
        }));

        swap(0, next(ClusterMap.EMPTY, 1));
        awaitNews(news, "map");
        append(1, "one");
        awaitNews(news, "events");
        loop().post(() -> coordinator().announce(announcement(2, 7)));
        awaitNews(news, "announced");
        assertThat(offLoop).hasValue(0);
    }

    private static void awaitNews(Set<String> news, String what) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(news).contains(what));
    }

    private SwapOutcome otherSwap(long expected, ClusterMap map) {
        return Answers.result(otherLoop, completion -> other.swapMap(expected, map, completion));
    }

    static SwapOutcome claim(
            CoreLoop loop, Coordinator coordinator, long expected, Controller next) {
        return Answers.result(
                loop, completion -> coordinator.claimController(expected, next, completion));
    }

    static List<Announcement> announced(CoreLoop loop, Coordinator coordinator) {
        return Answers.result(loop, coordinator::readAnnounced);
    }

    static Announcement announcement(long node, long incarnation) {
        return new Announcement(
                new PeerId(new NodeId(0, node), incarnation),
                new Endpoint(0, 0x7F000001L, 7000),
                new Endpoint(0, 0x7F000001L, 7000),
                1,
                10,
                0,
                true);
    }
}
