package io.kelpie.cluster.port;

/** A message between nodes; the families are in {@code io.kelpie.cluster.message}. */
public interface PeerMessage {
    /** Drops the references of payloads inside; for who received a message and drops it unread. */
    default void release() {}
}
