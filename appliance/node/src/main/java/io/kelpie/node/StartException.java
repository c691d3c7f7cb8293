package io.kelpie.node;

/** A node could not start. The message is one line that says what is wrong and what to do. */
public final class StartException extends Exception {
    private static final long serialVersionUID = 1;

    private final String line;

    /**
     * Creates the exception.
     *
     * @param what one line for people
     * @param cause what happened
     */
    public StartException(String what, Throwable cause) {
        super(what, cause);
        this.line = what.replace('\n', ' ');
    }

    /**
     * Creates an exception without a cause.
     *
     * @param what one line for people
     */
    public StartException(String what) {
        super(what);
        this.line = what.replace('\n', ' ');
    }

    /**
     * What people are told.
     *
     * @return one line
     */
    public String line() {
        return line;
    }
}
