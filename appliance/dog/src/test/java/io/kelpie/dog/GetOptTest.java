package io.kelpie.dog;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

final class GetOptTest {
    private static final List<Option> OPTIONS = List.of(
            new Option('c', "copies", true, ""),
            new Option('P', "prealloc", false, ""),
            new Option('p', "port", true, ""),
            new Option('d', "delete", false, ""),
            new Option('v', "verbose", false, ""));

    @Test
    void takesOptionsAndOperandsInAnyOrder() {
        assertThat(run("vdi", "-v", "4M", "-c", "2", "x")).isEqualTo("v c=2 | vdi 4M x");
    }

    @Test
    void takesBundledOptionsWithAnAttachedArgumentAtTheEnd() {
        assertThat(run("-dvc3", "a")).isEqualTo("d v c=3 | a");
    }

    @Test
    void takesLongArgumentsAttachedAndSeparate() {
        assertThat(run("--copies=3", "--port", "7000")).isEqualTo("c=3 p=7000 |");
    }

    @Test
    void takesAnEmptyAttachedArgument() {
        assertThat(run("--copies=")).isEqualTo("c= |");
    }

    @Test
    void takesUniquePrefixesOfLongOptions() {
        assertThat(run("--cop", "1", "--pre")).isEqualTo("c=1 P |");
    }

    @Test
    void takesAnArgumentThatLooksLikeAnOption() {
        assertThat(run("-c", "-v")).isEqualTo("c=-v |");
    }

    @Test
    void endsOptionsAtTwoDashes() {
        assertThat(run("-v", "--", "-1", "--", "-d")).isEqualTo("v | -1 -- -d");
    }

    @Test
    void takesASingleDashAsAnOperand() {
        assertThat(run("-", "-v")).isEqualTo("v | -");
    }

    @Test
    void refusesAnUnknownLetter() {
        assertThat(run("-vQ")).isEqualTo("v dog: invalid option -- 'Q'");
    }

    @Test
    void refusesAnUnknownName() {
        assertThat(run("--bogus=1")).isEqualTo("dog: unrecognized option '--bogus'");
    }

    @Test
    void refusesAnAmbiguousPrefix() {
        assertThat(run("--p"))
                .isEqualTo("dog: option '--p' is ambiguous; possibilities: '--prealloc' '--port'");
    }

    @Test
    void refusesAMissingArgument() {
        assertThat(run("-c")).isEqualTo("dog: option requires an argument -- 'c'");
        assertThat(run("--copies")).isEqualTo("dog: option '--copies' requires an argument");
    }

    @Test
    void refusesAnArgumentThatIsNotWanted() {
        assertThat(run("--verb=1")).isEqualTo("dog: option '--verbose' doesn't allow an argument");
    }

    private static String run(String... words) {
        GetOpt getOpt = new GetOpt("dog", OPTIONS, List.of(words));
        StringBuilder seen = new StringBuilder();
        for (char letter = getOpt.next(); letter != GetOpt.END; letter = getOpt.next()) {
            if (letter == GetOpt.WRONG) {
                return seen + getOpt.error();
            }
            boolean argument = letter == 'c' || letter == 'p';
            seen.append(letter).append(argument ? "=" + getOpt.argument() : "").append(' ');
        }
        return (seen + "| " + String.join(" ", getOpt.operands())).strip();
    }
}
