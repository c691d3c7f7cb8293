// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

/**
 * The data of an option is malformed; the message says how and is sent to the client with
 * ERR_INVALID.
 */
public final class OptionFormatException extends Exception {

    private static final long serialVersionUID = 1L;

    private final String why;

    /** Creates one without a stack trace, because a hostile client could ask for many. */
    public OptionFormatException(String message) {
        super(message, null, false, false);
        this.why = message;
    }

    /** Returns what is wrong with the data. */
    public String why() {
        return why;
    }
}
