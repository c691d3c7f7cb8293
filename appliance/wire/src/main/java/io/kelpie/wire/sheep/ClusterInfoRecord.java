package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Answer of CLUSTER_INFO.
 *
 * <pre>
 * off size field
 *   0    1 protocol version (0x0A)
 *   1    1 recovery disabled
 *   2    2 number of nodes
 *   4    4 epoch
 *   8    8 creation time
 *  16    2 cluster flags
 *  18    1 copies
 *  19    1 copy policy
 *  20    1 status
 *  21    1 block size shift
 *  22    3 zero
 *  25   16 default store
 *  41    7 zero
 *  48 6144 x 80 nodes; unused slots zero
 * </pre>
 *
 * @param recoveryDisabled 1 if automatic recovery is off, else 0
 * @param epoch current epoch, u32 bits; 0 before format
 * @param creationTime seconds in the upper, nanoseconds in the lower 32 bits; 0 before format
 * @param flags bits of {@link ClusterFlags}
 * @param copies default copies, 0..255
 * @param copyPolicy default copy policy, 0..255
 * @param status 1 running, 2 waiting, 3 shutdown, 4 killed
 * @param blockSizeShift default block size shift, 0..255
 * @param defaultStore name of the backend store, at most 16 bytes
 * @param nodes members at the epoch, at most 6144
 */
public record ClusterInfoRecord(
        int recoveryDisabled,
        int epoch,
        long creationTime,
        int flags,
        int copies,
        int copyPolicy,
        int status,
        int blockSizeShift,
        SheepName defaultStore,
        List<NodeRecord> nodes) {
    /** Size on the wire, whatever the number of nodes. */
    public static final int BYTES = 48 + SheepProtocol.MAX_NODES * NodeRecord.BYTES;

    /** Status: running. */
    public static final int STATUS_OK = 1;

    /** Status: not formatted, or members of the last epoch are missing. */
    public static final int STATUS_WAIT = 2;

    /** Status: shutting down. */
    public static final int STATUS_SHUTDOWN = 3;

    private static final int STORE_NAME_BYTES = 16;
    private static final int PAD_BEFORE_STORE = 3;
    private static final int PAD_AFTER_STORE = 7;

    /** Copies the list. */
    public ClusterInfoRecord {
        nodes = List.copyOf(nodes);
    }

    /**
     * Reads a cluster info.
     *
     * @throws SheepFormatException if fewer than 491 568 bytes are left or the count is impossible
     */
    public static ClusterInfoRecord decode(ByteBuffer buffer) {
        SheepProtocol.require(buffer, BYTES, "a cluster info");
        int start = buffer.position();
        SheepProtocol.skip(buffer, 1);
        int recoveryDisabled = buffer.get() & 0xFF;
        int nodeCount = buffer.getShort();
        int epoch = buffer.getInt();
        long creationTime = buffer.getLong();
        int flags = buffer.getShort() & 0xFFFF;
        int copies = buffer.get() & 0xFF;
        int copyPolicy = buffer.get() & 0xFF;
        int status = buffer.get() & 0xFF;
        int blockSizeShift = buffer.get() & 0xFF;
        SheepProtocol.skip(buffer, PAD_BEFORE_STORE);
        SheepName store = SheepName.decode(buffer, STORE_NAME_BYTES);
        SheepProtocol.skip(buffer, PAD_AFTER_STORE);
        List<NodeRecord> nodes = NodeRecord.decodeList(buffer, nodeCount);
        buffer.position(start + BYTES);
        return new ClusterInfoRecord(
                recoveryDisabled,
                epoch,
                creationTime,
                flags,
                copies,
                copyPolicy,
                status,
                blockSizeShift,
                store,
                nodes);
    }

    /** Writes 491 568 bytes. */
    public void encode(ByteBuffer buffer) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        buffer.put((byte) SheepProtocol.SHEEP_VERSION).put((byte) recoveryDisabled);
        buffer.putShort((short) nodes.size()).putInt(epoch).putLong(creationTime);
        buffer.putShort((short) flags).put((byte) copies).put((byte) copyPolicy);
        buffer.put((byte) status).put((byte) blockSizeShift);
        SheepProtocol.zeros(buffer, PAD_BEFORE_STORE);
        defaultStore.encode(buffer, STORE_NAME_BYTES);
        SheepProtocol.zeros(buffer, PAD_AFTER_STORE);
        for (NodeRecord node : nodes) {
            node.encode(buffer);
        }
        SheepProtocol.zeros(buffer, (SheepProtocol.MAX_NODES - nodes.size()) * NodeRecord.BYTES);
    }
}
