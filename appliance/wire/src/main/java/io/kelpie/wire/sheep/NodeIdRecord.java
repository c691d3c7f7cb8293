package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Identity of a node.
 *
 * <pre>
 * off size field
 *   0   16 address
 *  16    2 port
 *  18   16 I/O address
 *  34    2 I/O port
 *  36    4 zero
 * </pre>
 *
 * @param address where the node listens
 * @param ioAddress a separate way for data, {@link NodeAddress#NONE} if there is none; clients try
 *     it first when its port is not 0
 */
public record NodeIdRecord(NodeAddress address, NodeAddress ioAddress) {
    /** No node: all zero. */
    public static final NodeIdRecord NONE = new NodeIdRecord(NodeAddress.NONE, NodeAddress.NONE);

    /** Size on the wire. */
    public static final int BYTES = 40;

    private static final int PAD_BYTES = BYTES - 2 * NodeAddress.BYTES;

    /**
     * Reads a node id.
     *
     * @throws SheepFormatException if fewer than 40 bytes are left
     */
    public static NodeIdRecord decode(ByteBuffer buffer) {
        SheepProtocol.require(buffer, BYTES, "a node id");
        NodeIdRecord id = new NodeIdRecord(NodeAddress.decode(buffer), NodeAddress.decode(buffer));
        SheepProtocol.skip(buffer, PAD_BYTES);
        return id;
    }

    /** Writes 40 bytes. */
    public void encode(ByteBuffer buffer) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        address.encode(buffer);
        ioAddress.encode(buffer);
        SheepProtocol.zeros(buffer, PAD_BYTES);
    }
}
