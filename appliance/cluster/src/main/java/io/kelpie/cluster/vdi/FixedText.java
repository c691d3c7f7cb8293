package io.kelpie.cluster.vdi;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Text in a fixed field, padded with zero bytes, as inodes and attributes hold it. */
final class FixedText {
    private FixedText() {}

    static String read(ByteBuffer in, int offset, int fieldBytes) {
        int length = 0;
        while (length < fieldBytes && in.get(offset + length) != 0) {
            length++;
        }
        byte[] bytes = new byte[length];
        in.get(offset, bytes);
        // Names are raw bytes to the protocol; Latin-1 keeps every byte as it is.
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    static void write(ByteBuffer out, int offset, String text) {
        out.put(offset, text.getBytes(StandardCharsets.ISO_8859_1));
    }
}
