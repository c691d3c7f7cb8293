package io.kelpie.fuse;

import java.util.Objects;

/**
 * The one exception of this library. An {@link ImageDirectory} or {@link ImageFile} throws it to
 * choose the errno of a request; {@link FuseMount#mount} throws it when nothing could be mounted,
 * with a message of one line that says what to do. Immutable but for the stack trace.
 */
public final class FuseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final FuseError error;

    /**
     * An error with its reason.
     *
     * @param error what the kernel is told
     * @param why what was wrong, with its value; one line, for people
     */
    public FuseException(FuseError error, String why) {
        super(why);
        this.error = Objects.requireNonNull(error, "error");
    }

    /**
     * An error that another exception caused.
     *
     * @param error what the kernel is told
     * @param why what was wrong, with its value; one line, for people
     * @param cause the reason behind it
     */
    public FuseException(FuseError error, String why, Throwable cause) {
        super(why, cause);
        this.error = Objects.requireNonNull(error, "error");
    }

    /**
     * What the kernel is told.
     *
     * @return the error, never null
     */
    public FuseError error() {
        return error;
    }
}
