// Kelpie, Apache-2.0.
package io.kelpie.nbd;

/**
 * What a device can do and which requests it takes; the server announces it to clients and refuses
 * everything else before the device is asked. Constant while the device is open.
 *
 * @param readOnly whether every write, trim and write-zeroes is refused with {@link NbdError#EPERM}
 * @param canFlush whether {@link BlockDevice#flush} works
 * @param canFua whether writes may ask for durability on completion
 * @param canTrim whether {@link BlockDevice#trim} works
 * @param canWriteZeroes whether {@link BlockDevice#writeZeroes} works
 * @param canFastZero whether the fast flag of write-zeroes is understood
 * @param canCache whether {@link BlockDevice#cache} works
 * @param canMultiConn whether a flush on one connection covers writes completed on all connections
 *     to the export
 * @param minBlockBytes offsets and lengths are multiples of this; a power of two from 1 to 65536
 * @param preferredBlockBytes requests in multiples of this are fast; a power of two, at least 512
 *     and at least {@code minBlockBytes}
 * @param maxRequestBytes longest read or write; a multiple of {@code minBlockBytes}, at least
 *     {@code preferredBlockBytes}; the server announces the smaller of this and its own limit
 */
public record DeviceLimits(
        boolean readOnly,
        boolean canFlush,
        boolean canFua,
        boolean canTrim,
        boolean canWriteZeroes,
        boolean canFastZero,
        boolean canCache,
        boolean canMultiConn,
        int minBlockBytes,
        int preferredBlockBytes,
        int maxRequestBytes) {

    /** The largest minimum block size the protocol allows, 64 KiB. */
    public static final int MAX_MIN_BLOCK_BYTES = 1 << 16;

    /** The smallest preferred block size the protocol allows, 512 bytes. */
    public static final int MIN_PREFERRED_BLOCK_BYTES = 512;

    /** The largest preferred block size: 32 MiB, the length every client may use. */
    public static final int MAX_PREFERRED_BLOCK_BYTES = 32 << 20;

    /**
     * Checks the block sizes; throws {@link IllegalArgumentException} with the value that is wrong.
     */
    public DeviceLimits {
        if (!isPowerOfTwo(minBlockBytes) || minBlockBytes > MAX_MIN_BLOCK_BYTES) {
            throw new IllegalArgumentException(
                    "minBlockBytes must be a power of two from 1 to 65536, but is "
                            + minBlockBytes);
        }
        if (!isPowerOfTwo(preferredBlockBytes)
                || preferredBlockBytes < Math.max(minBlockBytes, MIN_PREFERRED_BLOCK_BYTES)
                || preferredBlockBytes > MAX_PREFERRED_BLOCK_BYTES) {
            throw new IllegalArgumentException(
                    "preferredBlockBytes must be a power of two from max(512, minBlockBytes)"
                            + " to 33554432, but is " + preferredBlockBytes);
        }
        if (maxRequestBytes < preferredBlockBytes || maxRequestBytes % minBlockBytes != 0) {
            throw new IllegalArgumentException(
                    "maxRequestBytes must be a multiple of minBlockBytes and at least"
                            + " preferredBlockBytes, but is " + maxRequestBytes);
        }
        if (canFastZero && !canWriteZeroes) {
            throw new IllegalArgumentException("canFastZero needs canWriteZeroes");
        }
    }

    /**
     * Returns the limits of a writable device with flush, FUA, trim, write-zeroes and multi-conn,
     * without fast zero and cache, any alignment, 4096 bytes preferred, and 32 MiB as the longest
     * request. Change single values with the {@code with} methods.
     */
    public static DeviceLimits writable() {
        return new DeviceLimits(
                false,
                true,
                true,
                true,
                true,
                false,
                false,
                true,
                1,
                4096,
                MAX_PREFERRED_BLOCK_BYTES);
    }

    /**
     * Returns the limits of a device that reads, writes and flushes and nothing else: the three
     * calls that every device must implement. FUA is then a flush of the client's own; block sizes
     * as in {@link #writable}.
     */
    public static DeviceLimits readWrite() {
        return new DeviceLimits(
                false,
                true,
                false,
                false,
                false,
                false,
                false,
                false,
                1,
                4096,
                MAX_PREFERRED_BLOCK_BYTES);
    }

    /** Returns the same limits with {@code readOnly} set to the given value. */
    public DeviceLimits withReadOnly(boolean value) {
        return new DeviceLimits(
                value,
                canFlush,
                canFua,
                canTrim,
                canWriteZeroes,
                canFastZero,
                canCache,
                canMultiConn,
                minBlockBytes,
                preferredBlockBytes,
                maxRequestBytes);
    }

    /** Returns the same limits with {@code canCache} set to the given value. */
    public DeviceLimits withCache(boolean value) {
        return new DeviceLimits(
                readOnly,
                canFlush,
                canFua,
                canTrim,
                canWriteZeroes,
                canFastZero,
                value,
                canMultiConn,
                minBlockBytes,
                preferredBlockBytes,
                maxRequestBytes);
    }

    /** Returns the same limits with {@code canFastZero} set to the given value. */
    public DeviceLimits withFastZero(boolean value) {
        return new DeviceLimits(
                readOnly,
                canFlush,
                canFua,
                canTrim,
                canWriteZeroes,
                value,
                canCache,
                canMultiConn,
                minBlockBytes,
                preferredBlockBytes,
                maxRequestBytes);
    }

    /**
     * Returns the same limits with other block sizes, all in bytes; see the record's parameters for
     * their ranges.
     */
    public DeviceLimits withBlockSizes(int min, int preferred, int max) {
        return new DeviceLimits(
                readOnly,
                canFlush,
                canFua,
                canTrim,
                canWriteZeroes,
                canFastZero,
                canCache,
                canMultiConn,
                min,
                preferred,
                max);
    }

    private static boolean isPowerOfTwo(int value) {
        return value > 0 && Integer.bitCount(value) == 1;
    }
}
