package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;

/**
 * Bytes 16..47 of a header, whose meaning depends on the opcode: four little endian words. The
 * accessors take offsets inside the <em>header</em>, as the layout tables have them, so 16..47.
 *
 * @param word16 bytes 16..23
 * @param word24 bytes 24..31
 * @param word32 bytes 32..39
 * @param word40 bytes 40..47
 */
public record HeaderWords(long word16, long word24, long word32, long word40) {
    /** All 32 bytes zero. */
    public static final HeaderWords ZERO = new HeaderWords(0, 0, 0, 0);

    static final int BYTES = 32;

    static HeaderWords decode(ByteBuffer buffer) {
        return new HeaderWords(
                buffer.getLong(), buffer.getLong(), buffer.getLong(), buffer.getLong());
    }

    void encode(ByteBuffer buffer) {
        buffer.putLong(word16).putLong(word24).putLong(word32).putLong(word40);
    }

    /** Returns the u8 at {@code offset}. */
    public int u8(int offset) {
        return (int) field(offset, 0xFFL);
    }

    /** Returns the u16 at {@code offset}, which must be even. */
    public int u16(int offset) {
        return (int) field(offset, 0xFFFFL);
    }

    /** Returns the u32 at {@code offset} (a multiple of 4) as an int with the same bits. */
    public int i32(int offset) {
        return (int) field(offset, 0xFFFF_FFFFL);
    }

    /** Returns the u32 at {@code offset} (a multiple of 4), 0..2^32-1. */
    public long u32(int offset) {
        return field(offset, 0xFFFF_FFFFL);
    }

    /** Returns the u64 at {@code offset} (a multiple of 8). */
    public long u64(int offset) {
        return word(offset);
    }

    /** Returns these bytes with the u8 at {@code offset} replaced by the low 8 bits of a value. */
    public HeaderWords with8(int offset, int value) {
        return with(offset, value, 0xFFL);
    }

    /**
     * Returns these bytes with the u16 at {@code offset} replaced by the low 16 bits of a value.
     */
    public HeaderWords with16(int offset, int value) {
        return with(offset, value, 0xFFFFL);
    }

    /**
     * Returns these bytes with the u32 at {@code offset} replaced by the low 32 bits of a value.
     */
    public HeaderWords with32(int offset, long value) {
        return with(offset, value, 0xFFFF_FFFFL);
    }

    /** Returns these bytes with the u64 at {@code offset} replaced. */
    public HeaderWords with64(int offset, long value) {
        return with(offset, value, -1L);
    }

    private long word(int offset) {
        return switch (offset >> 3) {
            case 2 -> word16;
            case 3 -> word24;
            case 4 -> word32;
            case 5 -> word40;
            default ->
                throw new IllegalArgumentException("header offset " + offset + " is not in 16..47");
        };
    }

    private long field(int offset, long mask) {
        return (word(offset) >>> shift(offset)) & mask;
    }

    private HeaderWords with(int offset, long value, long mask) {
        int shift = shift(offset);
        long changed = (word(offset) & ~(mask << shift)) | ((value & mask) << shift);
        return switch (offset >> 3) {
            case 2 -> new HeaderWords(changed, word24, word32, word40);
            case 3 -> new HeaderWords(word16, changed, word32, word40);
            case 4 -> new HeaderWords(word16, word24, changed, word40);
            default -> new HeaderWords(word16, word24, word32, changed);
        };
    }

    private static int shift(int offset) {
        return (offset & 7) * Byte.SIZE;
    }
}
