package io.kelpie.dog;

import org.jspecify.annotations.Nullable;

/** Reads operands that are sizes, and explains how they are written when they are not. */
final class SizeOperands {
    private SizeOperands() {}

    /**
     * Reads an operand; on a bad one explains and ends the command with the usage text.
     *
     * @return bytes, or {@code absent} if there is no such operand
     */
    static long read(Invocation invocation, int index, long absent) {
        @Nullable String text = invocation.options().operand(index);
        if (text == null) {
            return absent;
        }
        long bytes = Sizes.parse(text);
        if (bytes == Sizes.INVALID) {
            invocation.console().error("Invalid size '" + text + "'");
            invocation
                    .console()
                    .error(
                            "You may use B, K, M, G, T or P suffixes for bytes, kilobytes, megabytes, gigabytes,"
                                    + " terabytes and petabytes.");
            throw DogExit.returning(ExitStatus.USAGE);
        }
        return bytes;
    }
}
