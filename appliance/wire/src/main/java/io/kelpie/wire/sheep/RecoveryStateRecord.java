package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Answer of STAT_RECOVERY.
 *
 * <pre>
 * off size field
 *   0    1 in recovery
 *   1    3 hole
 *   4    4 state
 *   8    8 finished
 *  16    8 total
 * </pre>
 *
 * @param inRecovery 1 while recovering, else 0
 * @param state 0 preparing the list, 1 recovering, 2 notifying
 * @param finished objects done
 * @param total objects to check
 */
public record RecoveryStateRecord(int inRecovery, int state, long finished, long total) {
    /** Size on the wire. */
    public static final int BYTES = 24;

    /** Not recovering. */
    public static final RecoveryStateRecord IDLE = new RecoveryStateRecord(0, 0, 0, 0);

    private static final int HOLE_BYTES = 3;

    /**
     * Reads the state.
     *
     * @throws SheepFormatException if fewer than 24 bytes are left
     */
    public static RecoveryStateRecord decode(ByteBuffer buffer) {
        SheepProtocol.require(buffer, BYTES, "a recovery state");
        int inRecovery = buffer.get() & 0xFF;
        SheepProtocol.skip(buffer, HOLE_BYTES);
        return new RecoveryStateRecord(
                inRecovery, buffer.getInt(), buffer.getLong(), buffer.getLong());
    }

    /** Writes 24 bytes. */
    public void encode(ByteBuffer buffer) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        buffer.put((byte) inRecovery);
        SheepProtocol.zeros(buffer, HOLE_BYTES);
        buffer.putInt(state).putLong(finished).putLong(total);
    }
}
