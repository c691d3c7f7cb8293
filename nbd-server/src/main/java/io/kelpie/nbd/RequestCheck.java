// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.kelpie.nbd.wire.NbdConstants;
import io.kelpie.nbd.wire.RequestHeader;

import org.jspecify.annotations.Nullable;

/**
 * The one place where a request is checked before the device is asked: command, flags, rights,
 * range, block sizes. Pure.
 *
 * <p>The longest request binds READ and WRITE only. The specification would let a server refuse
 * longer TRIM, CACHE and WRITE_ZEROES too, but the Linux kernel's client does not know that limit
 * and they cost no memory here.
 */
final class RequestCheck {

    private RequestCheck() {}

    /**
     * Returns why the request must be refused, or {@code null} if the device may have it. DISC is
     * not checked here.
     */
    static @Nullable Refusal check(RequestHeader request, OpenExport export, Terms terms) {
        var misplaced = checkPayload(request, terms);
        if (misplaced != null) {
            return misplaced;
        }
        return switch (request.type()) {
            case NbdConstants.CMD_READ -> checkRead(request, export, terms);
            case NbdConstants.CMD_WRITE -> checkWrite(request, export, terms);
            case NbdConstants.CMD_FLUSH -> checkFlush(request, export);
            case NbdConstants.CMD_TRIM -> checkTrim(request, export);
            case NbdConstants.CMD_CACHE -> checkCache(request, export);
            case NbdConstants.CMD_WRITE_ZEROES -> checkWriteZeroes(request, export);
            case NbdConstants.CMD_BLOCK_STATUS -> checkBlockStatus(request, export, terms);
            default -> invalid("unknown command " + request.type());
        };
    }

    /**
     * With extended headers the flag alone says whether a payload follows: WRITE must have it, no
     * other command may.
     */
    private static @Nullable Refusal checkPayload(RequestHeader request, Terms terms) {
        if (!terms.isExtended()) {
            return null;
        }
        var hasPayload = request.has(NbdConstants.CMD_FLAG_PAYLOAD_LEN);
        if (request.type() == NbdConstants.CMD_WRITE) {
            return hasPayload ? null : invalid("a write without the flag PAYLOAD_LEN");
        }
        return hasPayload ? invalid("command " + request.type() + " takes no payload") : null;
    }

    private static @Nullable Refusal checkRead(
            RequestHeader request, OpenExport export, Terms terms) {
        return first(
                checkFlags(request, export, terms.isChunked() ? NbdConstants.CMD_FLAG_DF : 0),
                checkRange(request, export, NbdError.EINVAL),
                checkMaximum(request, export));
    }

    private static @Nullable Refusal checkWrite(
            RequestHeader request, OpenExport export, Terms terms) {
        return first(
                checkFlags(
                        request,
                        export,
                        terms.isExtended() ? NbdConstants.CMD_FLAG_PAYLOAD_LEN : 0),
                checkWritable(export),
                checkRange(request, export, NbdError.ENOSPC),
                checkMaximum(request, export));
    }

    private static @Nullable Refusal checkFlush(RequestHeader request, OpenExport export) {
        if (!export.limits().canFlush()) {
            return invalid("flush is not supported");
        }
        if (request.offset() != 0 || request.length() != 0) {
            return invalid(
                    "flush with offset " + Long.toUnsignedString(request.offset()) + " and length "
                            + Long.toUnsignedString(request.length()) + ", both must be 0");
        }
        return checkFlags(request, export, 0);
    }

    private static @Nullable Refusal checkTrim(RequestHeader request, OpenExport export) {
        if (!export.limits().canTrim()) {
            return invalid("trim is not supported");
        }
        return first(
                checkFlags(request, export, 0),
                checkWritable(export),
                checkRange(request, export, NbdError.EINVAL));
    }

    private static @Nullable Refusal checkCache(RequestHeader request, OpenExport export) {
        if (!export.limits().canCache()) {
            return invalid("cache is not supported");
        }
        return first(checkFlags(request, export, 0), checkRange(request, export, NbdError.EINVAL));
    }

    private static @Nullable Refusal checkWriteZeroes(RequestHeader request, OpenExport export) {
        if (!export.limits().canWriteZeroes()) {
            return invalid("write zeroes is not supported");
        }
        var fast = export.limits().canFastZero() ? NbdConstants.CMD_FLAG_FAST_ZERO : 0;
        return first(
                checkFlags(request, export, NbdConstants.CMD_FLAG_NO_HOLE | fast),
                checkWritable(export),
                checkRange(request, export, NbdError.ENOSPC));
    }

    private static @Nullable Refusal checkBlockStatus(
            RequestHeader request, OpenExport export, Terms terms) {
        if (!terms.hasAllocation()) {
            return invalid("block status without a selected metadata context");
        }
        return first(
                checkFlags(request, export, NbdConstants.CMD_FLAG_REQ_ONE),
                checkRange(request, export, NbdError.EINVAL));
    }

    /**
     * FUA is allowed on every command once announced, also where it means nothing: clients are
     * known to send it.
     */
    private static @Nullable Refusal checkFlags(
            RequestHeader request, OpenExport export, int allowed) {
        var fua = export.limits().canFua() ? NbdConstants.CMD_FLAG_FUA : 0;
        var unknown = request.flags() & ~(allowed | fua);
        return unknown == 0
                ? null
                : invalid("flags 0x" + Integer.toHexString(unknown) + " are not valid for command "
                        + request.type());
    }

    private static @Nullable Refusal checkWritable(OpenExport export) {
        return export.limits().readOnly()
                ? new Refusal(NbdError.EPERM, "the export is read-only")
                : null;
    }

    private static @Nullable Refusal checkRange(
            RequestHeader request, OpenExport export, NbdError beyondEnd) {
        var length = request.length();
        var offset = request.offset();
        if (length == 0) {
            return invalid("a length of 0");
        }
        // Subtracting cannot overflow, adding could: both are unsigned 64-bit numbers from the
        // wire.
        if (offset < 0
                || length < 0
                || length > export.sizeBytes()
                || offset > export.sizeBytes() - length) {
            return new Refusal(
                    beyondEnd,
                    "offset " + Long.toUnsignedString(offset) + " and length "
                            + Long.toUnsignedString(length) + " leave the export of "
                            + export.sizeBytes() + " bytes");
        }
        var mask = export.limits().minBlockBytes() - 1L;
        if (((offset | length) & mask) != 0) {
            return invalid("offset " + offset + " and length " + length
                    + " are not multiples of the block size " + export.limits().minBlockBytes());
        }
        return null;
    }

    private static @Nullable Refusal checkMaximum(RequestHeader request, OpenExport export) {
        return request.length() <= export.maxRequestBytes()
                ? null
                : invalid("a length of " + request.length() + " is more than the maximum "
                        + export.maxRequestBytes());
    }

    private static @Nullable Refusal first(@Nullable Refusal... refusals) {
        for (var refusal : refusals) {
            if (refusal != null) {
                return refusal;
            }
        }
        return null;
    }

    private static Refusal invalid(String why) {
        return new Refusal(NbdError.EINVAL, why);
    }
}
