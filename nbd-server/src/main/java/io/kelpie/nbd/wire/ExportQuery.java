// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

import io.netty.buffer.ByteBuf;

/**
 * The data of INFO and GO.
 *
 * <pre>
 *  0    4  length n of the name
 *  4    n  name
 *  4+n  2  number k of information requests
 *  6+n 2k  information requests
 * </pre>
 *
 * @param name the export's name, may be empty
 * @param wantsName whether the canonical name was asked for
 * @param wantsDescription whether the description was asked for
 * @param wantsBlockSize whether the block sizes were asked for, so that the client will obey them
 */
public record ExportQuery(
        String name, boolean wantsName, boolean wantsDescription, boolean wantsBlockSize) {

    /**
     * The longest data accepted: a name of 4096 bytes and more information requests than are
     * defined.
     */
    public static final int MAX_LENGTH_BYTES = 4 + NbdConstants.MAX_STRING_BYTES + 2 + 2 * 1024;

    private static final int MIN_LENGTH_BYTES = 6;

    /**
     * Consumes the data, all that is readable.
     *
     * @throws OptionFormatException if lengths do not add up or the name is not a string
     */
    public static ExportQuery decode(ByteBuf in) throws OptionFormatException {
        if (in.readableBytes() < MIN_LENGTH_BYTES) {
            throw new OptionFormatException(
                    "the option has " + in.readableBytes() + " bytes, fewer than 6");
        }
        var nameLength = in.readUnsignedInt();
        if (nameLength > in.readableBytes() - Short.BYTES) {
            throw new OptionFormatException(
                    "the name's length " + nameLength + " does not fit into the option");
        }
        var name = WireText.decode(in, (int) nameLength);
        var count = in.readUnsignedShort();
        if (in.readableBytes() != count * Short.BYTES) {
            throw new OptionFormatException(
                    count + " information requests do not fill " + in.readableBytes() + " bytes");
        }
        var wanted = 0L;
        for (var i = 0; i < count; i++) {
            var info = in.readUnsignedShort();
            // Unknown requests must be ignored; they are far above what fits into the mask.
            wanted |= info < Long.SIZE ? 1L << info : 0;
        }
        return new ExportQuery(
                name,
                isSet(wanted, NbdConstants.INFO_NAME),
                isSet(wanted, NbdConstants.INFO_DESCRIPTION),
                isSet(wanted, NbdConstants.INFO_BLOCK_SIZE));
    }

    private static boolean isSet(long mask, int bit) {
        return (mask & 1L << bit) != 0;
    }
}
