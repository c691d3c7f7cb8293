package io.kelpie.wire.peer;

import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Coordinator.Controller;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * Bytes of the record that says who edits the map, as coordinators keep it, big endian:
 *
 * <pre>
 *  0  u32  magic {@code KCTL}
 *  4  u16  format, 1
 *  6  u16  bit 0: there is a holder
 *  8  u64  term
 * 16  u128 node, u64 incarnation of the holder, or zeros
 * 40  u32  CRC-32C of everything before
 * </pre>
 */
public final class ControllerCodec {
    /** Length of the record. */
    public static final int BYTES = 44;

    private static final int MAGIC = 0x4B43544C;
    private static final short FORMAT = 1;
    private static final int FLAG_HELD = 1;

    private ControllerCodec() {}

    /**
     * Encodes the record.
     *
     * @param controller the record
     * @return {@link #BYTES} bytes
     */
    public static byte[] encode(Controller controller) {
        PeerId holder = controller.holder();
        ByteBuffer out = ByteBuffer.allocate(BYTES);
        out.putInt(MAGIC).putShort(FORMAT).putShort((short) (holder == null ? 0 : FLAG_HELD));
        out.putLong(controller.term());
        if (holder == null) {
            out.position(out.position() + SealedRecord.PEER_BYTES);
        } else {
            SealedRecord.putPeer(out, holder);
        }
        return SealedRecord.seal(out);
    }

    /**
     * Decodes the record.
     *
     * @param bytes from {@link #encode}
     * @return the record
     * @throws PeerFormatException if they are damaged or of a newer format
     */
    public static Controller decode(byte[] bytes) {
        ByteBuffer in = SealedRecord.open(bytes, BYTES, MAGIC, "KCTL");
        try {
            short format = in.getShort();
            if (format != FORMAT) {
                throw new PeerFormatException(
                        "its format is " + format + ", this version knows " + FORMAT);
            }
            boolean held = (in.getShort() & FLAG_HELD) != 0;
            long term = in.getLong();
            PeerId holder = SealedRecord.getPeer(in);
            SealedRecord.requireEnd(in);
            return new Controller(term, held ? holder : null);
        } catch (BufferUnderflowException e) {
            throw new PeerFormatException("it is too short: " + bytes.length + " bytes");
        }
    }
}
