package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The 48 byte header of a request.
 *
 * <p>With flag {@link SheepFlags#WRITE} a payload of {@code dataLength} bytes follows; without it
 * {@code dataLength} is the capacity of the client's receive buffer and no payload follows.
 *
 * <pre>
 * off size field
 *   0    1 version
 *   1    1 opcode
 *   2    2 flags
 *   4    4 epoch
 *   8    4 id
 *  12    4 data length
 *  16   32 operation specific
 * </pre>
 *
 * @param version protocol version of the client, 0..255
 * @param opcode 0..255, see {@link SheepOpcode#of}
 * @param flags bits of {@link SheepFlags}, 0..65535
 * @param epoch u32 bits; only peer opcodes and a few checks set it
 * @param id u32 bits chosen by the client and copied into the response; need not be unique
 * @param dataLength payload or capacity in bytes, 0..2^32-1
 * @param words bytes 16..47
 */
public record RequestHeader(
        int version, int opcode, int flags, int epoch, int id, long dataLength, HeaderWords words) {
    private static final int VERSION = 0;
    private static final int OPCODE = 1;
    private static final int FLAGS = 2;
    private static final int EPOCH = 4;
    private static final int ID = 8;
    private static final int DATA_LENGTH = 12;
    private static final int WORDS = 16;

    static {
        if (WORDS + HeaderWords.BYTES != SheepProtocol.HEADER_BYTES) {
            throw new AssertionError("header layout");
        }
    }

    /**
     * Reads a header.
     *
     * @param buffer at least 48 bytes; its position moves over them
     * @throws SheepFormatException if fewer are left
     */
    public static RequestHeader decode(ByteBuffer buffer) {
        SheepProtocol.require(buffer, SheepProtocol.HEADER_BYTES, "a header");
        int start = buffer.position();
        buffer.position(start + WORDS);
        return new RequestHeader(
                buffer.get(start + VERSION) & 0xFF,
                buffer.get(start + OPCODE) & 0xFF,
                buffer.getShort(start + FLAGS) & 0xFFFF,
                buffer.getInt(start + EPOCH),
                buffer.getInt(start + ID),
                buffer.getInt(start + DATA_LENGTH) & 0xFFFF_FFFFL,
                HeaderWords.decode(buffer));
    }

    /**
     * Writes this header.
     *
     * @param buffer room for 48 bytes; its position moves over them
     */
    public void encode(ByteBuffer buffer) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        buffer.put((byte) version).put((byte) opcode).putShort((short) flags);
        buffer.putInt(epoch).putInt(id).putInt((int) dataLength);
        words.encode(buffer);
    }

    /** Returns whether all of the given flag bits are set. */
    public boolean hasFlag(int flag) {
        return (flags & flag) == flag;
    }

    /** Returns the size of the payload that follows this header in bytes, 0..2^32-1. */
    public long payloadBytes() {
        return hasFlag(SheepFlags.WRITE) ? dataLength : 0;
    }
}
