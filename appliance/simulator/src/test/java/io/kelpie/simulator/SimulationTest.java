package io.kelpie.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.stream.Stream;

@Tag("sim")
final class SimulationTest {
    /** Each takes some tenths of a second. */
    private static final int SMOKE_SEEDS = 24;
    /** Every planted fault is found by the first seeds already; a later one is a warning. */
    private static final int MUTATION_SEEDS = 8;

    static Stream<String> savedSeeds() {
        try (InputStream file = SimulationTest.class.getResourceAsStream("/seeds.txt");
                BufferedReader lines = new BufferedReader(new InputStreamReader(
                        Objects.requireNonNull(file), StandardCharsets.UTF_8))) {
            return lines
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("savedSeeds")
    void staysFixedForTheSeed(String line) {
        long seed = Long.parseLong(line.substring(0, line.indexOf(' ')));

        assertPasses(Simulation.run(seed, Mutation.NONE));
    }

    @Test
    void theEngineKeepsItsPromisesUnderTheFaultsOfTheFirstSeeds() {
        long first = Long.getLong("kelpie.seed", 1L);

        for (long seed = first; seed < first + SMOKE_SEEDS; seed++) {
            Simulation.Report report = Simulation.run(seed, Mutation.NONE);
            assertPasses(report);
            assertThat(report.inconclusiveBlocks()).as(report.summary()).isZero();
            assertThat(report.calls()).as(report.summary()).isGreaterThan(50);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
    void findsThePlantedFault(Mutation mutation) {
        Simulation.Report report = Simulation.run(1, mutation);
        for (long seed = 2; report.failure() == null && seed <= MUTATION_SEEDS; seed++) {
            report = Simulation.run(seed, mutation);
        }

        assertThat(report.failure()).as(mutation.name()).isNotNull();
        assertThat(report.tail()).isNotEmpty();
    }

    private static void assertPasses(Simulation.Report report) {
        SimulationFailure failure = report.failure();
        assertThat(failure)
                .as(
                        "%s; repeat with: simulator run %d%n%s",
                        report.summary(), report.seed(), String.join("\n", report.tail()))
                .isNull();
    }
}
