package io.kelpie.simulator;

import io.kelpie.cluster.model.ErrorCode;

import org.jspecify.annotations.Nullable;

import java.util.EnumSet;
import java.util.Set;

/** What errors mean among several nodes: what failed at one may still happen at another. */
final class ClusterErrors implements Workload.Errors {
    private final Set<ClusterFault> happened = EnumSet.noneOf(ClusterFault.class);
    private boolean nodeDied;

    void note(ClusterFault fault) {
        happened.add(fault);
    }

    void noteDeath() {
        nodeDied = true;
    }

    @Override
    public boolean preventEffects() {
        return false;
    }

    @Override
    public boolean isRefusal(ErrorCode error, boolean whole) {
        return whole && (SingleErrors.isDefinite(error) || error == ErrorCode.NO_SPACE);
    }

    @Override
    public boolean endsEffects(ErrorCode error) {
        return false;
    }

    @Override
    public boolean areExplained(ErrorCode error, @Nullable TestVdi vdi) {
        boolean dead = vdi != null && !vdi.isLive();
        return switch (error) {
            case BUSY -> true;
            // A node that is not a member yet, or no more.
            case NOT_JOINED, NOT_FORMATTED, SHUTTING_DOWN -> true;
            case NO_SPACE -> happened.contains(ClusterFault.FULL_DISK);
            case IO_ERROR -> happened.contains(ClusterFault.BROKEN_DISK);
            case CORRUPT_OBJECT -> happened.contains(ClusterFault.ROT);
            case COORDINATOR_FAILED -> coordinatorWasAway();
            // A node that cannot ask the coordinator may miss a disk that is new.
            case NO_SUCH_VDI -> dead || coordinatorWasAway();
            // A node learns a moment later that another one has made the disk larger.
            case OUT_OF_RANGE -> vdi != null && vdi.wasResized();
            // The discard of a dead gateway may come late, as from any client that went away.
            case NO_SUCH_OBJECT -> dead || nodeDied;
            default -> false;
        };
    }

    private boolean coordinatorWasAway() {
        return happened.contains(ClusterFault.LOST_ANSWERS)
                || happened.contains(ClusterFault.COORDINATOR_CUT)
                || happened.contains(ClusterFault.COORDINATOR_OUTAGE)
                || happened.contains(ClusterFault.ISOLATION);
    }
}
