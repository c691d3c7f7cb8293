package io.kelpie.node.coordinator;

import io.kelpie.cluster.model.ErrorCode;

/** A call of the core failed, with the error that it gets. */
final class CallFailedException extends Exception {
    private static final long serialVersionUID = 1;

    private final ErrorCode error;

    /**
     * @param error what the core gets
     * @param what what people get
     */
    CallFailedException(ErrorCode error, String what) {
        super(what);
        this.error = error;
    }

    ErrorCode error() {
        return error;
    }
}
