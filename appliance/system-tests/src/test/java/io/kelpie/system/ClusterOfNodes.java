package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Several daemons below one directory, small enough to run beside Maven on two cores. Nodes are
 * named by their number, from 0; node N lies in {@code nodeN} and in zone N.
 */
final class ClusterOfNodes implements AutoCloseable {
    /** Four of these and Maven fit on a small machine; the compiler's cheap half is enough. */
    private static final String JAVA_OPTIONS =
            "-Xmx256m -XX:MaxDirectMemorySize=512m" + " -XX:+UseSerialGC -XX:TieredStopAtLevel=1";

    static final SheepProcess.Place SMALL =
            new SheepProcess.Place(List.of(), "127.0.0.1", JAVA_OPTIONS, false);
    static final SheepProcess.Place SMALL_WITH_MOUNT =
            new SheepProcess.Place(List.of(), "127.0.0.1", JAVA_OPTIONS, true);

    private static final Duration WHOLE_LIMIT = Duration.ofSeconds(90);

    private final Path directory;
    private final MapSource maps;
    private final List<SheepProcess> nodes = new ArrayList<>();

    private ClusterOfNodes(Path directory, MapSource maps) {
        this.directory = directory;
        this.maps = maps;
    }

    /** Nodes that share a directory. */
    static ClusterOfNodes onDirectory(Path directory) {
        return new ClusterOfNodes(
                directory, new MapSource.OfDirectory(directory.resolve("shared")));
    }

    /** Nodes that meet at a ZooKeeper server. */
    static ClusterOfNodes on(ZooKeeperServer server, Path directory) {
        return new ClusterOfNodes(directory, new MapSource.OfZooKeeper(server.port()));
    }

    /** Starts so many nodes together and formats them. */
    ClusterOfNodes with(int count, int copies) {
        IntStream.range(0, count).forEach(i -> launch(SMALL, maps.driver()));
        return formatted(copies);
    }

    /** Formats what was launched, once every door is open, and waits until all groups are whole. */
    ClusterOfNodes formatted(int copies) {
        nodes.forEach(SheepProcess::opened);
        awaitNodes(nodes.size());
        node(0).dog("cluster", "format", "--copies=" + copies).succeeded();
        awaitWhole();
        return this;
    }

    /** Launches one more node. */
    SheepProcess launch(SheepProcess.Place place, String driver, String... options) {
        int number = nodes.size();
        List<String> all = new ArrayList<>(List.of("-c", driver, "-z", Integer.toString(number)));
        all.addAll(List.of(options));
        SheepProcess node = SheepProcess.launch(directoryOf(number), place, all);
        nodes.add(node);
        return node;
    }

    /** Starts one more node and answers it. */
    SheepProcess join() {
        return launch(SMALL, maps.driver()).opened();
    }

    String driver() {
        return maps.driver();
    }

    SheepProcess node(int number) {
        return nodes.get(number);
    }

    List<SheepProcess> nodes() {
        return List.copyOf(nodes);
    }

    void kill(int number) {
        node(number).kill();
    }

    /** Starts a node that has ended, and waits for its doors. */
    SheepProcess startAgain(int number) {
        return launchAgain(number).opened();
    }

    /** Starts a node that has ended. */
    SheepProcess launchAgain(int number) {
        nodes.set(number, node(number).launchAgain());
        return node(number);
    }

    ClusterMap map() {
        return maps.read();
    }

    /** The node that has an index in the map. */
    int numberOf(int memberIndex) {
        int port = map().member(memberIndex).endpoint().port();
        return IntStream.range(0, nodes.size())
                .filter(number -> node(number).port() == port)
                .findFirst()
                .orElseThrow();
    }

    /** The node that orders the writes of a group, waiting until there is one. */
    int primaryOf(PgId pg) {
        await("primary of " + pg).until(() -> map().group(pg).primary() != PgEntry.NONE);
        return numberOf(map().group(pg).primary());
    }

    /** Waits until the first node that runs lists so many nodes. */
    void awaitNodes(int count) {
        await(count + " nodes in the list")
                .atMost(WHOLE_LIMIT)
                .pollInterval(Duration.ofMillis(200))
                .until(() -> listed() == count);
    }

    private long listed() {
        SheepProcess first =
                nodes.stream().filter(SheepProcess::isAlive).findFirst().orElseThrow();
        return first.dog("node", "list", "-r").succeeded().stdout().lines().count();
    }

    /** Waits until every group is where it should be, on nodes that run, with all its copies. */
    void awaitWhole() {
        await("every group whole")
                .atMost(WHOLE_LIMIT)
                .pollInterval(Duration.ofMillis(100))
                .untilAsserted(() -> assertThat(unfinished(map())).isEmpty());
    }

    private List<String> unfinished(ClusterMap map) {
        List<String> open = new ArrayList<>();
        if (map.status() != ClusterStatus.RUNNING) {
            open.add("status " + map.status());
        }
        long alive = nodes.stream().filter(SheepProcess::isAlive).count();
        long up = map.members().stream()
                .filter(member -> member.state() == MemberState.UP)
                .count();
        if (up != alive) {
            open.add(up + " members up, " + alive + " nodes running");
        }
        for (int i = 0; i < map.groups().size(); i++) {
            PgEntry group = map.groups().get(i);
            boolean isWhole = group.primary() != PgEntry.NONE
                    && group.learners().isEmpty()
                    && new HashSet<>(group.sync()).equals(new HashSet<>(group.target()))
                    && group.sync().stream()
                            .allMatch(index -> map.member(index).state() == MemberState.UP);
            if (!isWhole) {
                open.add("pg" + i + " " + group);
            }
        }
        return open.size() > 5 ? open.subList(0, 5) : open;
    }

    /** Stops every node in order. */
    void terminate() {
        nodes.forEach(node -> assertThat(node.terminate()).isZero());
    }

    /** Stops every node and compares all copies of all objects, byte by byte. */
    void verifyReplicas() {
        ClusterMap map = map();
        terminate();
        Replicas.requireEqual(map, this);
    }

    /** Runs a test and keeps what the nodes printed if it fails. */
    void run(String name, TestBody body) throws Exception {
        try {
            body.run();
        } catch (Exception | AssertionError e) {
            close();
            for (int number = 0; number < nodes.size(); number++) {
                OneNode.keepLogs(
                        directoryOf(number),
                        Path.of("target", "system-logs", name, "node" + number));
            }
            throw e;
        }
    }

    /** What a test does. */
    interface TestBody {
        void run() throws Exception;
    }

    Path directoryOf(int number) {
        return directory.resolve("node" + number);
    }

    @Override
    public void close() {
        for (SheepProcess node : nodes) {
            node.close();
        }
        try {
            maps.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
