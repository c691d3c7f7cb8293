package io.kelpie.cluster.port;

import java.util.List;

/**
 * Changes that the local store applies atomically.
 *
 * @param operations the changes, applied in order; {@link StoreOperation.DropEverything} stands
 *     alone
 * @param durable true: completes after the batch is synced to disk; false: completes when the batch
 *     survives a crash of the process
 */
public record StoreBatch(List<StoreOperation> operations, boolean durable) {
    /** Copies the list. */
    public StoreBatch {
        operations = List.copyOf(operations);
    }
}
