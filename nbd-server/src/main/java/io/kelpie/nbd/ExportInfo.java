// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * What a client is told about an export beside size and flags.
 *
 * @param name canonical name, also when the client asked for the empty one; at most
 *     {@value #MAX_TEXT_BYTES} bytes as UTF-8
 * @param description a sentence for people, may be empty; at most {@value #MAX_TEXT_BYTES} bytes as
 *     UTF-8
 */
public record ExportInfo(String name, String description) {

    /** The longest string the NBD protocol allows, in bytes. */
    public static final int MAX_TEXT_BYTES = 4096;

    /**
     * Checks both lengths; throws {@link IllegalArgumentException} with the length that is too
     * large.
     */
    public ExportInfo {
        requireFits("name", name);
        requireFits("description", description);
    }

    private static void requireFits(String what, String text) {
        Objects.requireNonNull(text, what);
        // A Java char is at least one byte of UTF-8, so the cheap comparison saves encoding absurd
        // strings.
        if (text.length() > MAX_TEXT_BYTES
                || text.getBytes(StandardCharsets.UTF_8).length > MAX_TEXT_BYTES) {
            throw new IllegalArgumentException("export " + what + " is longer than "
                    + MAX_TEXT_BYTES + " bytes: it has " + text.length() + " characters");
        }
    }
}
