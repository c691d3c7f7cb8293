package io.kelpie.dog;

import org.jspecify.annotations.Nullable;

/**
 * An option a subcommand accepts.
 *
 * @param letter the short form
 * @param name the long form without dashes; what the usage line shows as the argument's name
 * @param hasArgument whether an argument follows
 * @param description one line for the usage text; a newline in it continues under the first line
 */
record Option(char letter, String name, boolean hasArgument, String description) {
    private static final Option[] COMMON = {
        new Option('a', "address", true, "specify the daemon address (default: localhost)"),
        new Option('p', "port", true, "specify the daemon port"),
        new Option('h', "help", false, "display this help and exit"),
        new Option('T', "time", false, "show elapsed time"),
        new Option(
                'r',
                "raw",
                false,
                "raw output mode: omit headers, separate fields with\n"
                        + "single spaces and print all sizes in decimal bytes"),
        new Option('v', "verbose", false, "print more information than default"),
    };

    /** Returns the option that every group knows by this letter, or null. */
    static @Nullable Option common(char letter) {
        for (Option option : COMMON) {
            if (option.letter == letter) {
                return option;
            }
        }
        return null;
    }
}
