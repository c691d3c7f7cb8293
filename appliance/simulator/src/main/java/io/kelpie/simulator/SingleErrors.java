package io.kelpie.simulator;

import io.kelpie.cluster.model.ErrorCode;

import org.jspecify.annotations.Nullable;

/** What errors mean where there is one node: its disk alone decides what a write has done. */
final class SingleErrors implements Workload.Errors {
    private final SimNode node;
    private boolean diskWasFull;
    private boolean answersWereLost;

    SingleErrors(SimNode node) {
        this.node = node;
    }

    void noteFullDisk() {
        diskWasFull = true;
    }

    void noteLostAnswers() {
        answersWereLost = true;
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

    @Override
    public boolean preventEffects() {
        return node.disk().isBroken();
    }

    @Override
    public boolean isRefusal(ErrorCode error, boolean whole) {
        return isDefinite(error) || (whole && error == ErrorCode.NO_SPACE);
    }

    @Override
    public boolean endsEffects(ErrorCode error) {
        // The disk broke under it: what came of it shows when the process has been replaced, whose
        // end ends the operation too.
        return error != ErrorCode.IO_ERROR;
    }

    @Override
    public boolean areExplained(ErrorCode error, @Nullable TestVdi vdi) {
        return node.disk().isBroken()
                || switch (error) {
                    case BUSY -> true;
                    case CORRUPT_OBJECT -> node.disk().rottenPages() > 0;
                    case NO_SPACE -> diskWasFull;
                    case COORDINATOR_FAILED -> answersWereLost;
                    case NO_SUCH_VDI, NO_SUCH_OBJECT -> vdi != null && !vdi.isLive();
                    case SHUTTING_DOWN -> !node.isServing();
                    default -> false;
                };
    }
}
