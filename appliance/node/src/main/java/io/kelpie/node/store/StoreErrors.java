package io.kelpie.node.store;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.store.StoreException;

/** The one place where failures of the object store become operating errors. */
final class StoreErrors {
    private StoreErrors() {}

    static ErrorCode codeOf(StoreException failure) {
        return codeOf(failure.kind());
    }

    static ErrorCode codeOf(StoreException.Kind kind) {
        return switch (kind) {
            case IO, LOCKED, UNUSABLE -> ErrorCode.IO_ERROR;
            case CORRUPTION -> ErrorCode.CORRUPT_OBJECT;
            case NO_SPACE -> ErrorCode.NO_SPACE;
            case CLOSED -> ErrorCode.SHUTTING_DOWN;
            case NOT_FOUND -> ErrorCode.NO_SUCH_OBJECT;
            // Only an id that belongs to another kind gets here: creation replaces its own kind.
            case EXISTS -> ErrorCode.INVALID_ARGUMENT;
        };
    }
}
