package io.kelpie.node.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Coordinator.EventId;
import io.kelpie.cluster.port.Coordinator.LoggedEvent;
import io.kelpie.cluster.port.Coordinator.SwapOutcome;
import io.kelpie.node.Answers;
import io.kelpie.node.runtime.CoreLoop;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What every coordinator promises. */
abstract class CoordinatorContract {
    abstract CoreLoop loop();

    abstract Coordinator coordinator();

    /** Ends the coordinator and opens it again over what it stored. */
    abstract void reopen() throws Exception;

    @Test
    void beginsWithTheEmptyMap() {
        assertThat(readMap()).isEqualTo(ClusterMap.EMPTY);
    }

    @Test
    void replacesTheExpectedVersionOnly() {
        assertThat(swap(0, next(ClusterMap.EMPTY, 1))).isEqualTo(SwapOutcome.SWAPPED);
        assertThat(swap(0, next(ClusterMap.EMPTY, 5))).isEqualTo(SwapOutcome.CONFLICT);

        assertThat(readMap().epoch()).isEqualTo(1);
    }

    @Test
    void keepsTheMapOverARestart() throws Exception {
        ClusterMap map = next(ClusterMap.EMPTY, 1);
        swap(0, map);

        reopen();

        assertThat(readMap()).isEqualTo(map);
    }

    @Test
    void keepsEventsInTheOrderTheyWereAppended() throws Exception {
        long first = append(1, "one");
        long second = append(2, "two");

        reopen();

        assertThat(second).isGreaterThan(first);
        assertThat(texts(0, 10)).containsExactly("one", "two");
        assertThat(texts(first, 10)).containsExactly("two");
        assertThat(texts(0, 1)).containsExactly("one");
        assertThat(append(3, "three")).isGreaterThan(second);
    }

    @Test
    void appendsAnEventOfOneIdentityOnce() throws Exception {
        long index = append(1, "one");

        assertThat(append(1, "one")).isEqualTo(index);
        reopen();
        assertThat(append(1, "one")).isEqualTo(index);
        assertThat(texts(0, 10)).containsExactly("one");
    }

    @Test
    void forgetsTrimmedEventsAndNeverReusesTheirIndexes() throws Exception {
        append(1, "one");
        long last = append(2, "two");
        loop().post(() -> coordinator().trimEvents(last));

        assertThat(texts(last, 10)).isEmpty();
        reopen();
        assertThat(append(3, "three")).isGreaterThan(last);
    }

    @Test
    void tellsWhenSomethingMayHaveChanged() {
        List<String> news = Collections.synchronizedList(new ArrayList<>());
        loop().post(() -> coordinator().listen(new Coordinator.Listener() {
            @Override
            public void onMapMaybeChanged() {
                news.add("map on " + Thread.currentThread().getName());
            }

            @Override
            public void onEventsMaybeChanged() {
                news.add("events on " + Thread.currentThread().getName());
            }
        }));

        swap(0, next(ClusterMap.EMPTY, 1));
        append(1, "one");

        Awaitility.await()
                .untilAsserted(() -> assertThat(news)
                        .contains("map on kelpie-core", "events on kelpie-core")
                        .allMatch(line -> line.endsWith("on kelpie-core")));
    }

    ClusterMap readMap() {
        return Answers.result(loop(), coordinator()::readMap);
    }

    SwapOutcome swap(long expected, ClusterMap map) {
        return Answers.result(
                loop(), completion -> coordinator().swapMap(expected, map, completion));
    }

    long append(long counter, String text) {
        return append(loop(), coordinator(), counter, text);
    }

    static long append(CoreLoop loop, Coordinator coordinator, long counter, String text) {
        return Answers.<Long>result(
                loop,
                completion -> coordinator.appendEvent(
                        new EventId(1, 2, 3, counter),
                        text.getBytes(StandardCharsets.UTF_8),
                        completion));
    }

    private List<String> texts(long after, int max) {
        return texts(loop(), coordinator(), after, max);
    }

    static List<String> texts(CoreLoop loop, Coordinator coordinator, long after, int max) {
        List<LoggedEvent> events =
                Answers.result(loop, completion -> coordinator.readEvents(after, max, completion));
        return events.stream()
                .map(event -> new String(event.body(), StandardCharsets.UTF_8))
                .toList();
    }

    static ClusterMap next(ClusterMap map, int epoch) {
        Member member =
                new Member(0, new NodeId(1, 2), 3, new Endpoint(0, 0x7F000001, 7000), 16777343, 10);
        PgEntry group = new PgEntry(1, 0, List.of(0), List.of());
        return new ClusterMap(
                map.version() + 1,
                epoch,
                77,
                ClusterStatus.RUNNING,
                ClusterSettings.UNFORMATTED,
                List.of(member),
                Collections.nCopies(16, group));
    }
}
