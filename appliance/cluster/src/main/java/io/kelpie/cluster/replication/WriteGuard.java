package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.ErrorCode;

import org.jspecify.annotations.Nullable;

/** Asked by a primary before it orders a write. Core loop only. */
public interface WriteGuard {
    /** Lets everything pass. */
    WriteGuard NONE = change -> null;

    /**
     * Whether a write must not happen.
     *
     * @param change the change; borrowed
     * @return why not, or null if it may
     */
    @Nullable
    ErrorCode refusalOf(ObjectChange change);
}
