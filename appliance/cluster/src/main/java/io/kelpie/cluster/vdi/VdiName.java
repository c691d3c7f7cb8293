package io.kelpie.cluster.vdi;

import java.nio.charset.StandardCharsets;

/**
 * Names of VDIs are raw bytes in the Sheepdog protocol. Inside, a name is a string with one
 * character a byte (ISO 8859-1); people and file systems see the bytes as UTF-8.
 */
public final class VdiName {
    /** Most bytes that a name or tag has; the fields keep one byte for the terminating zero. */
    public static final int MAX_BYTES = 255;

    private VdiName() {}

    /**
     * The inner form of a name typed by a person.
     *
     * @param text any text
     * @return its UTF-8 bytes, one a character
     */
    public static String ofText(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    /**
     * What a person sees of a name.
     *
     * @param name the inner form
     * @return the text; bytes that are no UTF-8 become replacement characters
     */
    public static String toText(String name) {
        return new String(name.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }
}
