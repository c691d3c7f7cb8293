package io.kelpie.node.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.fuse.FuseError;
import io.kelpie.nbd.ExportRefusal;
import io.kelpie.nbd.NbdError;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every operating error at the NBD and FUSE doors (architecture.md 10). */
class ErrorMappingTest {
    @ParameterizedTest
    @EnumSource(ErrorCode.class)
    void everyCodeHasItsNumberAtNbd(ErrorCode code) {
        NbdError expected = switch (code) {
            case READ_ONLY, VDI_LOCKED -> NbdError.EPERM;
            case OUT_OF_RANGE, INVALID_ARGUMENT -> NbdError.EINVAL;
            case UNSUPPORTED -> NbdError.ENOTSUP;
            case NO_SPACE, VDI_SPACE_FULL -> NbdError.ENOSPC;
            case BUSY -> NbdError.ENOMEM;
            case NOT_FORMATTED, NOT_JOINED, SHUTTING_DOWN, NO_SUCH_VDI -> NbdError.ESHUTDOWN;
            default -> NbdError.EIO;
        };

        assertThat(NbdErrors.of(code, false)).isEqualTo(expected);
        assertThat(NbdErrors.of(code, true))
                .isEqualTo(code == ErrorCode.OUT_OF_RANGE ? NbdError.ENOSPC : expected);
    }

    @ParameterizedTest
    @EnumSource(ErrorCode.class)
    void everyCodeHasItsRefusalAtTheHandshake(ErrorCode code) {
        ExportRefusal expected = switch (code) {
            case NO_SUCH_VDI, NO_SUCH_TAG -> ExportRefusal.UNKNOWN;
            case VDI_LOCKED, READ_ONLY -> ExportRefusal.POLICY;
            case SHUTTING_DOWN -> ExportRefusal.SHUTDOWN;
            default -> ExportRefusal.UNAVAILABLE;
        };

        assertThat(NbdErrors.refusalOf(code)).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(ErrorCode.class)
    void everyCodeHasItsErrno(ErrorCode code) {
        FuseError expected = switch (code) {
            case NO_SUCH_VDI, NO_SUCH_TAG -> FuseError.ENOENT;
            case VDI_EXISTS -> FuseError.EEXIST;
            case VDI_LOCKED -> FuseError.EBUSY;
            case READ_ONLY -> FuseError.EROFS;
            case OUT_OF_RANGE, INVALID_ARGUMENT -> FuseError.EINVAL;
            case UNSUPPORTED -> FuseError.EOPNOTSUPP;
            case NO_SPACE, VDI_SPACE_FULL -> FuseError.ENOSPC;
            case NO_PRIMARY, BUSY, NOT_FORMATTED, NOT_JOINED, SHUTTING_DOWN -> FuseError.EAGAIN;
            default -> FuseError.EIO;
        };

        assertThat(FuseErrors.of(code)).isEqualTo(expected);
    }
}
