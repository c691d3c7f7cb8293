// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import org.jspecify.annotations.Nullable;

/** The server could not start; the message says which address, why, and what to do. */
public final class NbdServerException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** What kept the server from listening. */
    public enum Kind {
        /** Another process listens there. */
        ADDRESS_IN_USE,
        /** The address is not one of this host, or not understood. */
        BAD_ADDRESS,
        /** This user may not listen there. */
        PERMISSION,
        /** A file of the TLS configuration is missing or not what it should be. */
        BAD_TLS,
        /** Anything else; the cause tells. */
        IO
    }

    private final Kind kind;

    NbdServerException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** Returns what kept the server from listening. */
    public Kind kind() {
        return kind;
    }
}
