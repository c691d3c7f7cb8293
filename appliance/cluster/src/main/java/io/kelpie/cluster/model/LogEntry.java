package io.kelpie.cluster.model;

import org.jspecify.annotations.Nullable;

/**
 * A line of a placement group's operation log: which write gave an object which version.
 *
 * @param object the object
 * @param version its version after the write
 * @param removed whether the write removed it
 * @param operation the client's operation, or null for a write the cluster made for itself
 */
public record LogEntry(
        ObjectId object,
        ObjectVersion version,
        boolean removed,
        @Nullable OperationId operation) {}
