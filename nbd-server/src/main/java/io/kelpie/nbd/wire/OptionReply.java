// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

import io.netty.buffer.ByteBuf;

/**
 * Replies to options: a header of 20 bytes and data by type.
 *
 * <pre>
 *  0  8  OPTION_REPLY_MAGIC
 *  8  4  option that is answered
 * 12  4  reply type
 * 16  4  length of the data
 * </pre>
 */
public final class OptionReply {

    /** Length of the header. */
    public static final int HEADER_BYTES = 20;

    private static final int INFO_EXPORT_BYTES = 12;
    private static final int INFO_BLOCK_SIZE_BYTES = 14;

    private OptionReply() {}

    /** Appends an ACK, which has no data. */
    public static void encodeAck(ByteBuf out, int option) {
        encodeHeader(out, option, NbdConstants.REP_ACK, 0);
    }

    /** Appends an error with a text for people, cut to 4096 bytes. */
    public static void encodeError(ByteBuf out, int option, int error, String text) {
        var bytes = WireText.encodeCut(text);
        encodeHeader(out, option, error, bytes.length);
        out.writeBytes(bytes);
    }

    /** Appends one export of a list. */
    public static void encodeServer(ByteBuf out, int option, String name, String description) {
        var nameBytes = WireText.encodeCut(name);
        var descriptionBytes = WireText.encodeCut(description);
        encodeHeader(
                out,
                option,
                NbdConstants.REP_SERVER,
                Integer.BYTES + nameBytes.length + descriptionBytes.length);
        out.writeInt(nameBytes.length);
        out.writeBytes(nameBytes);
        out.writeBytes(descriptionBytes);
    }

    /** Appends size and transmission flags of an export. */
    public static void encodeInfoExport(
            ByteBuf out, int option, long sizeBytes, int transmissionFlags) {
        encodeHeader(out, option, NbdConstants.REP_INFO, INFO_EXPORT_BYTES);
        out.writeShort(NbdConstants.INFO_EXPORT);
        out.writeLong(sizeBytes);
        out.writeShort(transmissionFlags);
    }

    /**
     * Appends a piece of information that is a string: {@code INFO_NAME} or
     * {@code INFO_DESCRIPTION}.
     */
    public static void encodeInfoText(ByteBuf out, int option, int info, String text) {
        var bytes = WireText.encodeCut(text);
        encodeHeader(out, option, NbdConstants.REP_INFO, Short.BYTES + bytes.length);
        out.writeShort(info);
        out.writeBytes(bytes);
    }

    /** Appends the block sizes of an export, all in bytes. */
    public static void encodeInfoBlockSize(
            ByteBuf out, int option, int min, int preferred, int max) {
        encodeHeader(out, option, NbdConstants.REP_INFO, INFO_BLOCK_SIZE_BYTES);
        out.writeShort(NbdConstants.INFO_BLOCK_SIZE);
        out.writeInt(min);
        out.writeInt(preferred);
        out.writeInt(max);
    }

    /** Appends one metadata context. */
    public static void encodeMetaContext(ByteBuf out, int option, int id, String name) {
        var bytes = WireText.encodeCut(name);
        encodeHeader(out, option, NbdConstants.REP_META_CONTEXT, Integer.BYTES + bytes.length);
        out.writeInt(id);
        out.writeBytes(bytes);
    }

    /**
     * Appends the answer to EXPORT_NAME, which has no header: size, flags and, for old clients, 124
     * zeroes.
     */
    public static void encodeExportName(
            ByteBuf out, long sizeBytes, int transmissionFlags, boolean withZeroes) {
        out.writeLong(sizeBytes);
        out.writeShort(transmissionFlags);
        if (withZeroes) {
            out.writeZero(NbdConstants.EXPORT_NAME_PADDING_BYTES);
        }
    }

    private static void encodeHeader(ByteBuf out, int option, int type, int lengthBytes) {
        out.writeLong(NbdConstants.OPTION_REPLY_MAGIC);
        out.writeInt(option);
        out.writeInt(type);
        out.writeInt(lengthBytes);
    }
}
