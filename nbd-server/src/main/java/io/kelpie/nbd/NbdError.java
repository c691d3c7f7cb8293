// Kelpie, Apache-2.0.
package io.kelpie.nbd;

/**
 * Why a request failed, as the eight error numbers that the NBD protocol knows.
 *
 * <p>A device picks one of them for {@link Reply#failed}; the server puts {@link #number()} into
 * the reply.
 */
public enum NbdError {
    /** Not permitted: the export is read-only or the caller lost its right to write. */
    EPERM(1),
    /** The device could not read or store the bytes. */
    EIO(5),
    /** Not enough memory for this request at this moment. */
    ENOMEM(12),
    /** The request is malformed: unknown flag, range outside the export, wrong block size. */
    EINVAL(22),
    /** No space left, or a write beyond the end of the export. */
    ENOSPC(28),
    /**
     * The value is too large; the protocol wants it for unfragmented reads only, everywhere else it
     * says EINVAL.
     */
    EOVERFLOW(75),
    /** The operation is not supported in this form, for example a fast zero that would be slow. */
    ENOTSUP(95),
    /** The server or the device is shutting down. */
    ESHUTDOWN(108);

    private final int number;

    NbdError(int number) {
        this.number = number;
    }

    /** Returns the error number on the wire, the same on every operating system. */
    public int number() {
        return number;
    }
}
