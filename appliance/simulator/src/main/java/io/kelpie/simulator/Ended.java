package io.kelpie.simulator;

import io.kelpie.cluster.model.ErrorCode;

import org.jspecify.annotations.Nullable;

/**
 * How a call ended.
 *
 * @param result what it returned, null if it failed
 * @param error why it failed, null if it succeeded
 */
record Ended<T>(@Nullable T result, @Nullable ErrorCode error) {
    static <T> Ended<T> done(T result) {
        return new Ended<>(result, null);
    }

    static <T> Ended<T> failed(ErrorCode error) {
        return new Ended<>(null, error);
    }

    boolean isDone() {
        return error == null;
    }

    /** The result of a call that succeeded. */
    T value() {
        if (result == null) {
            throw new IllegalStateException("no result: " + error);
        }
        return result;
    }

    /** The error of a call that failed. */
    ErrorCode failure() {
        if (error == null) {
            throw new IllegalStateException("no error: " + result);
        }
        return error;
    }
}
