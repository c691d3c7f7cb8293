package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Payload of GET_RECOVERY and SET_RECOVERY.
 *
 * <pre>
 * off size field
 *   0    4 most objects per interval
 *   4    4 hole
 *   8    8 interval in milliseconds
 *  16    1 throttling
 *  17    7 hole
 * </pre>
 *
 * @param maxObjects objects per interval, 0..2^32-1
 * @param intervalMillis milliseconds
 * @param throttling 1 if both are above 0; the server computes it
 */
public record RecoveryThrottleRecord(long maxObjects, long intervalMillis, int throttling) {
    /** Size on the wire. */
    public static final int BYTES = 24;

    private static final int FIRST_HOLE_BYTES = 4;
    private static final int LAST_HOLE_BYTES = 7;

    /**
     * Reads the throttle.
     *
     * @throws SheepFormatException if fewer than 24 bytes are left
     */
    public static RecoveryThrottleRecord decode(ByteBuffer buffer) {
        SheepProtocol.require(buffer, BYTES, "a recovery throttle");
        long maxObjects = buffer.getInt() & 0xFFFF_FFFFL;
        SheepProtocol.skip(buffer, FIRST_HOLE_BYTES);
        long intervalMillis = buffer.getLong();
        int throttling = buffer.get() & 0xFF;
        SheepProtocol.skip(buffer, LAST_HOLE_BYTES);
        return new RecoveryThrottleRecord(maxObjects, intervalMillis, throttling);
    }

    /** Writes 24 bytes. */
    public void encode(ByteBuffer buffer) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt((int) maxObjects).putInt(0).putLong(intervalMillis).put((byte) throttling);
        SheepProtocol.zeros(buffer, LAST_HOLE_BYTES);
    }
}
