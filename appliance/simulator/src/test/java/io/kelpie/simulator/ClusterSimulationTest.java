package io.kelpie.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;

@Tag("sim")
final class ClusterSimulationTest {
    private static final int THREADS = 2;
    /** Each takes about half a second on a slow core. */
    private static final int SMOKE_SEEDS = 20;

    private static final int CRASH_POINTS = 16;

    @ParameterizedTest
    @ValueSource(longs = {2})
    void staysFixedForTheSeed(long seed) {
        assertPass(search(seed, 1, ClusterSimulationTest::drawn));
    }

    @Test
    void theFirstSeedsKeepEveryInvariant() {
        assertPass(
                search(Long.getLong("kelpie.seed", 1L), SMOKE_SEEDS, ClusterSimulationTest::drawn));
    }

    @Test
    void aNodeMayDieAtEachTypeOfMessage() {
        assertPass(search(0, CRASH_POINTS, ScriptedRuns::run));
    }

    @Test
    void oneSeedGivesOneTrace() {
        ClusterSimulation.Report first = drawn(7);
        ClusterSimulation.Report second = drawn(7);

        assertThat(second.hash()).isEqualTo(first.hash());
        assertThat(drawn(8).hash()).isNotEqualTo(first.hash());
    }

    private static ClusterSimulation.Report drawn(long seed) {
        return ClusterSimulation.run(seed, ClusterOptions.draw(seed, 0, null));
    }

    private static List<String> search(
            long first, long count, LongFunction<ClusterSimulation.Report> run) {
        List<String> failures = new ArrayList<>();
        new SeedSearch(THREADS, 1, run)
                .run(first, count, report -> failures.add(report.describe()));
        return failures;
    }

    private static void assertPass(List<String> failures) {
        assertThat(failures).isEmpty();
    }
}
