package io.kelpie.cluster.model;

import org.jspecify.annotations.Nullable;

/**
 * Checks of what must hold by construction. They stay on in production: a node that runs on after a
 * broken invariant may confirm a lie.
 */
public final class Invariant {
    private Invariant() {}

    /**
     * Throws unless the condition holds.
     *
     * @param condition what must hold
     * @param what the sentence that is false when the check fails
     * @throws InvariantViolation if the condition is false
     */
    public static void check(boolean condition, String what) {
        if (!condition) {
            throw new InvariantViolation(what);
        }
    }

    /**
     * Throws unless a value is there.
     *
     * @param value what must not be null
     * @param what the sentence that is false when it is
     * @param <T> its type
     * @return the value
     * @throws InvariantViolation if the value is null
     */
    public static <T> T present(@Nullable T value, String what) {
        if (value == null) {
            throw new InvariantViolation(what);
        }
        return value;
    }

    /**
     * As {@link #check(boolean, String)}, with one value for the text, which is built only on
     * failure.
     *
     * @param condition what must hold
     * @param what the sentence that is false when the check fails
     * @param value the value that broke it
     * @throws InvariantViolation if the condition is false
     */
    public static void check(boolean condition, String what, Object value) {
        if (!condition) {
            throw new InvariantViolation(what + ": " + value);
        }
    }
}
