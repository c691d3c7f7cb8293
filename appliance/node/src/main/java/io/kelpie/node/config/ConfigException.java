package io.kelpie.node.config;

/** The configuration cannot be used. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1;

    private final String output;

    /**
     * Creates the exception.
     *
     * @param what what is wrong, with the value: the lines for the standard error stream
     */
    public ConfigException(String what) {
        this(what, "");
    }

    /**
     * Creates an exception with an explanation.
     *
     * @param what what is wrong, with the value: the lines for the standard error stream
     * @param output lines for the standard output stream, may be empty
     */
    public ConfigException(String what, String output) {
        super(what);
        this.output = output;
    }

    /**
     * What explains the choices.
     *
     * @return lines for the standard output stream, may be empty
     */
    public String output() {
        return output;
    }
}
