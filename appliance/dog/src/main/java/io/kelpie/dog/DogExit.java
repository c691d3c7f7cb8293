package io.kelpie.dog;

/** Ends a command with a status, after whatever was to be said has been printed. */
final class DogExit extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final boolean immediate;

    private DogExit(int status, boolean immediate) {
        super("exit " + status, null, false, false);
        this.status = status;
        this.immediate = immediate;
    }

    /** Ends the program: neither the usage text nor the elapsed time follows. */
    static DogExit immediately(int status) {
        return new DogExit(status, true);
    }

    /** Ends the command as if it had returned this status. */
    static DogExit returning(int status) {
        return new DogExit(status, false);
    }

    int status() {
        return status;
    }

    boolean isImmediate() {
        return immediate;
    }
}
