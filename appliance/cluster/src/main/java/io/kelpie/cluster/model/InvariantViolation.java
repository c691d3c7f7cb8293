package io.kelpie.cluster.model;

/** A broken invariant. The core loop answers it by dumping its state and halting the process. */
public final class InvariantViolation extends IllegalStateException {
    private static final long serialVersionUID = 1;

    /**
     * Creates the violation.
     *
     * @param what which invariant was broken, with the values that broke it
     */
    public InvariantViolation(String what) {
        super(what);
    }
}
