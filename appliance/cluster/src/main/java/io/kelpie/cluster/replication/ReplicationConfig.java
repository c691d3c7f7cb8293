package io.kelpie.cluster.replication;

/**
 * What replication has to know of its node.
 *
 * @param unclean the host stopped without the store having been synced: the log may lack lines, so
 *     the copies are compared in full
 * @param rules the rules in force, {@link Rules#ALL} in production
 */
public record ReplicationConfig(boolean unclean, Rules rules) {
    /** A node that was stopped in order or crashed with its host alive. */
    public static final ReplicationConfig CLEAN = new ReplicationConfig(false, Rules.ALL);
}
