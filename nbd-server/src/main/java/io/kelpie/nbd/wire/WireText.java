// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

import io.netty.buffer.ByteBuf;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Strings on the wire: UTF-8 without NUL, at most {@link NbdConstants#MAX_STRING_BYTES} bytes,
 * never terminated.
 */
public final class WireText {

    private WireText() {}

    /**
     * Consumes a string.
     *
     * @param in at least {@code lengthBytes} readable bytes
     * @throws OptionFormatException if it is too long, not UTF-8, or holds a NUL
     */
    public static String decode(ByteBuf in, int lengthBytes) throws OptionFormatException {
        if (lengthBytes > NbdConstants.MAX_STRING_BYTES) {
            throw new OptionFormatException(
                    "a string of " + lengthBytes + " bytes is longer than 4096");
        }
        var bytes = new byte[lengthBytes];
        in.readBytes(bytes);
        String text;
        try {
            // A new decoder reports malformed input; String's constructor would replace it
            // silently.
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new OptionFormatException("a string is not valid UTF-8");
        }
        if (text.indexOf('\0') >= 0) {
            throw new OptionFormatException("a string holds a NUL character");
        }
        return text;
    }

    /** Returns the text as UTF-8, cut at a character boundary so that it has at most 4096 bytes. */
    public static byte[] encodeCut(String text) {
        var cut = ByteBuffer.allocate(NbdConstants.MAX_STRING_BYTES);
        var encoder = StandardCharsets.UTF_8
                .newEncoder()
                .onMalformedInput(CodingErrorAction.REPLACE)
                .onUnmappableCharacter(CodingErrorAction.REPLACE);
        encoder.encode(CharBuffer.wrap(text), cut, true);
        var bytes = new byte[cut.position()];
        cut.flip().get(bytes);
        return bytes;
    }
}
