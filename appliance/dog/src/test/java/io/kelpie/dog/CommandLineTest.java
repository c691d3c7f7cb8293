package io.kelpie.dog;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;

/** What can be seen without a daemon: help, usage, bad options, refused connections. */
final class CommandLineTest {
    private static final String REFUSED_TWICE =
            "failed to connect to 127.0.0.1:7000: Connection refused\n".repeat(2);
    private static final String TRY_HELP = "Try 'dog --help' for more information.\n";

    @ParameterizedTest
    @ValueSource(strings = {"help", "-h", "--help"})
    void showsTheOverview(String word) {
        Outcome outcome = Outcome.run(word);

        assertThat(outcome.status()).isZero();
        assertThat(outcome.errors()).isEmpty();
        assertThat(outcome.output())
                .startsWith(
                        "Sheepdog administrator utility (version 1.0.1)\n"
                                + "Usage: dog <command> <subcommand> [options]\n\nAvailable commands:\n  vdi check   ")
                .contains("\n  cluster format          create a new, empty cluster\n");
    }

    @Test
    void showsTheOverviewWithoutAnyWord() {
        assertThat(Outcome.run().output()).isEqualTo(Outcome.run("help").output());
    }

    @ParameterizedTest
    @ValueSource(strings = {"bogus", "-p", "--version"})
    void refusesAnUnknownCommand(String word) {
        Outcome outcome = Outcome.run(word, "7000", "vdi", "list");

        assertThat(outcome.status()).isEqualTo(64);
        assertThat(outcome.errors()).isEqualTo("Invalid command '" + word + "'\n" + TRY_HELP);
    }

    @ParameterizedTest
    @ValueSource(strings = {"help", "-h", "--help"})
    void listsACommandsSubcommandsOnStandardError(String word) {
        Outcome outcome = Outcome.run("cluster", word);

        assertThat(outcome.status()).isEqualTo(64);
        assertThat(outcome.output()).isEmpty();
        assertThat(outcome.errors()).isEqualTo("""
                        Available cluster commands:
                          cluster info
                          cluster format
                          cluster shutdown
                          cluster snapshot
                          cluster recover
                          cluster reweight
                          cluster check
                          cluster alter-copy
                        """);
    }

    @Test
    void refusesAnUnknownSubcommandAndListsTheOthers() {
        Outcome outcome = Outcome.run("vdi", "bogus");

        assertThat(outcome.status()).isEqualTo(64);
        assertThat(outcome.errors())
                .startsWith("Invalid command 'vdi bogus'\nAvailable vdi commands:\n  vdi check\n");
    }

    @Test
    void showsTheUsageThatUpstreamsTestsCompare() {
        Outcome outcome = Outcome.run("vdi", "alter-copy", "-h");

        assertThat(outcome.status()).isZero();
        assertThat(outcome.output()).isEqualTo("""
                Usage: dog vdi alter-copy [-c copies] [-a address] [-p port] [-h] [-T] [-f] <vdiname>
                Options:
                  -c, --copies            specify the data redundancy level
                  -a, --address           specify the daemon address (default: localhost)
                  -p, --port              specify the daemon port
                  -h, --help              display this help and exit
                  -T, --time              show elapsed time
                  -f, --force             do operation forcibly
                """);
    }

    @Test
    void showsNestedSubcommandsInTheUsage() {
        assertThat(Outcome.run("vdi", "lock", "unlock", "-h").output())
                .startsWith(
                        "Usage: dog vdi lock {list|unlock} [-s snapshot] [-a address] [-p port] [-h] [-T] <vdiname>\n"
                                + "Available subcommands:\n  list                    ");
        assertThat(Outcome.run("node", "vnodes", "-h").output())
                .startsWith("Usage: dog node vnodes set [-a address]");
    }

    @Test
    void actsOnOptionsInTheOrderTyped() {
        assertThat(Outcome.run("vdi", "list", "-p", "x", "-h").status()).isEqualTo(64);
        assertThat(Outcome.run("vdi", "list", "-h", "-p", "x").status()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"+5", "7x", "0", "70000", "", "123456"})
    void refusesABadPort(String port) {
        Outcome outcome = Outcome.run("vdi", "list", "--port=" + port);

        assertThat(outcome.status()).isEqualTo(64);
        assertThat(outcome.errors()).isEqualTo("Invalid port number '" + port + "'\n");
    }

    @Test
    void refusesABadPortFromTheEnvironment() {
        Outcome outcome = Outcome.run(
                Outcome.NOBODY,
                Map.of("SHEEPDOG_DOG_PORT", "0"),
                new byte[0],
                List.of("node", "list"));

        assertThat(outcome.status()).isEqualTo(64);
        assertThat(outcome.errors()).isEqualTo("Invalid port number '0'\n");
    }

    @Test
    void asksTheDaemonThatTheEnvironmentNames() {
        Outcome outcome = Outcome.run(
                Outcome.NOBODY,
                Map.of("SHEEPDOG_DOG_ADDR", "127.0.0.3", "SHEEPDOG_DOG_PORT", "7001"),
                new byte[0],
                List.of("cluster", "shutdown"));

        assertThat(outcome.errors())
                .contains("failed to connect to 127.0.0.3:7001: Connection refused\n");
    }

    @Test
    void refusesABadAddressWithOne() {
        Outcome outcome = Outcome.run("vdi", "list", "-a", "300.1.1.1:x");

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.errors()).isEqualTo("Invalid ip address 300.1.1.1:x\n");
    }

    @ParameterizedTest
    @CsvSource({
        "-c, 3:1, 'Invalid parameter 3:1'",
        "-z, 19, 'Object Size is larger than 2^20. Please set shift bit larger than 20'",
        "-z, 278, 'Object Size is limited to 2^31. Please set shift bit lower than 31'"
    })
    void refusesBadValuesWithOne(String option, String value, String firstLine) {
        Outcome outcome = Outcome.run("vdi", "create", "a", "4M", option, value);

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.errors()).startsWith(firstLine + "\n");
        assertThat(outcome.output()).isEmpty();
    }

    @Test
    void explainsRedundancy() {
        assertThat(Outcome.run("cluster", "format", "-c", "32").errors()).isEqualTo("""
                        Invalid parameter 32
                        To create replicated vdi, set -c x
                          x(1 to 31)   - number of replicated copies
                        To create erasure coded vdi, set -c x:y
                          x(2,4,8,16)  - number of data strips
                          y(1 to 15)   - number of parity strips
                        """);
    }

    @Test
    void refusesSnapshotIdZero() {
        Outcome outcome = Outcome.run("vdi", "read", "-s", "0", "a");

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.errors()).isEqualTo("The snapshot id must be larger than zero\n");
    }

    @Test
    void refusesAnObjectIdThatIsNotHexadecimal() {
        assertThat(Outcome.run("vdi", "list", "-o", "xyz").errors())
                .isEqualTo("object id must be a hex integer\n");
    }

    @ParameterizedTest
    @CsvSource({
        "node list, 2, 'Failed to get node list\n'",
        "vdi create, 2, 'Failed to get node list\n'",
        "cluster shutdown, 1, 'failed to execute request\n'",
        "vdi read v, 1, 'Failed to open VDI v (snapshot id: 0 snapshot tag: ): I/O error\n'",
        "vdi delete -s t v, 1, 'Failed to open VDI v (snapshot id: 0 snapshot tag: t): I/O error\n'",
        "vdi list, 2, ''"
    })
    void saysTwiceThatNobodyListensAndThenWhatThatMeans(String words, int status, String lastLine) {
        Outcome outcome = Outcome.run(words.split(" ", -1));

        assertThat(outcome.status()).isEqualTo(status);
        assertThat(outcome.errors()).isEqualTo(REFUSED_TWICE + lastLine);
    }

    @ParameterizedTest
    @CsvSource({
        "vdi create, 2",
        "vdi resize, 64",
        "vdi read, 64",
        "vdi write, 64",
        "vdi delete, 64",
        "vdi getattr, 64",
        "vdi setattr, 64"
    })
    void showsTheUsageWhenOperandsAreMissing(String words, int status) {
        Outcome outcome = Outcome.run(words.split(" ", -1));

        assertThat(outcome.status()).isEqualTo(status);
        assertThat(outcome.output()).startsWith(status == 64 ? "Usage: dog " + words + " " : "");
    }

    @Test
    void explainsSizesAndShowsTheUsage() {
        Outcome outcome = Outcome.run("vdi", "resize", "a", "10MB");

        assertThat(outcome.status()).isEqualTo(64);
        assertThat(outcome.errors())
                .isEqualTo(
                        "Invalid size '10MB'\nYou may use B, K, M, G, T or P suffixes for bytes, kilobytes,"
                                + " megabytes, gigabytes, terabytes and petabytes.\n");
        assertThat(outcome.output()).startsWith("Usage: dog vdi resize ");
    }

    @Test
    void saysWhatIsNotThereYet() {
        Outcome outcome = Outcome.run("vdi", "snapshot", "-s", "t", "a");

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.output()).isEmpty();
        assertThat(outcome.errors())
                .isEqualTo("dog: 'vdi snapshot' is not available in this version of Kelpie\n");
    }

    @Test
    void printsTheElapsedTimeAfterAFailureToo() {
        assertThat(Outcome.run("vdi", "list", "-T", "-r").output())
                .matches("\nElapsed time: [0-9]+\\.[0-9]{3} seconds\n");
    }

    @Test
    void recordsTheCommandLineWhereTheEnvironmentSays(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("log");
        Map<String, String> environment =
                Map.of("SHEEPDOG_DOG_LOG", "1", "SHEEPDOG_DOG_LOG_PATH", file.toString());

        Outcome.run(Outcome.NOBODY, environment, new byte[0], List.of("help"));
        Outcome.run(Outcome.NOBODY, environment, new byte[0], List.of("vdi", "list", "-r"));

        assertThat(Files.readAllLines(file))
                .hasSize(2)
                .last()
                .asString()
                .endsWith(" :  dog vdi list -r");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }
}
