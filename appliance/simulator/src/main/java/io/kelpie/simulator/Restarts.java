package io.kelpie.simulator;

import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.port.Outcome;

import java.util.ArrayList;
import java.util.List;

/** Brings the node up, down and up again, and tells the workload. */
final class Restarts {
    private static final long MILLISECOND = 1_000_000L;
    /** A clean stop takes no longer, in virtual time, whatever is in flight. */
    private static final long STOP_NANOS = 60_000 * MILLISECOND;
    /** Time for slow doors to give payloads back after the engine has stopped. */
    private static final long SETTLE_NANOS = 20 * MILLISECOND;

    private static final long RETRY_NANOS = 50 * MILLISECOND;

    private final World world;
    private final SimNode node;
    private final Workload workload;
    private final Seat seat;
    private boolean stopping;
    private boolean startPlanned;
    private boolean ready;
    private int starts;

    Restarts(World world, SimNode node, Workload workload) {
        this.world = world;
        this.node = node;
        this.workload = workload;
        this.seat = new Seat(workload, node);
    }

    /** Whether the node serves, its cluster is formatted and its table was verified. */
    boolean isReady() {
        return ready;
    }

    int starts() {
        return starts;
    }

    void startNode() {
        startPlanned = false;
        node.disk().repair();
        starts++;
        node.start(ended -> {
            if (ended.isDone()) {
                afterStart();
            } else {
                // A daemon that cannot start exits; whoever supervises it starts it again.
                workload.checkExplained("start", null, ended.failure());
                crash(false, RETRY_NANOS);
            }
        });
    }

    private void afterStart() {
        if (node.engine().map().status() == ClusterStatus.UNFORMATTED) {
            ClusterSettings settings =
                    new ClusterSettings(node.lifetime().process().wallNanos(), 0, 1, 20, "plain");
            seat.<Outcome>call("format", c -> seat.engine().format(settings, c), ended -> {
                if (ended.isDone()) {
                    serve();
                } else {
                    workload.checkExplained("format", null, ended.failure());
                    node.lifetime().process().post(RETRY_NANOS, "format again", this::afterStart);
                }
            });
        } else {
            serve();
        }
    }

    private void serve() {
        new TableCheck(world, workload, seat).verifyTable(() -> {
            ready = true;
            workload.resume();
        });
    }

    /** Kills the node if it is up and starts it again after a while. */
    void crash(boolean powerLoss, long downNanos) {
        ready = false;
        stopping = false;
        if (node.isUp()) {
            node.crash(powerLoss);
            workload.onDown(powerLoss);
        }
        planStart(downNanos);
    }

    private void planStart(long downNanos) {
        if (!startPlanned) {
            startPlanned = true;
            world.schedule(downNanos, "restarts", "start node", this::startNode);
        }
    }

    /** Stops the node in an orderly way and starts it again. */
    void cleanly(long downNanos) {
        stop(() -> planStart(downNanos));
    }

    /**
     * Stops the node in an orderly way, if it serves.
     *
     * @param then runs when its process has ended
     */
    void stop(Runnable then) {
        if (!ready || stopping) {
            return;
        }
        stopping = true;
        ready = false;
        SimNode.Lifetime stopped = node.lifetime();
        List<VdiHistory.Operation> flushes = new ArrayList<>();
        List<TestVdi> flushed = new ArrayList<>();
        for (TestVdi vdi : workload.vdis()) {
            flushed.add(vdi);
            flushes.add(vdi.history().beginFlush());
        }
        workload.quiesce();
        node.stop(ended -> {
            for (int i = 0; i < flushed.size(); i++) {
                if (ended.isDone()) {
                    flushed.get(i).history().endDone(flushes.get(i));
                }
            }
            if (!ended.isDone()) {
                workload.checkExplained("stop", null, ended.failure());
            }
            world.schedule(SETTLE_NANOS, "restarts", "end process", () -> {
                if (stopped.process().isAlive()) {
                    stopping = false;
                    node.endStopped();
                    workload.onDown(false);
                    then.run();
                }
            });
        });
        world.schedule(STOP_NANOS, "restarts", "stop limit", () -> {
            if (stopped.process().isAlive()) {
                throw world.fail(
                        SimulationFailure.Kind.LIVENESS,
                        "a stop ends in its time",
                        stopped.completions().openCalls().toString());
            }
        });
    }
}
