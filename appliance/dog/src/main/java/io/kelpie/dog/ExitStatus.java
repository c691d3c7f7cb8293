package io.kelpie.dog;

/** Exit statuses of {@code dog}; scripts depend on the numbers. */
final class ExitStatus {
    /** Done, and also when a question was answered with anything but yes. */
    static final int SUCCESS = 0;

    /** The cluster refused, or an argument names nothing. */
    static final int FAILURE = 1;

    /** No daemon, or a local I/O error. */
    static final int SYSTEM_FAILURE = 2;

    /** The attribute exists already. */
    static final int EXISTS = 3;

    /** No such VDI or attribute. */
    static final int MISSING = 5;

    /** The command line is wrong. */
    static final int USAGE = 64;

    /** Minus one as a status: a request of some {@code node} commands failed. */
    static final int NEGATIVE = 255;

    private ExitStatus() {}
}
