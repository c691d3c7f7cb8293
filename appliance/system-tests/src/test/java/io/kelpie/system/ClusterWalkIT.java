package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Three nodes on ZooKeeper as the README sets them up, and every door of every node. */
@Tag("e2e")
final class ClusterWalkIT {
    private static final int SIZE = 12 << 20;

    @Test
    void threeNodesShowTheSameDisksAtEveryDoor(@TempDir Path directory) throws Exception {
        try (ZooKeeperServer zooKeeper = ZooKeeperServer.start(directory.resolve("zookeeper"));
                ClusterOfNodes cluster = ClusterOfNodes.on(zooKeeper, directory)) {
            cluster.run("ClusterWalkIT", () -> {
                IntStream.range(0, 3)
                        .forEach(i ->
                                cluster.launch(ClusterOfNodes.SMALL_WITH_MOUNT, cluster.driver()));
                cluster.formatted(3);

                everyNodeTellsTheSame(cluster);
                disksAreTheSameEverywhere(cluster);
                vdisAreTheSameEverywhere(cluster);
                cluster.verifyReplicas();
            });
        }
    }

    private static void everyNodeTellsTheSame(ClusterOfNodes cluster) {
        String nodes = cluster.node(0).dog("node", "list").succeeded().stdout();
        String info = cluster.node(0).dog("cluster", "info").succeeded().stdout();

        for (SheepProcess node : cluster.nodes()) {
            assertThat(node.dog("node", "list").succeeded().stdout()).isEqualTo(nodes);
            assertThat(nodes).contains("127.0.0.1:" + node.port());
            assertThat(node.dog("cluster", "info").succeeded().stdout()).isEqualTo(info);
        }
        assertThat(info).contains("running");
    }

    private static void disksAreTheSameEverywhere(ClusterOfNodes cluster) {
        List<Door> doors = List.of(Door.values());
        Random random = new Random(4);
        for (int writer = 0; writer < doors.size(); writer++) {
            String vdi = cluster.node(0).create("disk" + writer, Integer.toString(SIZE));
            byte[] expected = new byte[SIZE];
            for (int round = 0; round < 2; round++) {
                byte[] bytes = new byte[5 << 20];
                random.nextBytes(bytes);
                int offset = (3 << 20) + round * 4096;
                doors.get(writer).write(cluster.node(writer), vdi, offset, bytes);
                System.arraycopy(bytes, 0, expected, offset, bytes.length);
                for (int reader = 0; reader < doors.size(); reader++) {
                    SheepProcess node = cluster.node((writer + reader + round) % 3);
                    assertThat(doors.get(reader).read(node, vdi))
                            .as("%s of %s after %s", doors.get(reader), node, doors.get(writer))
                            .isEqualTo(expected);
                }
            }
        }
    }

    private static void vdisAreTheSameEverywhere(ClusterOfNodes cluster) {
        SheepProcess one = cluster.node(0);
        SheepProcess two = cluster.node(1);
        SheepProcess three = cluster.node(2);
        one.create("thing", "8M");
        two.dog("vdi", "setattr", "thing", "colour", "blue").succeeded();
        assertThat(three.dog("vdi", "getattr", "thing", "colour").succeeded().stdout())
                .startsWith("blue");

        three.dog("vdi", "resize", "thing", "16M").succeeded();
        assertThat(Commands.output("nbdinfo", "--size", one.nbdUri("thing")).strip())
                .isEqualTo(Integer.toString(16 << 20));
        assertThat(two.image("thing")).hasSize(16 << 20);
        assertThat(two.dog("vdi", "list", "-r").succeeded().stdout())
                .isEqualTo(one.dog("vdi", "list", "-r").succeeded().stdout())
                .contains("= thing 0 16777216 ");

        two.dog("vdi", "delete", "thing").succeeded();
        for (SheepProcess node : cluster.nodes()) {
            assertThat(node.dog("vdi", "list", "-r").succeeded().stdout())
                    .contains("disk0")
                    .doesNotContain("thing");
            // The kernel may remember a name for a second.
            await("no file in " + node.mount()).until(() -> !Files.exists(node.image("thing")));
        }
    }
}
