package io.kelpie.wire.sheep;

/**
 * Bytes that cannot be a Sheepdog message or structure: too short, or a length beyond its limit.
 * The only exception that decoding foreign bytes may throw. The connection they came from is of no
 * further use.
 */
public final class SheepFormatException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates the error.
     *
     * @param message what was wrong, with the value found and the value expected
     */
    public SheepFormatException(String message) {
        super(message);
    }
}
