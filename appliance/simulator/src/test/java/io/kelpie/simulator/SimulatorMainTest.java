package io.kelpie.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.io.StringWriter;

final class SimulatorMainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void aSeedThatPassesExitsWithZeroAndOneLine() {
        assertThat(execute("run", "1")).isZero();
        assertThat(out.toString()).startsWith("seed 1: passed, hash ").hasLineCount(1);
    }

    @Test
    void aWrongAnswerExitsWithTwoAndSaysHowToRepeatIt() {
        assertThat(execute("search", "--plant=TEARS_WRITES", "--seeds=8", "--from=1"))
                .isEqualTo(2);
        assertThat(out.toString())
                .contains("broken rule: ", "repeat with: simulator run ", "--plant=TEARS_WRITES");
    }

    @Test
    void aCallThatNeverEndsExitsWithThree() {
        assertThat(execute("search", "--plant=FORGETS_TO_COMPLETE", "--seeds=8", "--from=1"))
                .isEqualTo(3);
        assertThat(out.toString()).contains("LIVENESS");
    }

    @Test
    void twoRunsOfASeedAreOne() {
        assertThat(execute("twice", "3")).isZero();
    }

    @Test
    void searchSaysWhatItDid() {
        assertThat(execute("search", "--seeds=2", "--from=1")).isZero();
        assertThat(out.toString()).contains("2 seeds from 1, 0 failed");
    }

    @Test
    void badArgumentsExitWithSixtyFour() {
        assertThat(execute("run", "yes")).isEqualTo(64);
        assertThat(err.toString()).contains("'yes'");
        assertThat(execute()).isEqualTo(64);
    }

    private int execute(String... arguments) {
        CommandLine line = SimulatorMain.commandLine();
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        return line.execute(arguments);
    }
}
