package io.kelpie.simulator;

import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.simulator.MessageCarrier.Packet;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** Lets the planned faults happen while the load runs, and puts things right at the end. */
final class ClusterFaults implements SimNetwork.MessageTap {
    private static final long MILLISECOND = 1_000_000L;

    private final World world;
    private final ClusterOptions options;
    private final ClusterNodes nodes;
    private final SimNetwork network;
    private final SimCoordinator coordinator;
    private final ClusterChecker checker;
    private final ClusterErrors errors;
    private final Workload workload;
    private boolean active;
    private int seen;
    private int rotten = -1;
    private int diskNumber;

    ClusterFaults(
            World world,
            ClusterOptions options,
            ClusterNodes nodes,
            SimNetwork network,
            SimCoordinator coordinator,
            ClusterChecker checker,
            ClusterErrors errors,
            Workload workload) {
        this.world = world;
        this.options = options;
        this.nodes = nodes;
        this.network = network;
        this.coordinator = coordinator;
        this.checker = checker;
        this.errors = errors;
        this.workload = workload;
    }

    void start() {
        active = true;
        for (PlannedFault fault : options.faults()) {
            world.schedule(fault.timeNanos(), "faults", fault.kind().name(), () -> {
                if (active) {
                    world.note("faults", fault.kind() + " n" + fault.first(), fault.first(), 0);
                    errors.note(fault.kind());
                    happen(fault);
                }
            });
        }
    }

    /** Whether the scripted message was seen. */
    boolean wasCrashPointReached() {
        CrashPoint point = options.crashPoint();
        return point == null || seen >= point.count();
    }

    /** No more faults; what lasts is put right. */
    void heal() {
        active = false;
        network.healAll();
        coordinator.heal();
        nodes.heal();
    }

    /** Whether a stored page was damaged. */
    boolean hasRotten() {
        return rotten >= 0;
    }

    private void happen(PlannedFault fault) {
        SimNode node = nodes.node(fault.first());
        SimNode other = nodes.node(fault.second());
        long length = fault.lengthNanos();
        switch (fault.kind()) {
            case CRASH -> nodes.crash(node, false, length);
            case HOST_CRASH -> nodes.crash(node, true, length);
            case POWER_LOSS -> losePower(fault);
            case CLEAN_RESTART -> nodes.cleanly(node, length);
            case PAUSE -> pause(node, length);
            case CUT -> {
                cut(node.name(), other.name(), length);
                cut(other.name(), node.name(), length);
            }
            case ONE_WAY_CUT -> cut(node.name(), other.name(), length);
            case ISOLATION -> isolate(node, fault);
            case RESET -> network.reset(node.name(), other.name());
            case SLOW_LINK -> slow(node.name(), other.name(), fault);
            case COORDINATOR_CUT -> cutCoordinator(node.name(), length);
            case COORDINATOR_OUTAGE -> {
                coordinator.setAway(true);
                world.schedule(
                        length, "faults", "coordinator back", () -> coordinator.setAway(false));
            }
            case LOST_ANSWERS -> {
                coordinator.loseAnswers(0.3);
                world.schedule(length, "faults", "answers again", () -> coordinator.loseAnswers(0));
            }
            case CONTROLLER_CRASH -> crashController(length);
            case DISK_LOSS -> loseDisk(node, length);
            case SLOW_DISK -> {
                node.disk().slowDown((1 + Math.floorMod(fault.draw(), 100L)) * MILLISECOND);
                world.schedule(length, "faults", "disk fast", () -> node.disk().slowDown(0));
            }
            case STUCK_SYNC -> node.disk().stickUntil(world.now() + length);
            case FULL_DISK -> {
                checker.onFullDisk();
                node.disk()
                        .fillUpTo(Math.floorMod(fault.draw(), 256L << 10), fault.draw() % 2 == 0);
                world.schedule(length, "faults", "room again", node.disk()::giveRoom);
            }
            case BROKEN_DISK -> breakDisk(node, length);
            case ROT -> rot(fault.first(), node);
            case CLOCK_JUMP -> {
                if (node.isUp()) {
                    long jump = (fault.draw() % 7_200_000) * MILLISECOND;
                    node.lifetime().process().jumpWallClock(jump);
                }
            }
            case RECONNECT -> workload.reconnect(node, fault.draw());
            default -> throw new IllegalStateException("unknown fault " + fault);
        }
    }

    private void losePower(PlannedFault fault) {
        int i = 1;
        for (SimNode node : nodes.all()) {
            long share =
                    Math.floorMod(RandomSource.mix(fault.draw() + i++), 1 + fault.lengthNanos());
            nodes.crash(node, true, share);
        }
    }

    private void pause(SimNode node, long length) {
        if (node.isUp()) {
            node.lifetime().process().pause(length);
            SimPeers peers = node.lifetime().peers();
            if (peers != null) {
                network.onPaused(peers, length);
            }
        }
    }

    private void cut(String from, String to, long length) {
        network.cut(from, to);
        world.schedule(length, "faults", "healed " + from, () -> network.heal(from, to));
    }

    private void isolate(SimNode node, PlannedFault fault) {
        for (SimNode other : nodes.all()) {
            if (other != node) {
                cut(node.name(), other.name(), fault.lengthNanos());
                cut(other.name(), node.name(), fault.lengthNanos());
            }
        }
        if (fault.draw() % 2 == 0) {
            cutCoordinator(node.name(), fault.lengthNanos());
        }
    }

    private void cutCoordinator(String name, long length) {
        coordinator.setCut(name, true);
        world.schedule(length, "faults", "coordinator", () -> coordinator.setCut(name, false));
    }

    private void slow(String from, String to, PlannedFault fault) {
        long nanos = (1 + Math.floorMod(fault.draw(), 300L)) * MILLISECOND;
        network.slow(from, to, nanos);
        network.slow(to, from, nanos);
        world.schedule(fault.lengthNanos(), "faults", "link fast", () -> {
            network.slow(from, to, 0);
            network.slow(to, from, 0);
        });
    }

    private void crashController(long length) {
        PeerId holder = coordinator.controller().holder();
        for (SimNode node : nodes.all()) {
            if (holder != null && node.id().equals(holder.node())) {
                nodes.crash(node, false, length);
            }
        }
    }

    private void loseDisk(SimNode node, long length) {
        NodeId lost = node.id();
        if (hasRotten() || !checker.canSpare(lost)) {
            return;
        }
        nodes.crash(node, true, length);
        checker.onDiskLost(lost);
        node.replaceDisk(new SimDisk(world, node.name() + " " + ++diskNumber, Mutation.NONE));
        checker.addDisk(node.id(), node.name(), node.disk());
    }

    private void breakDisk(SimNode node, long length) {
        node.disk().breakDown();
        world.schedule(length, "faults", "replace process", () -> {
            if (active && node.disk().isBroken()) {
                nodes.crash(node, false, MILLISECOND);
            }
        });
    }

    /** Only ever on one node: there must be a good copy of everything. */
    private void rot(int number, SimNode node) {
        boolean usable = rotten < 0 || rotten == number;
        if (usable
                && diskNumber == 0
                && checker.canSpare(node.id())
                && node.disk().rotOnePage()) {
            rotten = number;
        }
    }

    @Override
    public void onSent(SimPeers from, Packet packet) {
        CrashPoint point = options.crashPoint();
        if (isDue(point, CrashPoint.Place.SENDER, packet)) {
            // After this step: the code under test cannot die in the middle of a call.
            world.schedule(0, "faults", "crash point", () -> crashAt(from));
        }
    }

    @Override
    public void onReceive(SimPeers from, SimPeers to, Packet packet) {
        if (isDue(options.crashPoint(), CrashPoint.Place.RECEIVER_BEFORE, packet)) {
            crashAt(to);
        }
    }

    @Override
    public void onReceived(SimPeers to, Packet packet) {
        if (isDue(options.crashPoint(), CrashPoint.Place.RECEIVER_AFTER, packet)) {
            crashAt(to);
        }
    }

    private boolean isDue(@Nullable CrashPoint point, CrashPoint.Place place, Packet packet) {
        return active
                && point != null
                && point.place() == place
                && point.message().equals(packet.name())
                && ++seen == point.count();
    }

    private void crashAt(SimPeers end) {
        CrashPoint point = options.crashPoint();
        for (SimNode node : List.copyOf(nodes.all())) {
            if (point != null && node.isUp() && node.lifetime().peers() == end) {
                nodes.crash(node, point.powerLoss(), 2_000 * MILLISECOND);
            }
        }
    }
}
