package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgId;

import java.util.List;

/**
 * The way to the controller, whoever it is. What is said is repeated until a newer map shows that
 * the controller acted, or the reason is gone. Core loop only.
 */
public interface ControllerLine {
    /** Nobody to report to: a node that is the whole cluster. */
    ControllerLine NONE = new ControllerLine() {
        @Override
        public void suspect(NodeId accused, Evidence evidence, List<PgId> groups) {}

        @Override
        public void addLearner(PgId pg, long epoch, int learner) {}
    };

    /**
     * Reports that a node does not do its part in some groups.
     *
     * @param accused the node, perhaps this one
     * @param evidence what was seen
     * @param groups the groups concerned; none: all
     */
    void suspect(NodeId accused, Evidence evidence, List<PgId> groups);

    /**
     * Asks to add a learner to the in-sync set; repeated until the group's epoch changes.
     *
     * @param pg the group
     * @param epoch the partition epoch in which it learned
     * @param learner index of the member
     */
    void addLearner(PgId pg, long epoch, int learner);
}
