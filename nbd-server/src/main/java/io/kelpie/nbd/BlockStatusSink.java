// Kelpie, Apache-2.0.
package io.kelpie.nbd;

/**
 * Where a device describes the extents of a range. The server implements it; a {@link BlockDevice}
 * calls it.
 *
 * <p>The device calls {@link #extent} zero or more times in ascending order without gaps, beginning
 * at the offset that was asked for, then {@link #done} or {@link #failed} exactly once. The calls
 * come from any thread but never from two at once. A device may stop early: describing only a
 * beginning of the range is allowed by the protocol, as long as at least one extent is given.
 * Extents after the server's limit are dropped; {@link #isFull} tells when to stop.
 */
public interface BlockStatusSink {

    /**
     * Describes the next extent.
     *
     * @param lengthBytes at least 1, a multiple of {@link DeviceLimits#minBlockBytes} except at the
     *     end of the device; an extent beyond the end of the range is cut by the server. Neighbours
     *     of the same kind are joined
     * @param hole whether nothing is allocated there
     * @param zero whether the bytes are known to read as zeroes
     */
    void extent(long lengthBytes, boolean hole, boolean zero);

    /**
     * Returns whether the range is covered or the limit of extents reached, so that more would be
     * dropped.
     */
    boolean isFull();

    /** Ends the call with the extents given so far. */
    void done();

    /**
     * Ends the call without success; extents given before are dropped.
     *
     * @param error the number the client will see
     * @param why what was wrong, for the server's log; never empty
     */
    void failed(NbdError error, String why);
}
