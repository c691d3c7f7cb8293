package io.kelpie.wire.peer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The header of a frame, as the package says.
 *
 * @param type what follows
 * @param length bytes that follow the header, at most {@link PeerType#maxBytes}
 * @param requestId of a request or its answer, else 0
 * @param mapVersion the sender's map, where the message tells it, else 0
 * @param partition the placement group, where the message is about one, else 0
 * @param epoch its partition epoch, else 0
 */
public record PeerHeader(
        PeerType type, int length, long requestId, long mapVersion, int partition, long epoch) {
    /** Length of a header. */
    public static final int BYTES = 40;

    /** The first bytes of a connection, {@code KLP1}, as a big-endian number. */
    public static final int MAGIC = 0x4B4C5031;

    private static final int LENGTH = 0;
    private static final int TYPE = 4;
    private static final int FLAGS = 6;
    private static final int REQUEST_ID = 8;
    private static final int MAP_VERSION = 16;
    private static final int PARTITION = 24;
    private static final int EPOCH = 28;
    private static final int CHECKSUM = 36;

    /**
     * Takes a header from a buffer.
     *
     * @param in its position moves behind the header; the order is set to little endian
     * @return the header
     * @throws PeerFormatException if it is damaged, of an unknown type or announces too much
     */
    public static PeerHeader decode(ByteBuffer in) {
        if (in.remaining() < BYTES) {
            throw new PeerFormatException("a header of " + in.remaining() + " bytes");
        }
        in.order(ByteOrder.LITTLE_ENDIAN);
        int at = in.position();
        if (in.getInt(at + CHECKSUM) != checksum(in, at)) {
            throw new PeerFormatException("the checksum of a header does not hold");
        }
        int code = in.getShort(at + TYPE) & 0xFFFF;
        PeerType type = PeerType.of(code);
        if (type == null) {
            throw new PeerFormatException("a frame of the unknown type " + code);
        }
        int flags = in.getShort(at + FLAGS) & 0xFFFF;
        if (flags != 0) {
            throw new PeerFormatException("unknown flags in a " + type + ": " + flags);
        }
        long length = in.getInt(at + LENGTH) & 0xFFFF_FFFFL;
        if (length > type.maxBytes() || length < PeerInput.PREFIX_BYTES) {
            throw new PeerFormatException("a " + type + " of " + length + " bytes; allowed are "
                    + PeerInput.PREFIX_BYTES + " to " + type.maxBytes());
        }
        in.position(at + BYTES);
        return new PeerHeader(
                type,
                (int) length,
                in.getLong(at + REQUEST_ID),
                in.getLong(at + MAP_VERSION),
                in.getInt(at + PARTITION),
                in.getLong(at + EPOCH));
    }

    /** Puts the header at the beginning of a little-endian buffer. */
    void encode(ByteBuffer out) {
        out.putInt(LENGTH, length);
        out.putShort(TYPE, (short) type.code());
        out.putShort(FLAGS, (short) 0);
        out.putLong(REQUEST_ID, requestId);
        out.putLong(MAP_VERSION, mapVersion);
        out.putInt(PARTITION, partition);
        out.putLong(EPOCH, epoch);
        out.putInt(CHECKSUM, checksum(out, 0));
    }

    private static int checksum(ByteBuffer bytes, int at) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes.duplicate().limit(at + CHECKSUM).position(at));
        return (int) checksum.getValue();
    }
}
