package io.kelpie.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

@Tag("sim")
final class DeterminismTest {
    private static final String SEED = "17";

    @Test
    void oneSeedGivesOneTraceInTwoStartsOfTheJvm() throws Exception {
        // Sizes of hash tables and identity hash codes must not matter, so the starts differ.
        Output first = run("-XX:hashCode=0", "-Xmx256m");
        Output second = run("-XX:hashCode=5", "-Xmx320m");

        assertThat(first.exitCode()).as(first.text()).isZero();
        assertThat(first.text()).contains("hash ").isEqualTo(second.text());
    }

    @Test
    void anotherSeedGivesAnotherTrace() {
        Simulation.Report first = Simulation.run(1, Mutation.NONE);
        Simulation.Report second = Simulation.run(2, Mutation.NONE);

        assertThat(first.hash()).isNotEqualTo(second.hash());
    }

    private static Output run(String... flags) throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new java.util.ArrayList<>();
        command.add(java);
        command.add("-XX:+UnlockExperimentalVMOptions");
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(SimulatorMain.class.getName(), "run", SEED));
        Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Output(child.waitFor(), text);
    }

    private record Output(int exitCode, String text) {}
}
