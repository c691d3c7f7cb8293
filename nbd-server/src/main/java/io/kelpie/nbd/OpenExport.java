// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.kelpie.nbd.wire.NbdConstants;

/**
 * An opened export with everything a connection asks about it per request, so that the device is
 * asked once.
 *
 * @param info name and description
 * @param device the device
 * @param sizeBytes its size
 * @param limits its limits
 * @param preferredBlockBytes what is announced as preferred block size
 * @param maxRequestBytes what is announced as longest read or write, a multiple of the minimum
 *     block size
 */
record OpenExport(
        ExportInfo info,
        BlockDevice device,
        long sizeBytes,
        DeviceLimits limits,
        int preferredBlockBytes,
        int maxRequestBytes) {

    /** Asks the device; throws {@link IllegalArgumentException} if it cannot be served. */
    static OpenExport of(ExportInfo info, BlockDevice device, NbdServerConfig config) {
        var limits = device.limits();
        var sizeBytes = device.sizeBytes();
        if (sizeBytes < 0) {
            throw new IllegalArgumentException("the device says its size is " + sizeBytes);
        }
        var maxRequestBytes = Math.min(limits.maxRequestBytes(), config.maxRequestBytes());
        if (maxRequestBytes < limits.minBlockBytes()) {
            throw new IllegalArgumentException(
                    "the device's minimum block size " + limits.minBlockBytes()
                            + " is larger than the server's longest request " + maxRequestBytes);
        }
        return new OpenExport(
                info,
                device,
                sizeBytes,
                limits,
                Math.min(limits.preferredBlockBytes(), maxRequestBytes),
                maxRequestBytes);
    }

    /**
     * Returns the 16 transmission flags that announce the device.
     *
     * @param isChunked whether replies may come in chunks, without which DF has no meaning
     */
    int transmissionFlags(boolean isChunked) {
        var flags = NbdConstants.FLAG_HAS_FLAGS;
        flags |= isChunked ? NbdConstants.FLAG_SEND_DF : 0;
        flags |= limits.readOnly() ? NbdConstants.FLAG_READ_ONLY : 0;
        flags |= limits.canFlush() ? NbdConstants.FLAG_SEND_FLUSH : 0;
        flags |= limits.canFua() ? NbdConstants.FLAG_SEND_FUA : 0;
        flags |= limits.canMultiConn() ? NbdConstants.FLAG_CAN_MULTI_CONN : 0;
        flags |= limits.canCache() ? NbdConstants.FLAG_SEND_CACHE : 0;
        return limits.readOnly() ? flags : flags | writingFlags();
    }

    private int writingFlags() {
        var flags = limits.canTrim() ? NbdConstants.FLAG_SEND_TRIM : 0;
        flags |= limits.canWriteZeroes() ? NbdConstants.FLAG_SEND_WRITE_ZEROES : 0;
        flags |= limits.canFastZero() ? NbdConstants.FLAG_SEND_FAST_ZERO : 0;
        return flags;
    }
}
