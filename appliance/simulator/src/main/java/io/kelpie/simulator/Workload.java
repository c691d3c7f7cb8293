package io.kelpie.simulator;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.model.PgId;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BiPredicate;

/** The clients of the node, the disks they use, and what they may be told. */
final class Workload {
    /** Longest operation, several objects of the usual size. */
    private static final long MAX_LENGTH_BYTES = 3 << 20;

    private final World world;
    private final List<SimNode> nodes;
    private final Errors errors;
    private final RandomSource random;
    private final long maxThinkNanos;
    private final List<TestVdi> vdis = new ArrayList<>();
    private final List<Placed> clients = new ArrayList<>();

    private BiConsumer<TestVdi, VdiHistory.Operation> observer = (vdi, operation) -> {};
    private boolean issuing;
    private long ended;
    private long stamps;

    /**
     * Seats clients.
     *
     * @param nodes where they may sit; they are spread over all of them
     * @param errors which failures have a cause
     */
    Workload(World world, List<SimNode> nodes, Errors errors, WorkloadOptions options) {
        this.world = world;
        this.nodes = nodes;
        this.errors = errors;
        this.random = world.random("workload");
        this.maxThinkNanos = options.thinkNanos();
        for (int i = 0; i < options.volumeClients(); i++) {
            Seat seat = takeSeat();
            RandomSource own = world.random("volume client " + i);
            clients.add(new Placed(seat, new VolumeClient(world, this, seat, own)));
        }
        for (int i = 0; i < options.objectClients(); i++) {
            Seat seat = takeSeat();
            RandomSource own = world.random("object client " + i);
            clients.add(new Placed(seat, new ObjectClient(world, this, seat, own)));
        }
        Seat seat = takeSeat();
        RandomSource own = world.random("admin client");
        clients.add(new Placed(seat, new AdminClient(world, this, seat, own, options.vdis())));
    }

    private Seat takeSeat() {
        return new Seat(this, nodes.get(clients.size() % nodes.size()));
    }

    List<TestVdi> vdis() {
        return vdis;
    }

    /** Calls that have ended. */
    long endedCount() {
        return ended;
    }

    void onEnded() {
        ended++;
    }

    /** Sets who learns of writes and reads that ended well. */
    void observe(BiConsumer<TestVdi, VdiHistory.Operation> newObserver) {
        observer = newObserver;
    }

    void add(TestVdi vdi) {
        vdis.add(vdi);
        vdi.history().observe(operation -> observer.accept(vdi, operation));
    }

    boolean isIssuing() {
        return issuing;
    }

    long thinkNanos() {
        return random.below(maxThinkNanos);
    }

    /** A node serves: its clients go on if clients may. */
    void onServing() {
        if (issuing) {
            resume();
        }
    }

    /** Lets the clients go on. */
    void resume() {
        issuing = true;
        for (Placed placed : clients) {
            if (!placed.seat.isActive() && placed.seat.node().isServing()) {
                placed.seat.next(placed.client);
            }
        }
    }

    /** Keeps the clients from starting anything new. */
    void quiesce() {
        issuing = false;
    }

    /** Whether no call is under way. */
    boolean isQuiet() {
        for (Placed placed : clients) {
            if (!placed.seat.isQuiet()) {
                return false;
            }
        }
        return true;
    }

    /** The only node's process is gone, and with it whatever was under way. */
    void onDown(boolean powerLoss) {
        issuing = false;
        onDown(nodes.get(0));
        for (TestVdi vdi : vdis) {
            vdi.onDown(powerLoss);
        }
    }

    /**
     * A node's process is gone. What its clients asked for may be under way to other nodes: nobody
     * knows when it takes effect, or whether.
     */
    void onDown(SimNode node) {
        for (Placed placed : clients) {
            if (placed.seat.node() == node) {
                placed.client.onDown();
                placed.seat.onDown();
            }
        }
    }

    /** A client goes to another node. */
    void reconnect(SimNode other, long draw) {
        Placed placed = clients.get((int) Long.remainderUnsigned(draw, clients.size()));
        placed.seat.want(other);
    }

    /** Clients of nodes that do not serve look for one that does. */
    void reseat() {
        for (Placed placed : clients) {
            Seat seat = placed.seat;
            SimNode other = nodes.get(random.below(nodes.size()));
            if (!seat.node().isUp() && other.isServing() && seat.isQuiet()) {
                seat.moveTo(other);
                if (issuing) {
                    seat.next(placed.client);
                }
            }
        }
    }

    /** What has not ended, for reports. */
    List<String> openCalls() {
        List<String> open = new ArrayList<>();
        for (SimNode node : nodes) {
            if (node.isUp()) {
                for (String call : node.lifetime().completions().openCalls()) {
                    open.add(node.name() + " " + call);
                }
            }
        }
        return open;
    }

    long nextStamp() {
        return RandomSource.mix(++stamps) | 1;
    }

    /** A disk to use, or null if there is none. */
    @Nullable
    TestVdi pickVdi(RandomSource picking) {
        List<TestVdi> live = new ArrayList<>();
        for (TestVdi vdi : vdis) {
            if (vdi.isLive()) {
                live.add(vdi);
            }
        }
        return live.isEmpty() ? null : live.get(picking.below(live.size()));
    }

    /** Consecutive blocks of a disk: often few, often in a small hot place, rarely very many. */
    Blocks pickBlocks(TestVdi vdi, RandomSource picking) {
        int total = vdi.blockCount();
        int perObject = (int) (vdi.objectBytes() / vdi.blockBytes());
        int dice = picking.below(100);
        int count;
        if (dice < 40) {
            count = 1;
        } else if (dice < 85) {
            count = 1 + picking.below(12);
        } else if (dice < 97) {
            count = 1 + picking.below(Math.max(1, (128 << 10) / vdi.blockBytes()));
        } else {
            count = 1
                    + picking.below((int) Math.min(
                            MAX_LENGTH_BYTES / vdi.blockBytes(), perObject + perObject / 2));
        }
        count = Math.min(count, total);
        int first;
        if (picking.chance(0.6)) {
            // Around the border of the first two objects.
            int centre = Math.min(perObject, total - 1);
            first = centre - 8 + picking.below(16);
        } else {
            first = picking.below(total);
        }
        return new Blocks(Math.max(0, Math.min(first, total - count)), count);
    }

    /** Notes that a write is called for. */
    VdiHistory.Operation beginWrite(
            TestVdi vdi, int firstBlock, int blockCount, long stamp, boolean durable) {
        VdiHistory.Operation operation =
                vdi.history().beginWrite(firstBlock, blockCount, stamp, durable);
        if (errors.preventEffects()) {
            operation.cannotHaveEffect();
        }
        return operation;
    }

    /**
     * Notes that a write failed.
     *
     * @param whole true if it is applied as a whole or not at all, so that a full disk has kept it
     *     from having any effect
     */
    void endFailed(TestVdi vdi, VdiHistory.Operation operation, ErrorCode error, boolean whole) {
        boolean refused = errors.isRefusal(error, whole);
        if (refused || operation.hasNoEffect()) {
            vdi.history().endWithoutEffect(operation);
        } else if (errors.endsEffects(error)) {
            vdi.history().endUncertain(operation);
        }
        // Otherwise it may still take effect, at any time.
    }

    /** Ends the run if nothing that happened explains an error. */
    void checkExplained(String what, @Nullable TestVdi vdi, ErrorCode error) {
        world.check(
                errors.areExplained(error, vdi),
                "an error has a cause",
                what + " of " + (vdi == null ? "no disk" : vdi.name()) + " failed with " + error);
    }

    /** Deleted disks have left no data objects behind, whatever happened meanwhile. */
    void checkNoGarbage() {
        checkNoGarbage((node, pg) -> true);
    }

    /**
     * Deleted disks have left no data objects behind.
     *
     * @param counts whether a node's copies of a group are of account
     */
    void checkNoGarbage(BiPredicate<SimNode, PgId> counts) {
        for (TestVdi vdi : vdis) {
            if (vdi.stage() == TestVdi.Stage.GONE && vdi.hasId()) {
                for (SimNode node : nodes) {
                    checkNoObjects(vdi, node, counts);
                }
            }
        }
    }

    /** The answer to a deletion comes when the objects are gone. */
    void onDeleted(TestVdi vdi) {
        if (nodes.size() == 1) {
            checkNoObjects(vdi, nodes.get(0), (node, pg) -> true);
        }
        // Among several nodes there are copies on learners and strays that go later.
    }

    private void checkNoObjects(TestVdi vdi, SimNode node, BiPredicate<SimNode, PgId> counts) {
        for (ObjectKey key : node.disk().image().objects().keySet()) {
            world.check(
                    key.object().kind() != ObjectKind.DATA
                            || key.object().vdiNumber() != vdi.number()
                            || !counts.test(node, key.pg()),
                    "a deleted disk leaves no data object",
                    vdi.name() + " left " + key + " at " + node.name());
        }
    }

    /**
     * Consecutive blocks.
     *
     * @param first index of the first
     * @param count at least 1
     */
    record Blocks(int first, int count) {}

    /** A client and where it sits. */
    private record Placed(Seat seat, Client client) {}

    /** What errors mean in a world. */
    interface Errors {
        /** Whether a write that is called for now cannot have any effect. */
        boolean preventEffects();

        /**
         * Whether a write that failed has changed nothing and never will.
         *
         * @param whole whether it is applied as a whole or not at all
         */
        boolean isRefusal(ErrorCode error, boolean whole);

        /** Whether a write that failed, perhaps after its effect, has none any more. */
        boolean endsEffects(ErrorCode error);

        /** Whether something that happened explains an error. */
        boolean areExplained(ErrorCode error, @Nullable TestVdi vdi);
    }

    /**
     * Who there is.
     *
     * @param volumeClients clients that use volumes, as NBD and FUSE do
     * @param objectClients clients that use objects, as QEMU does
     * @param thinkNanos longest pause of a client between two things
     * @param vdis virtual disks at the start
     */
    record WorkloadOptions(int volumeClients, int objectClients, long thinkNanos, int vdis) {}
}
