package io.kelpie.store.format;

/** Bytes that are not a record of the expected format; the message says what is wrong with them. */
public final class DamagedRecordException extends Exception {
    private static final long serialVersionUID = 1L;

    /** With what is wrong. */
    public DamagedRecordException(String message) {
        super(message);
    }
}
