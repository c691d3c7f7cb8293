package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The 48 byte header of a response; {@code dataLength} payload bytes follow it.
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
 * @param version always 0 from a server
 * @param opcode copied from the request
 * @param flags always 0 from a server
 * @param epoch u32 bits: the current cluster epoch of the answering node
 * @param id copied from the request
 * @param dataLength size of the payload in bytes, 0..2^32-1
 * @param words bytes 16..47; the result is the u32 at 16
 */
public record ResponseHeader(
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
    public static ResponseHeader decode(ByteBuffer buffer) {
        SheepProtocol.require(buffer, SheepProtocol.HEADER_BYTES, "a header");
        int start = buffer.position();
        buffer.position(start + WORDS);
        return new ResponseHeader(
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

    private static final int RESULT = 16;

    /**
     * Builds the header of an answer.
     *
     * @param request the request that is answered
     * @param epoch the current cluster epoch, u32 bits
     * @param result its outcome
     * @param dataLength size of the payload in bytes, 0..2^32-1
     * @param words bytes 20..47 of the answer ({@link HeaderWords#ZERO} or an answer record); bytes
     *     16..19 are replaced by the result
     */
    public static ResponseHeader of(
            RequestHeader request,
            int epoch,
            SheepResult result,
            long dataLength,
            HeaderWords words) {
        return new ResponseHeader(
                0,
                request.opcode(),
                0,
                epoch,
                request.id(),
                dataLength,
                words.with32(RESULT, result.number()));
    }

    /** Returns the result number, see {@link SheepResult#of}. */
    public int result() {
        return words.i32(RESULT);
    }

    /** Returns whether the result is {@link SheepResult#SUCCESS}. */
    public boolean isSuccess() {
        return result() == SheepResult.SUCCESS.number();
    }
}
