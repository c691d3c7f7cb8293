package io.kelpie.node.sheep;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.wire.sheep.SheepResult;

/** What Sheepdog clients are told of each error (architecture notes, section 10). */
final class ResultCodes {
    private ResultCodes() {}

    static SheepResult of(ErrorCode error) {
        return switch (error) {
            case NO_PRIMARY, BUSY, PG_INACTIVE -> SheepResult.HALT;
            case NO_SUCH_OBJECT -> SheepResult.NO_OBJ;
            case NO_SUCH_VDI -> SheepResult.NO_VDI;
            case NO_SUCH_TAG -> SheepResult.NO_TAG;
            case VDI_EXISTS -> SheepResult.VDI_EXIST;
            case VDI_LOCKED -> SheepResult.VDI_LOCKED;
            case VDI_SPACE_FULL -> SheepResult.FULL_VDI;
            case READ_ONLY -> SheepResult.READONLY;
            case OUT_OF_RANGE, INVALID_ARGUMENT -> SheepResult.INVALID_PARMS;
            case UNSUPPORTED -> SheepResult.NO_SUPPORT;
            case NO_SPACE -> SheepResult.NO_SPACE;
            case CORRUPT_OBJECT, IO_ERROR -> SheepResult.EIO;
            case COORDINATOR_FAILED -> SheepResult.CLUSTER_ERROR;
            case NOT_FORMATTED -> SheepResult.WAIT_FOR_FORMAT;
            case NOT_JOINED -> SheepResult.WAIT_FOR_JOIN;
            case SHUTTING_DOWN -> SheepResult.SHUTDOWN;
        };
    }
}
