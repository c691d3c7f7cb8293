package io.kelpie.dog;

import java.util.Objects;

/** What is said when the word behind a subcommand is missing or unknown. */
final class NestedWords {
    private NestedWords() {}

    /** Prints the subcommand's usage and returns the exit with 1. */
    static DogExit refuse(Invocation invocation, String group, String name) {
        Subcommand subcommand = Objects.requireNonNull(new CommandTable().find(group, name));
        invocation.console().print(subcommand.usage());
        return DogExit.immediately(ExitStatus.FAILURE);
    }
}
