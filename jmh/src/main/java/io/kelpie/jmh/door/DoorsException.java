package io.kelpie.jmh.door;

/** The measurement cannot go on; the text says why and what to do, on one line. */
final class DoorsException extends RuntimeException {
    private static final long serialVersionUID = 1;

    DoorsException(String message) {
        super(message);
    }

    DoorsException(String message, Throwable cause) {
        super(message, cause);
    }
}
