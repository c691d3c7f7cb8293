package io.kelpie.simulator;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;

/** Brings nodes up, down and up again, and tells the clients. */
final class ClusterNodes {
    private static final long MILLISECOND = 1_000_000L;
    private static final long RETRY_NANOS = 200 * MILLISECOND;
    /** Time for slow doors to give payloads back after the engine has stopped. */
    private static final long SETTLE_NANOS = 20 * MILLISECOND;
    /** A clean stop takes no longer, in virtual time, whatever is in flight. */
    private static final long STOP_NANOS = 60_000 * MILLISECOND;

    private final World world;
    private final SimNetwork network;
    private final ClusterErrors errors;
    private final RandomSource random;
    private final List<SimNode> nodes = new ArrayList<>();
    private final TreeSet<String> stopping = new TreeSet<>();
    private final TreeSet<String> startPlanned = new TreeSet<>();
    /** Made after the nodes, because clients sit at them. */
    private @Nullable Workload clients;

    private boolean supervised = true;
    private int starts;

    ClusterNodes(World world, SimNetwork network, ClusterErrors errors) {
        this.world = world;
        this.network = network;
        this.errors = errors;
        this.random = world.random("nodes");
    }

    void serve(Workload itsClients) {
        clients = itsClients;
    }

    private Workload workload() {
        return Objects.requireNonNull(clients, "nodes run after their clients were made");
    }

    void add(SimNode node) {
        nodes.add(node);
        network.addHost(node.name(), node.endpoint());
    }

    List<SimNode> all() {
        return nodes;
    }

    SimNode node(int number) {
        return nodes.get(number % nodes.size());
    }

    int starts() {
        return starts;
    }

    /** Whether all nodes are up and serve. */
    boolean areAllServing() {
        for (SimNode node : nodes) {
            if (!node.isServing()) {
                return false;
            }
        }
        return true;
    }

    void start(SimNode node) {
        startPlanned.remove(node.name());
        if (node.isUp()) {
            return;
        }
        network.onHostUp(node.endpoint());
        node.disk().repair();
        starts++;
        SimNode.Lifetime[] started = new SimNode.Lifetime[1];
        node.start(
                ended -> {
                    if (ended.isDone()) {
                        workload().onServing();
                    } else {
                        // A daemon that cannot start exits; its supervisor starts it again.
                        workload().checkExplained("start", null, ended.failure());
                        crash(node, false, RETRY_NANOS);
                    }
                },
                reason -> {
                    world.note(node.name(), "wants to end: " + reason, 0, 0);
                    world.schedule(0, node.name(), "ends", () -> {
                        if (node.isUp() && node.lifetime() == started[0]) {
                            cleanly(node, RETRY_NANOS);
                        }
                    });
                });
        started[0] = node.lifetime();
    }

    /** Kills a node if it is up and starts it again after a while. */
    void crash(SimNode node, boolean powerLoss, long downNanos) {
        if (node.isUp()) {
            errors.noteDeath();
            node.crash(powerLoss);
            stopping.remove(node.name());
            workload().onDown(node);
            reseatSoon();
        }
        planStart(node, downNanos);
    }

    private void reseatSoon() {
        world.schedule(
                random.between(1, 2_000) * MILLISECOND, "clients", "reseat", workload()::reseat);
    }

    private void planStart(SimNode node, long downNanos) {
        if (supervised && startPlanned.add(node.name())) {
            world.schedule(downNanos, node.name(), "start node", () -> start(node));
        }
    }

    /** Stops a node in an orderly way and starts it again. */
    void cleanly(SimNode node, long downNanos) {
        if (node.isUp() && !node.isServing()) {
            // Who stops a process that is still starting does not wait for it.
            crash(node, false, downNanos);
            return;
        }
        if (!node.isUp() || !stopping.add(node.name())) {
            return;
        }
        SimNode.Lifetime stopped = node.lifetime();
        node.stop(ended -> {
            if (!ended.isDone()) {
                workload().checkExplained("stop", null, ended.failure());
            }
            world.schedule(SETTLE_NANOS, node.name(), "end process", () -> {
                if (stopped.process().isAlive()) {
                    stopping.remove(node.name());
                    node.endStopped();
                    errors.noteDeath();
                    workload().onDown(node);
                    reseatSoon();
                    planStart(node, downNanos);
                }
            });
        });
        world.schedule(STOP_NANOS, node.name(), "stop limit", () -> {
            if (stopped.process().isAlive()
                    && !stopped.process().isPaused()
                    && stopping.contains(node.name())) {
                throw world.fail(
                        SimulationFailure.Kind.LIVENESS,
                        "a stop ends in its time",
                        stopped.completions().openCalls().toString());
            }
        });
    }

    /** All nodes run again. */
    void heal() {
        for (SimNode node : nodes) {
            node.disk().giveRoom();
            node.disk().slowDown(0);
            node.disk().stickUntil(0);
            if (node.disk().isBroken()) {
                crash(node, false, MILLISECOND);
            } else if (!node.isUp()) {
                planStart(node, MILLISECOND);
            }
        }
    }

    /** From now on a node that ends stays down. */
    void leaveDown() {
        supervised = false;
    }

    boolean areAllDown() {
        for (SimNode node : nodes) {
            if (node.isUp()) {
                return false;
            }
        }
        return true;
    }
}
