package io.kelpie.simulator;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.VdiEntry;

import org.jspecify.annotations.Nullable;

/** Makes and deletes disks now and then, as an operator does. */
final class AdminClient implements Client {
    /** Disks at one time; checking takes time for every block. */
    private static final int MAX_LIVE = 4;
    /** Names are used again after a deletion. */
    private static final int NAMES = 6;

    private final World world;
    private final Workload workload;
    private final Seat seat;
    private final RandomSource random;
    private final int wanted;

    AdminClient(World world, Workload workload, Seat seat, RandomSource random, int wanted) {
        this.world = world;
        this.workload = workload;
        this.seat = seat;
        this.random = random;
        this.wanted = wanted;
    }

    @Override
    public void onDown() {
        // Nothing is open between steps.
    }

    @Override
    public void step() {
        int live = 0;
        TestVdi dying = null;
        for (TestVdi vdi : workload.vdis()) {
            live += vdi.isLive() ? 1 : 0;
            dying = vdi.stage() == TestVdi.Stage.DELETING ? vdi : dying;
        }
        if (dying != null) {
            delete(dying);
        } else if (live < wanted || (live < MAX_LIVE && random.chance(0.01))) {
            create();
        } else if (live > wanted && random.chance(0.01)) {
            TestVdi picked = workload.pickVdi(random);
            if (picked != null && (picked.history().openCount() == 0 || random.chance(0.3))) {
                delete(picked);
            } else {
                seat.next(this);
            }
        } else {
            seat.next(this);
        }
    }

    private void create() {
        String name = "disk-" + random.below(NAMES);
        TestVdi taken = null;
        for (TestVdi vdi : workload.vdis()) {
            if (vdi.name().equals(name) && vdi.stage() != TestVdi.Stage.GONE) {
                taken = vdi;
            }
        }
        TestVdi made = taken == null ? draw(name) : taken;
        if (taken == null) {
            workload.add(made);
        }
        boolean isTaken = taken != null && taken.isLive();
        CreateRequest request = new CreateRequest(name, made.sizeBytes(), 0, made.blockSizeShift());
        seat.<VdiEntry>call("create", c -> seat.engine().createVdi(request, c), outcome -> {
            onCreated(made, isTaken, outcome);
            seat.next(this);
        });
    }

    private void onCreated(TestVdi made, boolean isTaken, Ended<VdiEntry> outcome) {
        if (outcome.isDone()) {
            world.check(!isTaken, "a name is given once", made.name());
            made.live(outcome.value().id());
        } else if (outcome.failure() == ErrorCode.VDI_EXISTS) {
            // An earlier attempt that failed may have had its effect.
            world.check(
                    isTaken || made.stage() == TestVdi.Stage.CREATING,
                    "only a taken name is refused",
                    made.name());
            if (!isTaken) {
                adopt(made);
            }
        } else {
            // The row may be there or not; the next attempt or restart tells.
            workload.checkExplained("create", made, outcome.failure());
        }
    }

    private void adopt(TestVdi made) {
        seat.<VdiEntry>call("lookup", c -> seat.engine().lookup(made.name(), "", 0, c), outcome -> {
            if (outcome.isDone() && made.stage() == TestVdi.Stage.CREATING) {
                made.live(outcome.value().id());
            }
        });
    }

    private TestVdi draw(String name) {
        int blockBytes = random.chance(0.3) ? 512 : 4096;
        int shift = random.chance(0.85) ? 20 : 22;
        long objects = random.between(1, shift == 20 ? 8 : 3);
        long tail = random.below((1L << shift) / blockBytes) * blockBytes;
        return new TestVdi(name, blockBytes, shift, (objects << shift) + tail);
    }

    private void delete(TestVdi vdi) {
        vdi.become(TestVdi.Stage.DELETING);
        vdi.history().freeze();
        seat.<VdiEntry>call(
                "delete", c -> seat.engine().deleteVdi(vdi.name(), "", 0, c), outcome -> {
                    @Nullable ErrorCode error = outcome.error();
                    if (error == null || error == ErrorCode.NO_SUCH_VDI) {
                        vdi.become(TestVdi.Stage.GONE);
                        if (error == null) {
                            workload.onDeleted(vdi);
                        }
                    } else {
                        workload.checkExplained("delete", vdi, error);
                    }
                    seat.next(this);
                });
    }
}
