// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

import io.netty.buffer.ByteBuf;

/**
 * The data of LIST_META_CONTEXT and SET_META_CONTEXT, reduced to what can be asked of a server that
 * knows {@code base:allocation} only.
 *
 * <pre>
 *  0    4  length n of the export's name
 *  4    n  name
 *  4+n  4  number of queries
 *  then for each query: 4 bytes of length and as many bytes of text
 * </pre>
 *
 * @param name the export's name, may be empty
 * @param isEmpty whether there was no query, which lists everything and selects nothing
 * @param namesAllocation whether one query was {@code base:allocation}
 * @param namesNamespace whether one query was {@code base:}, a wildcard in lists only
 */
public record MetaQuery(
        String name, boolean isEmpty, boolean namesAllocation, boolean namesNamespace) {

    /** The longest data accepted, far more than all contexts known to exist. */
    public static final int MAX_LENGTH_BYTES = 64 << 10;

    private static final int MIN_LENGTH_BYTES = 8;

    /**
     * Consumes the data, all that is readable.
     *
     * @throws OptionFormatException if lengths do not add up, a text is not a string, or a query
     *     has no namespace
     */
    public static MetaQuery decode(ByteBuf in) throws OptionFormatException {
        if (in.readableBytes() < MIN_LENGTH_BYTES) {
            throw new OptionFormatException(
                    "the option has " + in.readableBytes() + " bytes, fewer than 8");
        }
        var name = decodeText(in, "the name");
        if (in.readableBytes() < Integer.BYTES) {
            throw new OptionFormatException("the number of queries is missing");
        }
        var count = in.readUnsignedInt();
        var namesAllocation = false;
        var namesNamespace = false;
        // Ends by the data at the latest: every query takes four bytes of it.
        for (var i = 0L; i < count; i++) {
            var query = decodeText(in, "a query");
            if (query.indexOf(':') < 0) {
                throw new OptionFormatException(
                        "the query '" + query + "' has no namespace, such as base:allocation has");
            }
            namesAllocation |= query.equals(NbdConstants.BASE_ALLOCATION);
            namesNamespace |= query.equals(NbdConstants.BASE_NAMESPACE);
        }
        if (in.isReadable()) {
            throw new OptionFormatException(
                    in.readableBytes() + " bytes follow the last of " + count + " queries");
        }
        return new MetaQuery(name, count == 0, namesAllocation, namesNamespace);
    }

    private static String decodeText(ByteBuf in, String what) throws OptionFormatException {
        if (in.readableBytes() < Integer.BYTES) {
            throw new OptionFormatException("the length of " + what + " is missing");
        }
        var length = in.readUnsignedInt();
        if (length > in.readableBytes()) {
            throw new OptionFormatException(
                    "the length " + length + " of " + what + " does not fit into the option");
        }
        return WireText.decode(in, (int) length);
    }
}
