package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.US_ASCII;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code dog} against a running daemon: what a script sees of it. */
@Tag("e2e")
final class DogIT {
    private static final String LIST_HEADER =
            "  Name        Id    Size    Used  Shared    Creation time   VDI id  Copies  Tag   Block Size Shift\n";

    @RegisterExtension
    static final OneNode NODE = new OneNode();

    @Test
    void unformattedClusterRefusesVdisUntilItIsFormatted(@TempDir Path directory) {
        try (SheepProcess sheep = SheepProcess.start(directory)) {
            assertThat(sheep.dog("cluster", "info").succeeded().stdout())
                    .isEqualTo("Cluster status: Waiting for cluster to be formatted\n\n");
            assertThat(sheep.dog("vdi", "create", "x", "1G").endedWith(1).stderr())
                    .isEqualTo("Failed to create VDI x: Waiting for cluster to be formatted\n");

            assertThat(sheep.dog("cluster", "format", "--copies=1").succeeded().stdout())
                    .isEqualTo("using backend plain store\n");

            assertThat(sheep.dog("cluster", "info").succeeded().stdout())
                    .startsWith(
                            "Cluster status: running, auto-recovery enabled\n\nCluster created at ")
                    .contains("Epoch Time           Version [Host:Port:V-Nodes,,,]\n")
                    .endsWith("     1 [127.0.0.1:" + sheep.port() + ":128]\n");
            sheep.dog("vdi", "create", "x", "1G").succeeded();
        }
    }

    @Test
    void clusterShutdownEndsTheDaemonAndKeepsTheVdis(@TempDir Path directory) {
        try (SheepProcess sheep = SheepProcess.start(directory).formatted()) {
            sheep.create("kept", "8M");
            sheep.dog("cluster", "shutdown").succeeded();

            assertThat(sheep.waitForEnd()).isZero();

            try (SheepProcess again = sheep.startAgain()) {
                assertThat(again.dog("vdi", "list", "-r").succeeded().stdout())
                        .startsWith("= kept 0 8388608 ");
            }
        }
    }

    @Test
    void nodeKillEndsTheDaemon(@TempDir Path directory) {
        try (SheepProcess sheep = SheepProcess.start(directory).formatted()) {
            sheep.dog("node", "kill", "0");

            assertThat(sheep.waitForEnd()).isZero();
        }
    }

    @Test
    void nodeListNamesTheNode() {
        assertThat(dog("node", "list", "-r").succeeded().stdout())
                .isEqualTo("0 127.0.0.1:" + NODE.sheep().port() + " 128 16777343\n");
    }

    @Test
    void nodeInfoCountsSpace() {
        assertThat(dog("node", "info").succeeded().stdout())
                .startsWith("Id\tSize\tUsed\tAvail\tUse%\n 0\t")
                .contains("\nTotal\t")
                .contains("\nTotal virtual image size\t");
    }

    @Test
    void vdiLivesFromCreateToDelete() {
        dog("vdi", "create", "life", "12M").succeeded();
        assertThat(dog("vdi", "create", "life", "12M").endedWith(1).stderr())
                .isEqualTo("Failed to create VDI life: VDI exists already\n");
        assertThat(dog("vdi", "list", "life").succeeded().stdout())
                .startsWith(LIST_HEADER)
                .contains("  life         0   12 MB  0.0 MB  0.0 MB ");

        dog("vdi", "delete", "life").succeeded();

        assertThat(dog("vdi", "list", "life").succeeded().stdout()).isEqualTo(LIST_HEADER);
        assertThat(dog("vdi", "delete", "life").endedWith(1).stderr()).contains("No VDI found");
    }

    @Test
    void createTellsTheIdThatTheNameGives() {
        // The id of this name is in the recorded transcripts.
        assertThat(dog("vdi", "create", "-v", "a", "12M").succeeded().stdout())
                .isEqualTo("VDI ID of newly created VDI: 1ec8c\n");
    }

    @Test
    void writtenBytesAreReadBack() {
        dog("vdi", "create", "text", "12M").succeeded();

        NODE.sheep()
                .dog("hello, kelpie".getBytes(US_ASCII), "vdi", "write", "text", "4194300", "13")
                .succeeded();

        assertThat(dog("vdi", "read", "text", "4194300", "13").succeeded().stdout())
                .isEqualTo("hello, kelpie");
        assertThat(dog("vdi", "read", "text", "13M", "1").endedWith(1).stderr())
                .isEqualTo("Read offset is beyond the end of the VDI\n");
        assertThat(dog("vdi", "write", "nosuch", "0", "1").endedWith(1).stderr())
                .isEqualTo(
                        "Failed to open VDI nosuch (snapshot id: 0 snapshot tag: ): No VDI found\n");
    }

    @Test
    void resizeGrowsOnly() {
        dog("vdi", "create", "grow", "12M").succeeded();

        dog("vdi", "resize", "grow", "20M").succeeded();

        assertThat(dog("vdi", "list", "-r", "grow").succeeded().stdout())
                .startsWith("= grow 0 20971520 ");
        assertThat(dog("vdi", "resize", "grow", "10M").endedWith(64).stderr())
                .startsWith("Shrinking VDIs is not implemented\n");
    }

    @Test
    void attributesAreSetReadAndDeleted() {
        dog("vdi", "create", "attr", "12M").succeeded();

        dog("vdi", "setattr", "attr", "k", "v1").succeeded();
        assertThat(dog("vdi", "getattr", "attr", "k").succeeded().stdout()).isEqualTo("v1");
        assertThat(dog("vdi", "setattr", "-x", "attr", "k", "v2").endedWith(3).stderr())
                .isEqualTo("The attribute 'k' already exists\n");
        dog("vdi", "setattr", "-d", "attr", "k").succeeded();
        assertThat(dog("vdi", "getattr", "attr", "k").endedWith(5).stderr())
                .isEqualTo("Attribute 'k' not found\n");
        assertThat(dog("vdi", "getattr", "nosuch", "k").endedWith(5).stderr())
                .isEqualTo("VDI not found\n");
    }

    @Test
    void attributesSurviveRestart(@TempDir Path directory) {
        try (SheepProcess sheep = SheepProcess.start(directory).formatted()) {
            sheep.create("attr", "4M");
            sheep.dog("vdi", "setattr", "attr", "k", "v1").succeeded();
            assertThat(sheep.terminate()).isZero();

            try (SheepProcess again = sheep.startAgain()) {
                assertThat(again.dog("vdi", "getattr", "attr", "k").succeeded().stdout())
                        .isEqualTo("v1");
            }
        }
    }

    @Test
    void unknownWordsAreUsageErrors() {
        assertThat(Commands.run(SheepProcess.DOG.toString(), "bogus")
                        .endedWith(64)
                        .stderr())
                .startsWith("Invalid command 'bogus'\n");
        assertThat(dog("vdi", "bogus").endedWith(64).stderr())
                .startsWith("Invalid command 'vdi bogus'\n");
    }

    @Test
    void whatIsNotThereYetSaysSo() {
        assertThat(dog("vdi", "snapshot", "-s", "t1", "a").status()).isNotZero();
        assertThat(dog("vdi", "snapshot", "-s", "t1", "a").stderr()).isNotEmpty();
    }

    @Test
    void silentSheepIsSystemFailure() {
        Commands.Outcome outcome = Commands.run(
                SheepProcess.DOG.toString(),
                "vdi",
                "list",
                "-p",
                Integer.toString(SheepProcess.freePort()));

        assertThat(outcome.endedWith(2).stderr()).isNotEmpty().doesNotContain("Exception");
    }

    @Test
    void worksFromAnyDirectoryAndThroughLinks(@TempDir Path directory) throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("dog"), SheepProcess.DOG);
        Path linkToLink = Files.createSymbolicLink(directory.resolve("collie"), link);

        assertThat(Commands.output("env", "-C", "/", linkToLink.toString(), "--help"))
                .startsWith("Sheepdog administrator utility");
    }

    private static Commands.Outcome dog(String... arguments) {
        return NODE.sheep().dog(arguments);
    }
}
