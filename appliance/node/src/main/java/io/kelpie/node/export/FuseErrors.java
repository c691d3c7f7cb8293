package io.kelpie.node.export;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.fuse.FuseError;

/** The one place where operating errors become error numbers of the kernel. */
final class FuseErrors {
    private FuseErrors() {}

    static FuseError of(ErrorCode error) {
        return switch (error) {
            case NO_SUCH_VDI, NO_SUCH_TAG -> FuseError.ENOENT;
            case VDI_EXISTS -> FuseError.EEXIST;
            case VDI_LOCKED -> FuseError.EBUSY;
            case READ_ONLY -> FuseError.EROFS;
            case OUT_OF_RANGE, INVALID_ARGUMENT -> FuseError.EINVAL;
            case UNSUPPORTED -> FuseError.EOPNOTSUPP;
            case NO_SPACE, VDI_SPACE_FULL -> FuseError.ENOSPC;
            case NO_PRIMARY, BUSY, NOT_FORMATTED, NOT_JOINED, SHUTTING_DOWN -> FuseError.EAGAIN;
            case PG_INACTIVE, NO_SUCH_OBJECT, CORRUPT_OBJECT, IO_ERROR, COORDINATOR_FAILED ->
                FuseError.EIO;
        };
    }
}
