package io.kelpie.cluster.port;

import io.kelpie.cluster.model.ErrorCode;

/**
 * Receives the one outcome of an asynchronous call, on the core loop, never before the call has
 * returned.
 *
 * @param <T> the result; {@code Void} completions get {@code null} through {@link Outcome#DONE}
 */
public interface Completion<T> {
    /**
     * The call succeeded.
     *
     * @param result its result; ownership of payloads inside passes to the receiver
     */
    void done(T result);

    /**
     * The call failed; it had no effect unless the port says otherwise.
     *
     * @param error why
     */
    void failed(ErrorCode error);
}
