package io.kelpie.system;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.placement.Placement;
import io.kelpie.node.coordinator.ZooKeeperServerProcess;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * A cluster of real nodes on a real ZooKeeper under faults, with writers that know what was
 * acknowledged and readers that look through every node. Needs root for network namespaces.
 * Settings are system properties: {@code torture.minutes} (2), {@code torture.seed} (fresh),
 * {@code torture.nodes} (4), {@code torture.faults} (all, or a list of {@link FaultKind}s).
 *
 * <p>At the end the faults stop; every group must get all its copies back, every block is read
 * through every node, and then from every single copy, while its node is the only one that runs.
 */
final class Torture {
    private static final int COPIES = 3;
    private static final int WRITERS_OF_EACH = 3;
    private static final int READERS = 4;
    private static final int START_SECONDS = 90;
    private static final int ALONE_SECONDS = 90;
    private static final int VDI_ID_FIELD = 7;
    private static final Path KEPT = Path.of("target", "torture");

    private final int minutes = Integer.getInteger("torture.minutes", 2);
    private final long seed = Long.getLong("torture.seed", System.nanoTime());
    private final int nodeCount = Integer.getInteger("torture.nodes", 4);
    private final List<FaultKind> kinds = kinds(System.getProperty("torture.faults", ""));
    private final List<NodeProcess> nodes = new ArrayList<>();
    private final List<String> complaints = new ArrayList<>();
    private final BlockRegisters overNbd = new BlockRegisters(1, "n", 8190, 16);
    private final BlockRegisters overSheepdog = new BlockRegisters(2, "s", 4095, 4);

    /** Runs by itself; ends with status 1 if something is wrong. */
    public static void main(String[] arguments) throws Exception {
        List<String> complaints = new Torture().run();
        System.exit(complaints.isEmpty() ? 0 : 1);
    }

    private static List<FaultKind> kinds(String names) {
        return names.isEmpty()
                ? List.of(FaultKind.values())
                : Arrays.stream(names.split(",")).map(FaultKind::valueOf).toList();
    }

    /** Runs for the minutes asked for and some more; answers what is wrong, best nothing. */
    List<String> run() throws IOException, InterruptedException {
        TortureLog.line("torture.seed=" + seed + " torture.minutes=" + minutes);
        Path directory = Files.createTempDirectory("kelpie-torture");
        try (NodeNetwork network = NodeNetwork.create(nodeCount);
                ZooKeeperServerProcess zooKeeper = ZooKeeperServerProcess.start(
                        directory.resolve("zookeeper"), NodeNetwork.coordinatorAddress())) {
            try {
                torture(directory, network, zooKeeper);
            } finally {
                for (NodeProcess node : nodes) {
                    node.kill();
                }
                keepLogs();
            }
        } finally {
            Commands.deleteTree(directory);
        }
        complaints.forEach(complaint -> TortureLog.line("COMPLAINT " + complaint));
        TortureLog.line(
                complaints.isEmpty() ? "all is well" : "repeat with -Dtorture.seed=" + seed);
        return complaints;
    }

    private void torture(Path directory, NodeNetwork network, ZooKeeperServerProcess zooKeeper)
            throws IOException, InterruptedException {
        for (int i = 0; i < nodeCount; i++) {
            NodeProcess node = new NodeProcess(
                    i, directory.resolve("node" + i), "zookeeper:" + zooKeeper.address());
            nodes.add(node);
            node.start();
        }
        ClusterView view = new ClusterView(zooKeeper.address(), nodeCount, COPIES);
        format();
        require(view.await(view::isWhole, START_SECONDS), "a formatted cluster becomes whole");
        List<VdiId> vdis = createVdis();

        Random random = new Random(seed);
        PauseClock pauses = new PauseClock(2 * WRITERS_OF_EACH);
        long lengthNanos = TimeUnit.MINUTES.toNanos(minutes);
        TortureLoad load = new TortureLoad(
                nodes, vdis, overNbd, overSheepdog, WRITERS_OF_EACH, pauses, lengthNanos);
        TortureFaults faults = new TortureFaults(
                nodes, network, zooKeeper, view, pauses, kinds, new Random(random.nextLong()));
        load.start(READERS, random);
        try {
            faults.run(lengthNanos);
            TortureLog.line("the faults are over");
            faults.becomesWhole("under load, after all faults");
        } finally {
            load.stop();
        }
        complaints.addAll(faults.complaints());
        complaints.addAll(load.deaths);
        TortureLog.line("reading everything through every node");
        for (NodeProcess node : nodes) {
            readAll(load, node);
        }
        TortureLog.line("reading every copy");
        for (NodeProcess node : nodes) {
            readAlone(load, view, node, vdis);
            faults.startTheDead();
            faults.becomesWhole("after only " + node + " ran");
        }
        complaints.addAll(overNbd.violations());
        complaints.addAll(overSheepdog.violations());
        report(load, pauses, faults.replacedDisks());
    }

    private void format() throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        Commands.Outcome outcome;
        do {
            TimeUnit.MILLISECONDS.sleep(500);
            outcome = nodes.get(0).dog("node", "list", "-r");
        } while (outcome.stdout().lines().count() < nodeCount && System.nanoTime() - end < 0);
        require(outcome.stdout().lines().count() == nodeCount, "all nodes join: " + outcome);
        nodes.get(0).dog("cluster", "format", "-c", Integer.toString(COPIES)).succeeded();
    }

    /** The VDI of NBD and the one of port 7000. */
    private List<VdiId> createVdis() {
        NodeProcess node = nodes.get(0);
        node.dog("vdi", "create", overNbd.vdi(), Long.toString(overNbd.sizeBytes()))
                .succeeded();
        String size = Long.toString(overSheepdog.sizeBytes());
        node.dog("vdi", "create", "-P", overSheepdog.vdi(), size).succeeded();
        return List.of(idOf(node, overNbd.vdi()), idOf(node, overSheepdog.vdi()));
    }

    private static VdiId idOf(NodeProcess node, String vdi) {
        String line = node.dog("vdi", "list", "-r", vdi).succeeded().stdout();
        return new VdiId(Integer.parseInt(line.strip().split(" ")[VDI_ID_FIELD], 16));
    }

    private void readAll(TortureLoad load, NodeProcess node) throws InterruptedException {
        for (BlockRegisters registers : List.of(overNbd, overSheepdog)) {
            for (boolean isSheepdog : new boolean[] {false, true}) {
                if (!isSheepdog || registers == overSheepdog) {
                    int[] all = java.util.stream.IntStream.range(0, registers.count())
                            .toArray();
                    new Sweep(load, node, registers, isSheepdog, complaints).read(all);
                }
            }
        }
    }

    /** With the other nodes dead this one must become the only copy of its groups. */
    private void readAlone(TortureLoad load, ClusterView view, NodeProcess node, List<VdiId> vdis)
            throws IOException, InterruptedException {
        for (NodeProcess other : nodes) {
            if (other != node) {
                other.kill();
            }
        }
        int member = ClusterView.memberOf(view.map(), node.index());
        boolean isAlone = view.await(
                map -> map.groups().stream()
                        .filter(group -> group.sync().contains(member))
                        .allMatch(group -> group.sync().size() == 1 && group.primary() == member),
                ALONE_SECONDS);
        ClusterMap map = view.map();
        if (!isAlone) {
            complaints.add(node + " does not take over alone: " + view.troubles(map));
            TortureLog.line(complaints.get(complaints.size() - 1));
            return;
        }
        // Not through NBD: it needs the VDI's inode, whose copies may all be elsewhere.
        new Sweep(load, node, overNbd, true, complaints)
                .read(held(map, overNbd, vdis.get(0), member));
        new Sweep(load, node, overSheepdog, true, complaints)
                .read(held(map, overSheepdog, vdis.get(1), member));
    }

    private int[] held(ClusterMap map, BlockRegisters registers, VdiId vdi, int member) {
        return java.util.stream.IntStream.range(0, registers.count())
                .filter(register -> {
                    int object = registers.block(register) / SheepdogDoor.BLOCKS_AN_OBJECT;
                    PgEntry group = map.group(Placement.groupOf(
                            vdi.value(), ObjectId.data(vdi, object), map.partBits()));
                    return group.sync().contains(member);
                })
                .toArray();
    }

    private void report(TortureLoad load, PauseClock pauses, int replacedDisks) throws IOException {
        StringBuilder text = new StringBuilder("minutes %d seed %d%n".formatted(minutes, seed));
        text.append(
                "writes acknowledged %d, reads %d, writes without answer %d, errors answered %d, silences of %d s %d%n"
                        .formatted(
                                load.written.sum(),
                                load.read.sum(),
                                load.unanswered.sum(),
                                load.refused.sum(),
                                BlockDoor.ANSWER_MILLIS / 1000,
                                load.silent.sum()));
        text.append(overNbd).append('\n').append(overSheepdog).append('\n');
        text.append(pauses.table());
        text.append("disks replaced because of flipped bits ")
                .append(replacedDisks)
                .append('\n');
        text.append(LogTally.of(nodes)).append('\n');
        text.append("complaints ").append(complaints.size()).append('\n');
        TortureLog.line("report\n" + text);
        Files.createDirectories(KEPT);
        Files.writeString(KEPT.resolve("report.txt"), text);
    }

    private void keepLogs() throws IOException {
        for (NodeProcess node : nodes) {
            Path target = Files.createDirectories(KEPT.resolve("node" + node.index()));
            for (Path log : List.of(node.output(), node.store().resolve("sheep.log"))) {
                if (Files.exists(log)) {
                    Files.copy(
                            log,
                            target.resolve(log.getFileName()),
                            StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }
}
