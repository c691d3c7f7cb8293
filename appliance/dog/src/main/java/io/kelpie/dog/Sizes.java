package io.kelpie.dog;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** Sizes as they are typed and printed. */
final class Sizes {
    /** What {@link #parse} returns for text that is no size; no size is negative. */
    static final long INVALID = -1;

    private static final String UNIT_LETTERS = "BKMGTP";
    private static final String[] PRINTED_UNITS = {"MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
    private static final double STEP = 1024;

    private Sizes() {}

    /**
     * Reads a size: a decimal number, possibly with a fraction and an exponent, and at most one
     * unit letter in either case.
     *
     * @return bytes, 0..2^63-1, or {@link #INVALID}. Upstream lets negative numbers wrap to huge
     *     ones that fail a later check; here they are no size to begin with
     */
    static long parse(String text) {
        int unit = text.isEmpty()
                ? -1
                : UNIT_LETTERS.indexOf(Character.toUpperCase(text.charAt(text.length() - 1)));
        String digits = unit < 0 ? text : text.substring(0, text.length() - 1);
        if (!isPlainNumber(digits)) {
            return INVALID;
        }
        double bytes = Double.parseDouble(digits) * Math.pow(STEP, Math.max(0, unit));
        return bytes >= 0 && bytes < 0x1p63 ? (long) bytes : INVALID;
    }

    /**
     * Prints a size.
     *
     * @param bytes unsigned
     * @param raw decimal bytes instead of the largest fitting unit from MB on
     */
    static String print(long bytes, boolean raw) {
        if (raw) {
            return Long.toUnsignedString(bytes);
        }
        double number = ((bytes >>> 1) * 2.0 + (bytes & 1)) / (STEP * STEP);
        int unit = 0;
        while (number >= STEP && unit < PRINTED_UNITS.length - 1) {
            number /= STEP;
            unit++;
        }
        BigDecimal rounded =
                new BigDecimal(number).setScale(number < 10 ? 1 : 0, RoundingMode.HALF_EVEN);
        return rounded.toPlainString() + " " + PRINTED_UNITS[unit];
    }

    /**
     * Java's parser also takes blanks, NaN, hexadecimal and type suffixes; C's does not, or not so.
     */
    private static boolean isPlainNumber(String text) {
        boolean digit = false;
        int i = text.startsWith("+") ? 1 : 0;
        for (; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean exponentSign =
                    i > 0 && (c == '+' || c == '-') && isExponent(text.charAt(i - 1));
            if (c >= '0' && c <= '9') {
                digit = true;
            } else if (c != '.' && !exponentSign && !(digit && isExponent(c))) {
                return false;
            }
        }
        if (!digit) {
            return false;
        }
        try {
            return Double.parseDouble(text) >= 0;
        } catch (NumberFormatException e) {
            return false; // Two points or two exponents.
        }
    }

    private static boolean isExponent(char c) {
        return c == 'e' || c == 'E';
    }
}
