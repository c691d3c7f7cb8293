package io.kelpie.cluster.testing;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;

import org.jspecify.annotations.Nullable;

/** Notes how a call ended, and refuses that it ends twice. */
public class Ended<T> implements Completion<T> {
    private @Nullable T result;
    private @Nullable ErrorCode error;
    private boolean ended;

    @Override
    public void done(T value) {
        end();
        result = value;
    }

    @Override
    public void failed(ErrorCode code) {
        end();
        error = code;
    }

    private void end() {
        if (ended) {
            throw new IllegalStateException("a completion ended twice");
        }
        ended = true;
    }

    public boolean isEnded() {
        return ended;
    }

    public boolean isDone() {
        return ended && error == null;
    }

    public @Nullable ErrorCode error() {
        return error;
    }

    public T result() {
        T value = result;
        if (value == null) {
            throw new IllegalStateException(
                    ended ? "the call failed with " + error : "the call has not ended");
        }
        return value;
    }
}
