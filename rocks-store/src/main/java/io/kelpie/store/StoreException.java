package io.kelpie.store;

import org.jspecify.annotations.Nullable;

/**
 * An operation of the store that could not be done; the kind says what the caller can do about it.
 */
public final class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Kind kind;

    /** Why an operation could not be done. */
    public enum Kind {
        /**
         * The disk or the file system failed, or the store broke earlier. A broken store refuses
         * all writes until it is opened anew; see {@link ObjectStore#failure()}.
         */
        IO,
        /**
         * Stored bytes are not what was written, or synced writes are missing. Other objects are
         * unaffected.
         */
        CORRUPTION,
        /**
         * No space; nothing of the batch was applied. Deletes and overwrites may still work; try
         * again later.
         */
        NO_SPACE,
        /** The store is closed. */
        CLOSED,
        /** A batch changes, or a read names, an object that does not exist; nothing was applied. */
        NOT_FOUND,
        /**
         * A batch creates an object that exists, or whose id belongs to another kind; nothing was
         * applied.
         */
        EXISTS,
        /** The directory is open in another process, or in this one. */
        LOCKED,
        /**
         * The directory cannot be used: foreign files, no permission, not a directory, a newer
         * format, or the library does not run here.
         */
        UNUSABLE
    }

    /** An exception with a one-line text that says what, with which value, and what to do. */
    public StoreException(Kind kind, String message) {
        this(kind, message, null);
    }

    /** The same with the library's exception. */
    public StoreException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** Why. */
    public Kind kind() {
        return kind;
    }
}
