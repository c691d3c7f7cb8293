package io.kelpie.simulator;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.vdi.VdiEntry;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The clients of the node, the disks they use, and what they may be told. */
final class Workload {
    /** Longest operation, several objects of the usual size. */
    private static final long MAX_LENGTH_BYTES = 3 << 20;

    private final World world;
    private final SimNode node;
    private final RandomSource random;
    private final long maxThinkNanos;
    private final List<TestVdi> vdis = new ArrayList<>();
    private final List<Client> clients = new ArrayList<>();

    private boolean issuing;
    private boolean diskWasFull;
    private boolean answersWereLost;
    private int inFlight;
    private long ended;
    private long stamps;

    Workload(World world, SimNode node, SimulationOptions options) {
        this.world = world;
        this.node = node;
        this.random = world.random("workload");
        this.maxThinkNanos = options.thinkNanos();
        for (int i = 0; i < options.volumeClients(); i++) {
            clients.add(new VolumeClient(world, this, node, world.random("volume client " + i)));
        }
        for (int i = 0; i < options.objectClients(); i++) {
            clients.add(new ObjectClient(world, this, node, world.random("object client " + i)));
        }
        clients.add(new AdminClient(world, this, world.random("admin client"), options.vdis()));
    }

    List<TestVdi> vdis() {
        return vdis;
    }

    /** Calls that have ended. */
    long endedCount() {
        return ended;
    }

    void noteFullDisk() {
        diskWasFull = true;
    }

    void noteLostAnswers() {
        answersWereLost = true;
    }

    /** Lets the clients go on; called when the engine serves. */
    void resume() {
        issuing = true;
        for (Client client : clients) {
            next(client);
        }
    }

    /** Keeps the clients from starting anything new. */
    void quiesce() {
        issuing = false;
    }

    /** Whether no call is under way. */
    boolean isQuiet() {
        return inFlight == 0;
    }

    /** The serving process is gone. */
    void onDown(boolean powerLoss) {
        issuing = false;
        inFlight = 0;
        for (TestVdi vdi : vdis) {
            vdi.onDown(powerLoss);
        }
        for (Client client : clients) {
            client.onDown();
        }
    }

    /** Lets a client think and then do its next step. */
    void next(Client client) {
        if (issuing && node.isServing()) {
            long thinkNanos = random.below(maxThinkNanos);
            node.lifetime().process().post(thinkNanos, "client", () -> {
                if (issuing && node.isServing()) {
                    client.step();
                }
            });
        }
    }

    /** Calls the engine and counts the call until it ends. */
    <T> void call(
            String what, Consumer<Completion<T>> call, CompletionLedger.Receiver<T> receiver) {
        inFlight++;
        node.lifetime().completions().<T>call(what, call, outcome -> {
            inFlight--;
            ended++;
            receiver.onEnd(outcome);
        });
    }

    Engine engine() {
        return node.engine();
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

    /** Whether an error says that nothing has changed and never will. */
    static boolean isDefinite(ErrorCode error) {
        return switch (error) {
            case BUSY,
                    NO_SUCH_OBJECT,
                    NO_SUCH_VDI,
                    NO_SUCH_TAG,
                    VDI_EXISTS,
                    VDI_LOCKED,
                    READ_ONLY,
                    OUT_OF_RANGE,
                    INVALID_ARGUMENT,
                    UNSUPPORTED,
                    NOT_FORMATTED,
                    NOT_JOINED -> true;
            default -> false;
        };
    }

    /** Notes that a write is called for. */
    VdiHistory.Operation beginWrite(
            TestVdi vdi, int firstBlock, int blockCount, long stamp, boolean durable) {
        VdiHistory.Operation operation =
                vdi.history().beginWrite(firstBlock, blockCount, stamp, durable);
        if (node.disk().isBroken()) {
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
        boolean refused = isDefinite(error) || (whole && error == ErrorCode.NO_SPACE);
        if (refused || operation.hasNoEffect()) {
            vdi.history().endWithoutEffect(operation);
        } else if (error != ErrorCode.IO_ERROR) {
            vdi.history().endUncertain(operation);
        }
        // The disk broke under it: what came of it shows when the process has been replaced, whose
        // end ends the operation too.
    }

    /** Ends the run if nothing that happened explains an error. */
    void checkExplained(String what, @Nullable TestVdi vdi, ErrorCode error) {
        boolean explained = node.disk().isBroken()
                || switch (error) {
                    case BUSY -> true;
                    case CORRUPT_OBJECT -> node.disk().rottenPages() > 0;
                    case NO_SPACE -> diskWasFull;
                    case COORDINATOR_FAILED -> answersWereLost;
                    case NO_SUCH_VDI -> vdi != null && !vdi.isLive();
                    case NO_SUCH_OBJECT -> vdi != null && !vdi.isLive();
                    case SHUTTING_DOWN -> !node.isServing();
                    default -> false;
                };
        world.check(
                explained,
                "an error has a cause",
                what + " of " + (vdi == null ? "no disk" : vdi.name()) + " failed with " + error);
    }

    /**
     * Compares the engine's table with what clients were told, after a start.
     *
     * @param then runs when all disks were looked up
     */
    void verifyTable(Runnable then) {
        List<TestVdi> unsure = new ArrayList<>();
        for (TestVdi vdi : vdis) {
            if (vdi.stage() != TestVdi.Stage.GONE) {
                unsure.add(vdi);
            }
        }
        lookUp(unsure, 0, then);
    }

    private void lookUp(List<TestVdi> unsure, int index, Runnable then) {
        if (index == unsure.size()) {
            checkRows();
            then.run();
            return;
        }
        TestVdi vdi = unsure.get(index);
        this.<VdiEntry>call("lookup", c -> engine().lookup(vdi.name(), "", 0, c), outcome -> {
            if (outcome.isDone()) {
                onFound(vdi, outcome.value());
            } else if (outcome.failure() == ErrorCode.NO_SUCH_VDI) {
                onMissing(vdi);
            } else {
                checkExplained("lookup", vdi, outcome.failure());
            }
            lookUp(unsure, index + 1, then);
        });
    }

    private void onMissing(TestVdi vdi) {
        world.check(
                vdi.stage() != TestVdi.Stage.LIVE,
                "an acknowledged disk is there after a restart",
                vdi.name());
        if (vdi.stage() == TestVdi.Stage.DELETING) {
            vdi.become(TestVdi.Stage.GONE);
        }
        // The request of a dead process for a new disk may arrive later than this.
    }

    private void onFound(TestVdi vdi, VdiEntry entry) {
        if (vdi.stage() == TestVdi.Stage.CREATING) {
            vdi.live(entry.id());
        }
        world.check(entry.id().equals(vdi.id()), "a disk keeps its id", vdi.name());
        world.check(
                entry.sizeBytes() == vdi.sizeBytes() || entry.sizeBytes() == vdi.wantedBytes(),
                "a disk keeps its acknowledged size",
                vdi.name() + ": " + entry.sizeBytes() + ", not " + vdi.sizeBytes());
        if (entry.sizeBytes() != vdi.sizeBytes()) {
            vdi.haveSize(entry.sizeBytes());
        }
        // Otherwise a resize that a dead process asked for may still arrive.
    }

    /** Deleted disks have left no data objects behind, whatever happened meanwhile. */
    void checkNoGarbage() {
        for (TestVdi vdi : vdis) {
            if (vdi.stage() == TestVdi.Stage.GONE && vdi.hasId()) {
                checkNoObjects(vdi);
            }
        }
    }

    void checkNoObjects(TestVdi vdi) {
        for (ObjectKey key : node.disk().image().objects().keySet()) {
            world.check(
                    key.object().kind() != ObjectKind.DATA
                            || key.object().vdiNumber() != vdi.number(),
                    "a deleted disk leaves no data object",
                    vdi.name() + " left " + key);
        }
    }

    /** Every row that serves is a disk that a client asked for, once. */
    private void checkRows() {
        List<String> names = new ArrayList<>();
        for (VdiEntry entry : engine().vdis()) {
            if (entry.state() == VdiEntry.VdiState.READY) {
                world.check(!names.contains(entry.name()), "names are unique", entry.name());
                names.add(entry.name());
            }
        }
        for (TestVdi vdi : vdis) {
            if (vdi.stage() != TestVdi.Stage.GONE) {
                names.remove(vdi.name());
            }
        }
        world.check(names.isEmpty(), "a deleted disk stays deleted", names + " of " + vdis);
    }

    /**
     * Consecutive blocks.
     *
     * @param first index of the first
     * @param count at least 1
     */
    record Blocks(int first, int count) {}
}
