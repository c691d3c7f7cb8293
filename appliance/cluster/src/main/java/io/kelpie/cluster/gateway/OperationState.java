package io.kelpie.cluster.gateway;

import io.kelpie.cluster.model.OperationId;

/**
 * An operation of the gateway, for people.
 *
 * @param operation its identity
 * @param what what is asked, in words
 * @param attempts how often it was sent
 * @param ageNanos how long ago it began
 * @param reason what it waits for
 */
public record OperationState(
        OperationId operation, String what, int attempts, long ageNanos, String reason) {}
