package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Sizes, versions and limits of the Sheepdog protocol, generation 1.0. All sizes in bytes. */
public final class SheepProtocol {
    /** Size of a request or response header. */
    public static final int HEADER_BYTES = 48;

    /** Highest version of public opcodes (below {@link #INTERNAL_OPCODES}) that is understood. */
    public static final int CLIENT_VERSION = 2;

    /** The only version of internal opcodes (from {@link #INTERNAL_OPCODES} on) understood. */
    public static final int SHEEP_VERSION = 0x0A;

    /** First internal opcode. */
    public static final int INTERNAL_OPCODES = 0x80;

    /** Length of a name, tag or attribute key field; 255 bytes of text are usable. */
    public static final int NAME_BYTES = 256;

    /** Number of VDI ids; id 0 is never used. */
    public static final int VDI_COUNT = 1 << 24;

    /** Size of the bitmaps of READ_VDIS and READ_DEL_VDIS: one bit per VDI id. */
    public static final int VDI_BITMAP_BYTES = VDI_COUNT / 8;

    /** Size of a complete inode object. */
    public static final int INODE_BYTES = 12_587_576;

    /** Size of an attribute object, and of the payload of GET_VDI_ATTR. */
    public static final int ATTRIBUTE_BYTES = 66_320;

    /** Most nodes a cluster can have in this protocol. */
    public static final int MAX_NODES = 6144;

    /** Smallest block size shift: objects of 1 MiB. */
    public static final int MIN_BLOCK_SIZE_SHIFT = 20;

    /** Largest block size shift: objects of 2 GiB. */
    public static final int MAX_BLOCK_SIZE_SHIFT = 31;

    /** The block size shift used when nobody asks for another: objects of 4 MiB. */
    public static final int DEFAULT_BLOCK_SIZE_SHIFT = 22;

    private SheepProtocol() {}

    /** Sets little endian order and refuses a buffer with fewer than {@code bytes} left. */
    static void require(ByteBuffer buffer, int bytes, String what) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.remaining() < bytes) {
            throw new SheepFormatException(what + " needs " + bytes + " bytes, but only "
                    + buffer.remaining() + " are there");
        }
    }

    /** Puts {@code bytes} zero bytes. */
    static void zeros(ByteBuffer buffer, int bytes) {
        int left = bytes;
        for (; left >= Long.BYTES; left -= Long.BYTES) {
            buffer.putLong(0);
        }
        for (; left > 0; left--) {
            buffer.put((byte) 0);
        }
    }

    /** Moves the position over {@code bytes} bytes whose content means nothing. */
    static void skip(ByteBuffer buffer, int bytes) {
        buffer.position(buffer.position() + bytes);
    }
}
