package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Payload of NEW_VDI (name only) and of GET_VDI_INFO, LOCK_VDI, DEL_VDI (name, or name and tag).
 *
 * <pre>
 * off size field
 *   0  256 name
 * 256  256 tag, may be absent
 * </pre>
 *
 * @param name the VDI's name
 * @param tag the snapshot's tag; empty if absent
 */
public record NamePayload(SheepName name, SheepName tag) {
    /** Size without a tag. */
    public static final int NAME_ONLY_BYTES = SheepProtocol.NAME_BYTES;

    /** Size with a tag, also an empty one. */
    public static final int NAME_AND_TAG_BYTES = 2 * SheepProtocol.NAME_BYTES;

    /**
     * Reads the whole rest of a buffer.
     *
     * @param buffer exactly 256 or 512 bytes
     * @throws SheepFormatException for any other length (answer INVALID_PARMS)
     */
    public static NamePayload decode(ByteBuffer buffer) {
        int length = buffer.remaining();
        if (length != NAME_ONLY_BYTES && length != NAME_AND_TAG_BYTES) {
            throw new SheepFormatException("a name payload has 256 or 512 bytes, not " + length);
        }
        SheepName name = SheepName.decode(buffer, SheepProtocol.NAME_BYTES);
        SheepName tag = buffer.hasRemaining()
                ? SheepName.decode(buffer, SheepProtocol.NAME_BYTES)
                : SheepName.EMPTY;
        return new NamePayload(name, tag);
    }

    /**
     * Writes the name and, if there is room for it, the tag.
     *
     * @param buffer room for 256 or 512 bytes, which decides the form
     */
    public void encode(ByteBuffer buffer) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        name.encode(buffer, SheepProtocol.NAME_BYTES);
        if (buffer.hasRemaining()) {
            tag.encode(buffer, SheepProtocol.NAME_BYTES);
        }
    }
}
