package io.kelpie.node.export;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.nbd.ExportRefusal;
import io.kelpie.nbd.NbdError;

/** The one place where operating errors become NBD's. */
final class NbdErrors {
    private NbdErrors() {}

    /** What a request is told; {@code writes} when it would have changed the disk. */
    static NbdError of(ErrorCode error, boolean writes) {
        return switch (error) {
            case READ_ONLY, VDI_LOCKED -> NbdError.EPERM;
            // The protocol's number for a write behind the end of an export.
            case OUT_OF_RANGE -> writes ? NbdError.ENOSPC : NbdError.EINVAL;
            case INVALID_ARGUMENT -> NbdError.EINVAL;
            case UNSUPPORTED -> NbdError.ENOTSUP;
            case NO_SPACE, VDI_SPACE_FULL -> NbdError.ENOSPC;
            case BUSY -> NbdError.ENOMEM;
            case NOT_FORMATTED, NOT_JOINED, SHUTTING_DOWN, NO_SUCH_VDI -> NbdError.ESHUTDOWN;
            case NO_PRIMARY,
                    PG_INACTIVE,
                    NO_SUCH_OBJECT,
                    NO_SUCH_TAG,
                    VDI_EXISTS,
                    CORRUPT_OBJECT,
                    IO_ERROR,
                    COORDINATOR_FAILED -> NbdError.EIO;
        };
    }

    /** What a client is told that wants to open an export. */
    static ExportRefusal refusalOf(ErrorCode error) {
        return switch (error) {
            case NO_SUCH_VDI, NO_SUCH_TAG -> ExportRefusal.UNKNOWN;
            case VDI_LOCKED, READ_ONLY -> ExportRefusal.POLICY;
            case SHUTTING_DOWN -> ExportRefusal.SHUTDOWN;
            case NO_PRIMARY,
                    BUSY,
                    PG_INACTIVE,
                    NO_SUCH_OBJECT,
                    VDI_EXISTS,
                    VDI_SPACE_FULL,
                    OUT_OF_RANGE,
                    INVALID_ARGUMENT,
                    UNSUPPORTED,
                    NO_SPACE,
                    CORRUPT_OBJECT,
                    IO_ERROR,
                    COORDINATOR_FAILED,
                    NOT_FORMATTED,
                    NOT_JOINED -> ExportRefusal.UNAVAILABLE;
        };
    }
}
