package io.kelpie.cluster.port;

/**
 * Bytes of an object as they are stored.
 *
 * @param offset first byte in the object
 * @param payload the bytes, owned by the receiver
 */
public record StoredPiece(long offset, Payload payload) {}
