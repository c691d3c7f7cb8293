package io.kelpie.system;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.node.coordinator.ZooKeeperServerProcess;
import io.kelpie.system.NodeNetwork.Link;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Faults one after the other, chosen by a seed, each undone before the next. Stores survive all of
 * them but flipped bits, and those wait until every group has all its copies and again until the
 * damaged node is whole.
 */
final class TortureFaults {
    private static final int WHOLE_SECONDS = 240;
    private static final int RETURN_MILLIS = 5_000;
    private static final int PATIENCE_SECONDS = 20;
    private static final int MAX_SETTLE_MILLIS = 10_000;
    private static final int FIRST_PAUSE_MILLIS = 5_000;

    private final List<NodeProcess> nodes;
    private final NodeNetwork network;
    private final ZooKeeperServerProcess zooKeeper;
    private final ClusterView view;
    private final PauseClock pauses;
    private final Random random;
    private final List<FaultKind> kinds;
    private final List<FaultKind> bag = new ArrayList<>();
    private final TreeSet<Integer> damaged = new TreeSet<>();
    private int replacedDisks;
    private final List<String> complaints = new ArrayList<>();

    TortureFaults(
            List<NodeProcess> nodes,
            NodeNetwork network,
            ZooKeeperServerProcess zooKeeper,
            ClusterView view,
            PauseClock pauses,
            List<FaultKind> kinds,
            Random random) {
        this.nodes = nodes;
        this.network = network;
        this.zooKeeper = zooKeeper;
        this.view = view;
        this.pauses = pauses;
        this.kinds = kinds;
        this.random = random;
    }

    /** What went wrong besides the registers. */
    List<String> complaints() {
        return complaints;
    }

    /** Goes on until the time is over; then nothing is broken any more. */
    void run(long lengthNanos) throws IOException, InterruptedException {
        long end = System.nanoTime() + lengthNanos;
        pass(FIRST_PAUSE_MILLIS);
        for (int i = 1; System.nanoTime() - end < 0; i++) {
            startTheDead();
            FaultKind kind = next();
            boolean isWhole = random.nextInt(3) > 0 && view.await(view::isWhole, PATIENCE_SECONDS);
            NodeProcess node = nodes.get(random.nextInt(nodes.size()));
            TortureLog.line(
                    "fault " + i + " " + kind + " " + node + (isWhole ? ", all whole" : ""));
            pauses.begin(kind, isWhole);
            inflict(kind, node);
            startTheDead();
            TortureLog.line("fault " + i + " is over");
            // Often before everything has caught up.
            pass(random.nextInt(4) == 0 ? 0 : random.nextInt(MAX_SETTLE_MILLIS));
        }
        startTheDead();
    }

    /** Every kind comes as often as its weight says before any comes again. */
    private FaultKind next() {
        if (bag.isEmpty()) {
            kinds.forEach(kind -> bag.addAll(java.util.Collections.nCopies(kind.weight(), kind)));
        }
        return bag.remove(random.nextInt(bag.size()));
    }

    private void inflict(FaultKind kind, NodeProcess node)
            throws IOException, InterruptedException {
        NodeProcess second =
                nodes.get((node.index() + 1 + random.nextInt(nodes.size() - 1)) % nodes.size());
        switch (kind) {
            case KILL -> {
                node.kill();
                passSometimes(8_000);
            }
            case KILL_TWO -> {
                node.kill();
                second.kill();
                passSometimes(8_000);
                node.start();
                passSometimes(3_000);
            }
            case KILL_ALL -> {
                for (NodeProcess each : nodes) {
                    each.kill();
                }
            }
            case TERMINATE -> {
                node.terminate();
                passSometimes(8_000);
            }
            case FREEZE -> {
                node.freeze();
                pass(1_000 + random.nextInt(9_000));
                node.thaw();
            }
            case CUT_PEERS -> cut(node, Link.PEERS);
            case CUT_COORDINATOR -> cut(node, Link.COORDINATOR);
            case CUT_ALL -> cut(node, Link.PEERS, Link.COORDINATOR);
            case MUTE -> {
                network.mute(node.index(), second.index());
                pass(2_000 + random.nextInt(10_000));
                network.unmute(node.index(), second.index());
            }
            case ZOOKEEPER -> {
                zooKeeper.kill();
                pass(1_000 + random.nextInt(14_000));
                zooKeeper.restart();
            }
            case ZOOKEEPER_AND_KILL -> {
                zooKeeper.kill();
                pass(random.nextInt(3_000));
                node.kill();
                pass(random.nextInt(3_000));
                node.start();
                pass(random.nextInt(3_000));
                zooKeeper.restart();
            }
            case FLIP -> flip(node);
            case NONE -> {}
        }
    }

    private void cut(NodeProcess node, Link... links) {
        for (Link link : links) {
            network.cut(node.index(), link);
        }
        pass(2_000 + random.nextInt(13_000));
        for (Link link : links) {
            network.join(node.index(), link);
        }
    }

    private void flip(NodeProcess node) throws IOException, InterruptedException {
        if (!becomesWhole("before bits flip")) {
            return;
        }
        node.kill();
        String where = BitFlipper.flip(node.store(), 1 + random.nextInt(3), random);
        TortureLog.line("bits flipped:" + where);
        damaged.add(node.index());
        node.start();
        pass(RETURN_MILLIS);
        becomesWhole("after bits flipped");
    }

    /** Waits until all copies are there. */
    boolean becomesWhole(String when) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        boolean isWhole = view.await(
                map -> {
                    tryStartTheDead();
                    return view.isWhole(map);
                },
                WHOLE_SECONDS);
        TortureLog.line("%s %s after %.1f s"
                .formatted(
                        isWhole ? "whole" : "NOT WHOLE", when, (System.nanoTime() - begin) / 1e9));
        if (!isWhole) {
            String troubles = view.troubles(view.map());
            complaints.add("not whole " + when + ": " + troubles);
            TortureLog.line(troubles);
        }
        return isWhole;
    }

    /** Starts every node that does not run. */
    void startTheDead() throws IOException, InterruptedException {
        for (NodeProcess node : nodes) {
            if (node.hasDied() && damaged.contains(node.index())) {
                replaceDisk(node);
            } else if (node.hasDied()) {
                TortureLog.line(node + " ended by itself and is started again");
                complaints.add(node + " ended by itself");
            }
            if (!node.isAlive()) {
                node.start();
            }
        }
    }

    /** What an operator does with a disk that lies, once no group has its only good copy there. */
    private void replaceDisk(NodeProcess node) throws IOException, InterruptedException {
        ClusterMap map = view.map();
        int member = ClusterView.memberOf(map, node.index());
        boolean isNeeded =
                map.groups().stream().anyMatch(group -> group.sync().equals(List.of(member)));
        TortureLog.line(node + " ended because of its damaged store"
                + (isNeeded ? ", which holds a last copy" : " and gets an empty one"));
        if (!isNeeded) {
            node.replaceDisk();
            damaged.remove(node.index());
            replacedDisks++;
        }
    }

    /** How many stores were given up because of flipped bits. */
    int replacedDisks() {
        return replacedDisks;
    }

    private boolean awaitWhole() throws InterruptedException {
        // Until the map says what the last fault did the cluster still looks whole.
        pass(RETURN_MILLIS);
        return view.await(view::isWhole, PATIENCE_SECONDS);
    }

    private void tryStartTheDead() {
        try {
            startTheDead();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void passSometimes(int maxMillis) {
        if (random.nextBoolean()) {
            pass(random.nextInt(maxMillis));
        }
    }

    private static void pass(int millis) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }
}
