package io.kelpie.cluster.recovery;

import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgId;

/**
 * A learning session, for people.
 *
 * @param pg the group
 * @param epoch its partition epoch
 * @param learner the node that learns
 * @param state where the session stands
 * @param reason what it waits for, or why it failed last; empty if neither
 * @param failures how often it failed in this epoch
 * @param objectsCompared objects that were looked at since it started last
 * @param objectsCopied of these, objects of which something was sent
 * @param objectsLeft objects not looked at yet, as counted when it started
 * @param bytesCopied bytes sent
 * @param bytesLeft size of the objects not looked at yet
 */
public record SessionProgress(
        PgId pg,
        long epoch,
        NodeId learner,
        SessionState state,
        String reason,
        int failures,
        long objectsCompared,
        long objectsCopied,
        long objectsLeft,
        long bytesCopied,
        long bytesLeft) {}
