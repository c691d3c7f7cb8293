package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * One epoch in the answer of STAT_CLUSTER. The request's node slots decide the size: 48 bytes and
 * 80 per slot. Only the first (newest) record of an answer carries creation time, recovery switch,
 * copies, policy, flags and store name; in the others upstream leaves them 0.
 *
 * <pre>
 * off size field
 *   0    8 creation time of the cluster
 *   8    8 time of the epoch, Unix seconds
 *  16    4 epoch
 *  20    4 number of nodes
 *  24    1 recovery disabled
 *  25    1 copies
 *  26    1 copy policy
 *  27    3 zero
 *  30    2 cluster flags
 *  32   16 store name
 *  48   slots x 80 nodes; slots behind the last node are ignored, written as zero
 * </pre>
 *
 * @param creationTime seconds in the upper, nanoseconds in the lower 32 bits
 * @param timeSeconds Unix seconds
 * @param epoch u32 bits
 * @param recoveryDisabled 1 if automatic recovery is off, else 0
 * @param copies 0..255
 * @param copyPolicy 0..255
 * @param flags bits of {@link ClusterFlags}
 * @param storeName at most 16 bytes
 * @param nodes members of the epoch; empty when the client asked with 0 slots
 */
public record EpochLogRecord(
        long creationTime,
        long timeSeconds,
        int epoch,
        int recoveryDisabled,
        int copies,
        int copyPolicy,
        int flags,
        SheepName storeName,
        List<NodeRecord> nodes) {
    /** Size without node slots. */
    public static final int FIXED_BYTES = 48;

    private static final int STORE_NAME_BYTES = 16;
    private static final int PAD_BYTES = 3;

    /** Copies the list. */
    public EpochLogRecord {
        nodes = List.copyOf(nodes);
    }

    /**
     * Returns the size of a record in bytes.
     *
     * @param nodeSlots as in the request, 0..2^32-1
     */
    public static long bytes(long nodeSlots) {
        return FIXED_BYTES + nodeSlots * NodeRecord.BYTES;
    }

    /**
     * Reads a record.
     *
     * @param nodeSlots slots asked for, 0..6144
     * @throws SheepFormatException if bytes are missing or the count exceeds the slots
     */
    public static EpochLogRecord decode(ByteBuffer buffer, int nodeSlots) {
        int bytes = (int) bytes(nodeSlots);
        SheepProtocol.require(buffer, bytes, "an epoch log record");
        int start = buffer.position();
        long creationTime = buffer.getLong();
        long timeSeconds = buffer.getLong();
        int epoch = buffer.getInt();
        int nodeCount = buffer.getInt();
        int recoveryDisabled = buffer.get() & 0xFF;
        int copies = buffer.get() & 0xFF;
        int copyPolicy = buffer.get() & 0xFF;
        SheepProtocol.skip(buffer, PAD_BYTES);
        int flags = buffer.getShort() & 0xFFFF;
        SheepName storeName = SheepName.decode(buffer, STORE_NAME_BYTES);
        if (nodeCount < 0 || nodeCount > nodeSlots) {
            throw new SheepFormatException(
                    "epoch log says " + nodeCount + " nodes in " + nodeSlots + " slots");
        }
        List<NodeRecord> nodes = NodeRecord.decodeList(buffer, nodeCount);
        buffer.position(start + bytes);
        return new EpochLogRecord(
                creationTime,
                timeSeconds,
                epoch,
                recoveryDisabled,
                copies,
                copyPolicy,
                flags,
                storeName,
                nodes);
    }

    /**
     * Writes a record.
     *
     * @param nodeSlots slots of the record, at least the number of nodes
     */
    public void encode(ByteBuffer buffer, int nodeSlots) {
        if (nodes.size() > nodeSlots) {
            throw new IllegalArgumentException(
                    nodes.size() + " nodes do not fit " + nodeSlots + " slots");
        }
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(creationTime).putLong(timeSeconds).putInt(epoch).putInt(nodes.size());
        buffer.put((byte) recoveryDisabled).put((byte) copies).put((byte) copyPolicy);
        SheepProtocol.zeros(buffer, PAD_BYTES);
        buffer.putShort((short) flags);
        storeName.encode(buffer, STORE_NAME_BYTES);
        for (NodeRecord node : nodes) {
            node.encode(buffer);
        }
        SheepProtocol.zeros(buffer, (nodeSlots - nodes.size()) * NodeRecord.BYTES);
    }
}
