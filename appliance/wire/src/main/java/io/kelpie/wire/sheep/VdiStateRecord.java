package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * State of a VDI in the answer of GET_VDI_COPIES.
 *
 * <pre>
 *  off size field
 *    0    4 VDI id
 *    4    1 copies
 *    5    1 snapshot
 *    6    1 deleted
 *    7    1 copy policy
 *    8    1 block size shift
 *    9    3 zero
 *   12    4 parent VDI id
 *   16    4 lock state
 *   20   40 lock owner
 *   60    4 number of participants
 *   64   31 x 4 participant states
 *  188   31 x 40 participants
 * </pre>
 *
 * @param vdiId 24 bits
 * @param copies 0..255
 * @param snapshot 1 for a snapshot, else 0
 * @param deleted 1 if deleted, else 0
 * @param copyPolicy 0..255
 * @param blockSizeShift 0..255
 * @param parentVdiId 24 bits, 0 for none
 * @param lockState one of the LOCK constants
 * @param lockOwner the gateway node that holds an exclusive lock
 * @param participants sharers of a shared lock, at most 31
 */
public record VdiStateRecord(
        int vdiId,
        int copies,
        int snapshot,
        int deleted,
        int copyPolicy,
        int blockSizeShift,
        int parentVdiId,
        int lockState,
        NodeIdRecord lockOwner,
        List<Participant> participants) {
    /** Size on the wire. */
    public static final int BYTES = 1428;

    /** Lock state: unlocked. */
    public static final int LOCK_UNLOCKED = 1;

    /** Lock state: locked by one owner. */
    public static final int LOCK_LOCKED = 2;

    /** Lock state: shared by the participants. */
    public static final int LOCK_SHARED = 3;

    private static final int MAX_PARTICIPANTS = 31;
    private static final int PAD_BYTES = 3;

    /**
     * A sharer of a shared lock.
     *
     * @param state 1 modified, 2 shared, 3 invalidated
     * @param node its gateway node
     */
    public record Participant(int state, NodeIdRecord node) {}

    /** Copies the list. */
    public VdiStateRecord {
        participants = List.copyOf(participants);
        if (participants.size() > MAX_PARTICIPANTS) {
            throw new IllegalArgumentException(
                    participants.size() + " participants are more than 31");
        }
    }

    /**
     * Reads a state.
     *
     * @throws SheepFormatException if fewer than 1428 bytes are left or participants exceed 31
     */
    public static VdiStateRecord decode(ByteBuffer buffer) {
        SheepProtocol.require(buffer, BYTES, "a VDI state");
        int vdiId = buffer.getInt();
        int copies = buffer.get() & 0xFF;
        int snapshot = buffer.get() & 0xFF;
        int deleted = buffer.get() & 0xFF;
        int copyPolicy = buffer.get() & 0xFF;
        int blockSizeShift = buffer.get() & 0xFF;
        SheepProtocol.skip(buffer, PAD_BYTES);
        int parentVdiId = buffer.getInt();
        int lockState = buffer.getInt();
        NodeIdRecord lockOwner = NodeIdRecord.decode(buffer);
        List<Participant> participants = decodeParticipants(buffer);
        return new VdiStateRecord(
                vdiId,
                copies,
                snapshot,
                deleted,
                copyPolicy,
                blockSizeShift,
                parentVdiId,
                lockState,
                lockOwner,
                participants);
    }

    private static List<Participant> decodeParticipants(ByteBuffer buffer) {
        int count = buffer.getInt();
        if (count < 0 || count > MAX_PARTICIPANTS) {
            throw new SheepFormatException(count + " participants are not in 0..31");
        }
        int states = buffer.position();
        SheepProtocol.skip(buffer, MAX_PARTICIPANTS * Integer.BYTES);
        int end = buffer.position() + MAX_PARTICIPANTS * NodeIdRecord.BYTES;
        List<Participant> participants = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int state = buffer.getInt(states + i * Integer.BYTES);
            participants.add(new Participant(state, NodeIdRecord.decode(buffer)));
        }
        buffer.position(end);
        return participants;
    }

    /** Writes 1428 bytes. */
    public void encode(ByteBuffer buffer) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(vdiId).put((byte) copies).put((byte) snapshot).put((byte) deleted);
        buffer.put((byte) copyPolicy).put((byte) blockSizeShift);
        SheepProtocol.zeros(buffer, PAD_BYTES);
        buffer.putInt(parentVdiId).putInt(lockState);
        lockOwner.encode(buffer);
        buffer.putInt(participants.size());
        int unused = MAX_PARTICIPANTS - participants.size();
        participants.forEach(participant -> buffer.putInt(participant.state()));
        SheepProtocol.zeros(buffer, unused * Integer.BYTES);
        participants.forEach(participant -> participant.node().encode(buffer));
        SheepProtocol.zeros(buffer, unused * NodeIdRecord.BYTES);
    }
}
