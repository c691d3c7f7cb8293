package io.kelpie.simulator;

import java.util.EnumSet;
import java.util.Set;

/**
 * What a run is made of, drawn from its seed: each run has some kinds of faults only, because a
 * mixture of everything hides what few can do.
 *
 * @param loadNanos virtual time under load and faults
 * @param volumeClients clients that use volumes, as NBD and FUSE do
 * @param objectClients clients that use objects, as QEMU does
 * @param thinkNanos longest pause of a client between two things
 * @param vdis virtual disks at the start
 * @param alwaysDurable whether the engine syncs every write
 * @param faults the kinds of faults that may happen
 * @param faultGapNanos mean time between faults
 * @param mutation what is planted
 */
record SimulationOptions(
        long loadNanos,
        int volumeClients,
        int objectClients,
        long thinkNanos,
        int vdis,
        boolean alwaysDurable,
        Set<Fault> faults,
        long faultGapNanos,
        Mutation mutation) {
    private static final long SECOND = 1_000_000_000L;

    static SimulationOptions draw(RandomSource random, Mutation mutation) {
        Set<Fault> faults = EnumSet.noneOf(Fault.class);
        for (Fault fault : Fault.values()) {
            if (random.chance(0.45)) {
                faults.add(fault);
            }
        }
        if (mutation == Mutation.SYNC_LIES) {
            faults.add(Fault.POWER_LOSS);
        } else if (mutation == Mutation.FORGETS_PAGE_CACHE || mutation == Mutation.FORGETS_EVENTS) {
            faults.add(Fault.CRASH);
        } else if (mutation == Mutation.SERVES_ROT) {
            faults.add(Fault.ROT);
        }
        // Busy clients overlap more, so their runs are shorter.
        boolean busy = random.chance(0.4);
        return new SimulationOptions(
                busy ? random.between(1, 3) * SECOND : random.between(4, 10) * SECOND,
                (int) random.between(1, 6),
                (int) random.between(0, 2),
                busy ? 2_000_000L : 30_000_000L,
                (int) random.between(1, 3),
                random.chance(0.25),
                faults,
                random.between(200, 1500) * 1_000_000L,
                mutation);
    }

    Workload.WorkloadOptions workload() {
        return new Workload.WorkloadOptions(volumeClients, objectClients, thinkNanos, vdis);
    }

    /** What may go wrong. The design claims to survive all of it. */
    enum Fault {
        /** The process dies; the operating system keeps what was written. */
        CRASH,
        /** The host dies; what was not synced is lost. */
        POWER_LOSS,
        /** The process is stopped in an orderly way and started again. */
        CLEAN_RESTART,
        /** The process stands still for a while. */
        PAUSE,
        /** A stored page fails its checksum. */
        ROT,
        /** The disk is full for a while. */
        FULL_DISK,
        /** The disk breaks until the process is restarted. */
        BROKEN_DISK,
        /** Answers of the coordinator get lost for a while. */
        LOST_ANSWERS
    }
}
