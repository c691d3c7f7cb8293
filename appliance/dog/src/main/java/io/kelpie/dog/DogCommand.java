package io.kelpie.dog;

/** One subcommand. Called once per process. */
interface DogCommand {
    /**
     * Does the work and prints the results.
     *
     * @return the exit status; {@link ExitStatus#USAGE} also prints the usage text
     * @throws NoAnswerException if the daemon does not answer and the command has nothing to add:
     *     status 2
     */
    int run(Invocation invocation) throws NoAnswerException;

    /**
     * Returns whether the node list is fetched before the command, and before its operands are
     * missed.
     */
    default boolean needsNodes() {
        return false;
    }

    /** Returns how many operands must be there; fewer are answered with the usage text. */
    default int minOperands() {
        return 0;
    }
}
