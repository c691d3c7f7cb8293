package io.kelpie.store;

/**
 * Stands for a batch that was applied. Once {@link ObjectStore#syncedThrough()} has reached its
 * sequence, the batch survives the loss of power.
 *
 * @param sequence rises with every batch of one store; later tickets cover earlier ones
 */
public record SyncTicket(long sequence) {}
