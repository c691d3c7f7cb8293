// Kelpie, Apache-2.0.
package io.kelpie.nbd;

/** Why an export is not opened, or not listed; the option reply's error follows from it. */
public enum ExportRefusal {
    /** No export has this name (ERR_UNKNOWN); the text should name the choices. */
    UNKNOWN,
    /**
     * The export exists and may not be used by this client or now, for example locked (ERR_POLICY).
     */
    POLICY,
    /** The export is for clients inside TLS only, and this one is not (ERR_TLS_REQD). */
    TLS_REQUIRED,
    /**
     * The export exists and cannot be opened because something is broken (ERR_UNKNOWN, "not
     * available").
     */
    UNAVAILABLE,
    /** The server is going down (ERR_SHUTDOWN). */
    SHUTDOWN
}
