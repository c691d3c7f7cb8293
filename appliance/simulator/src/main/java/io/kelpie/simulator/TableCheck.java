package io.kelpie.simulator;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.vdi.VdiEntry;

import java.util.ArrayList;
import java.util.List;

/** Compares the table of disks as a node knows it with what clients were told. */
final class TableCheck {
    private final World world;
    private final Workload workload;
    private final Seat seat;

    TableCheck(World world, Workload workload, Seat seat) {
        this.world = world;
        this.workload = workload;
        this.seat = seat;
    }

    /**
     * Compares the engine's table with what clients were told, after a start.
     *
     * @param then runs when all disks were looked up
     */
    void verifyTable(Runnable then) {
        List<TestVdi> unsure = new ArrayList<>();
        for (TestVdi vdi : workload.vdis()) {
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
        seat.<VdiEntry>call("lookup", c -> seat.engine().lookup(vdi.name(), "", 0, c), outcome -> {
            if (outcome.isDone()) {
                onFound(vdi, outcome.value());
            } else if (outcome.failure() == ErrorCode.NO_SUCH_VDI) {
                onMissing(vdi);
            } else {
                workload.checkExplained("lookup", vdi, outcome.failure());
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

    /** Every row that serves is a disk that a client asked for, once. */
    private void checkRows() {
        List<String> names = new ArrayList<>();
        for (VdiEntry entry : seat.engine().vdis()) {
            if (entry.state() == VdiEntry.VdiState.READY) {
                world.check(!names.contains(entry.name()), "names are unique", entry.name());
                names.add(entry.name());
            }
        }
        for (TestVdi vdi : workload.vdis()) {
            if (vdi.stage() != TestVdi.Stage.GONE) {
                names.remove(vdi.name());
            }
        }
        world.check(
                names.isEmpty(), "a deleted disk stays deleted", names + " of " + workload.vdis());
    }
}
