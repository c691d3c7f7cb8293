package io.kelpie.simulator;

import io.kelpie.cluster.volume.Volume;
import io.kelpie.simulator.Workload.Blocks;

import java.util.ArrayDeque;

/** Reads every block of every disk once, in a quiet world, for the history. */
final class FinalReader {
    /** Bytes of one read. */
    private static final int CHUNK_BYTES = 1 << 20;

    private final Workload workload;
    private final Seat seat;
    private final VolumeClient reader;
    private final ArrayDeque<TestVdi> left = new ArrayDeque<>();
    private boolean done;

    FinalReader(World world, Workload workload, Seat seat) {
        this.workload = workload;
        this.seat = seat;
        this.reader = new VolumeClient(world, workload, seat, world.random("final reader"));
        for (TestVdi vdi : workload.vdis()) {
            if (vdi.isLive()) {
                left.add(vdi);
            }
        }
    }

    void start() {
        TestVdi vdi = left.poll();
        if (vdi == null) {
            done = true;
            return;
        }
        seat.<Volume>call("open", c -> seat.engine().openVolume(vdi.id(), c), outcome -> {
            if (outcome.isDone()) {
                read(vdi, outcome.value(), 0);
            } else {
                workload.checkExplained("final open", vdi, outcome.failure());
                start();
            }
        });
    }

    private void read(TestVdi vdi, Volume volume, int first) {
        int count = Math.min(CHUNK_BYTES / vdi.blockBytes(), vdi.blockCount() - first);
        if (count <= 0) {
            volume.close();
            start();
            return;
        }
        reader.read(vdi, volume, new Blocks(first, count), () -> read(vdi, volume, first + count));
    }

    boolean isDone() {
        return done;
    }
}
