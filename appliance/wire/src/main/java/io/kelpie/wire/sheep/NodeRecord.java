package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A member of the cluster (upstream's sd_node in a build without disk vnodes).
 *
 * <pre>
 * off size field
 *   0   24 the sender's memory pointers: ignored, written as zero
 *  24   40 node id
 *  64    2 virtual nodes
 *  66    2 hole
 *  68    4 zone
 *  72    8 space in bytes
 * </pre>
 *
 * @param id its identity
 * @param vnodes virtual nodes, 0..65535; 0 for a gateway
 * @param zone failure zone, 0..2^32-1
 * @param spaceBytes size of its store
 */
public record NodeRecord(NodeIdRecord id, int vnodes, long zone, long spaceBytes) {
    /** Size on the wire. */
    public static final int BYTES = 80;

    private static final int POINTERS_BYTES = 24;

    /**
     * Reads a node.
     *
     * @throws SheepFormatException if fewer than 80 bytes are left
     */
    public static NodeRecord decode(ByteBuffer buffer) {
        SheepProtocol.require(buffer, BYTES, "a node record");
        SheepProtocol.skip(buffer, POINTERS_BYTES);
        NodeIdRecord id = NodeIdRecord.decode(buffer);
        int vnodes = buffer.getShort() & 0xFFFF;
        SheepProtocol.skip(buffer, Short.BYTES);
        long zone = buffer.getInt() & 0xFFFF_FFFFL;
        return new NodeRecord(id, vnodes, zone, buffer.getLong());
    }

    /** Writes 80 bytes. */
    public void encode(ByteBuffer buffer) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        SheepProtocol.zeros(buffer, POINTERS_BYTES);
        id.encode(buffer);
        buffer.putShort((short) vnodes).putShort((short) 0).putInt((int) zone).putLong(spaceBytes);
    }

    /**
     * Reads a list of nodes up to the end of a buffer.
     *
     * @throws SheepFormatException if the rest is not a multiple of 80 bytes or more than 6144
     *     nodes
     */
    public static List<NodeRecord> decodeList(ByteBuffer buffer) {
        int length = buffer.remaining();
        if (length % BYTES != 0) {
            throw new SheepFormatException(
                    "a node list of " + length + " bytes is not a multiple of " + BYTES);
        }
        return decodeList(buffer, length / BYTES);
    }

    static List<NodeRecord> decodeList(ByteBuffer buffer, int count) {
        if (count < 0 || count > SheepProtocol.MAX_NODES) {
            throw new SheepFormatException(
                    count + " nodes are not in 0.." + SheepProtocol.MAX_NODES);
        }
        SheepProtocol.require(buffer, count * BYTES, "a list of " + count + " nodes");
        List<NodeRecord> nodes = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            nodes.add(decode(buffer));
        }
        return nodes;
    }
}
