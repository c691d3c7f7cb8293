package io.kelpie.store.format;

/** A store of a format that this version does not know. */
public final class NewerFormatException extends Exception {
    private static final long serialVersionUID = 1L;

    /** With the format found. */
    public NewerFormatException(int format) {
        super("store has format " + Integer.toUnsignedString(format) + ", this version knows up to "
                + Superblock.FORMAT_1);
    }
}
