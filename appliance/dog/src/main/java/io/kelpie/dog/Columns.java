package io.kelpie.dog;

/**
 * Pads byte strings; a longer text is never cut. Stands in for C's {@code %-8s} and {@code %8s}.
 */
final class Columns {
    private Columns() {}

    /** Returns the text, padded with blanks on the right to at least {@code width} bytes. */
    static String left(String text, int width) {
        return text + blanks(width - text.length());
    }

    /** Returns the text, padded with blanks on the left to at least {@code width} bytes. */
    static String right(String text, int width) {
        return blanks(width - text.length()) + text;
    }

    /** Returns a number padded with blanks on the left. */
    static String right(long number, int width) {
        return right(Long.toString(number), width);
    }

    private static String blanks(int count) {
        return " ".repeat(Math.max(0, count));
    }
}
