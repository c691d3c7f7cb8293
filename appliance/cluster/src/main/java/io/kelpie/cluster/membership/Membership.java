package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.ControlMessage.OrderKind;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;

import org.jspecify.annotations.Nullable;

/**
 * Installs map versions and has done what changes them. A node obeys only maps that name its own
 * incarnation. Core loop only.
 */
public sealed interface Membership permits SoleMembership, ClusterMembership {
    /**
     * The map in force.
     *
     * @return the last installed map
     */
    ClusterMap map();

    /**
     * The log of epochs.
     *
     * @return the log
     */
    EpochLog epochs();

    /**
     * What the node is in the cluster now.
     *
     * @return its state, for people
     */
    NodeState state();

    /**
     * Loads the event log, has this process named in the map and installs it.
     *
     * @param completion gets DONE when a map is installed, also the empty one of an unformatted
     *     cluster; NOT_JOINED if the store belongs to another cluster
     */
    void start(Completion<Outcome> completion);

    /**
     * Drops everything on every node and starts a new cluster at epoch 1.
     *
     * @param settings the operator's choices, with the time of creation
     * @param completion gets DONE when the new map is installed
     */
    void format(ClusterSettings settings, Completion<Outcome> completion);

    /**
     * Carries out an operator's word.
     *
     * @param kind what to do
     * @param node the node concerned, or null
     * @param completion gets DONE when the map says so; COORDINATOR_FAILED if nobody could be found
     *     to change it; INVALID_ARGUMENT
     */
    void order(OrderKind kind, @Nullable NodeId node, Completion<Outcome> completion);

    /**
     * Prepares the end of this process: other members become primary of what it served. Ends within
     * ten seconds, also if nobody can take over.
     *
     * @param completion gets DONE when nothing more can be moved away
     */
    void leave(Completion<Outcome> completion);

    /** Ends retries; nothing is installed any more. */
    void close();
}
