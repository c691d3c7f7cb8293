package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;

/** Nodes die, hang and come back under a writer that checks every byte it was promised. */
@Tag("e2e")
final class ClusterKillIT {
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(3);
    private static final long SIZE = 32 << 20;

    @Test
    void aKilledNodeCostsSecondsAndNothingElse(@TempDir Path directory) throws Exception {
        try (ClusterOfNodes cluster = ClusterOfNodes.onDirectory(directory)) {
            cluster.run("ClusterKillIT.killed", () -> {
                cluster.with(3, 3);
                cluster.node(0).create("load", Long.toString(SIZE));
                SteadyWriter writer = SteadyWriter.start(cluster.node(0), "load", SIZE);
                try (writer) {
                    for (int victim : new int[] {1, 2}) {
                        pause("kill -9 of node " + victim, writer, () -> cluster.kill(victim));
                        writer.awaitAnswers(500);
                        cluster.startAgain(victim);
                        cluster.awaitWhole();
                    }
                    // The writer's own node: it goes on through another.
                    pause("kill -9 of the writer's node", writer, () -> {
                        cluster.kill(0);
                        writer.nextDoor(cluster.node(1));
                    });
                    cluster.startAgain(0);
                    cluster.awaitWhole();
                    writer.stop();
                    cluster.nodes().forEach(writer::verify);
                }
                cluster.verifyReplicas();
            });
        }
    }

    @Test
    void aHungNodeCostsSecondsAndNothingElse(@TempDir Path directory) throws Exception {
        try (ZooKeeperServer zooKeeper = ZooKeeperServer.start(directory.resolve("zookeeper"));
                ClusterOfNodes cluster = ClusterOfNodes.on(zooKeeper, directory)) {
            cluster.run("ClusterKillIT.hung", () -> {
                cluster.with(3, 3);
                cluster.node(0).create("load", Long.toString(SIZE));
                SteadyWriter writer = SteadyWriter.start(cluster.node(0), "load", SIZE);
                try (writer) {
                    for (int victim : new int[] {1, 2}) {
                        SheepProcess hung = cluster.node(victim);
                        pause("SIGSTOP of node " + victim, writer, hung::freeze);
                        writer.awaitAnswers(500);
                        hung.thaw();
                        cluster.awaitWhole();
                    }
                    writer.stop();
                    cluster.nodes().forEach(writer::verify);
                }
                cluster.verifyReplicas();
            });
        }
    }

    private static void pause(String harm, SteadyWriter writer, Runnable action) {
        Duration pause = writer.pauseDuring(action);
        System.out.println("longest pause of writes, " + harm + ": " + pause.toMillis() + " ms");
        assertThat(pause).as("pause of writes, %s", harm).isLessThanOrEqualTo(LONGEST_PAUSE);
    }
}
