package io.kelpie.cluster.event;

import io.kelpie.cluster.model.NodeId;

import java.util.List;

/** What the event log asks and tells where there are several nodes. Core loop only. */
public interface EventSources {
    /**
     * Who can be asked for events: the other members that take part.
     *
     * @return their nodes, without this one
     */
    List<NodeId> others();

    /**
     * How far every member that takes part is known to have come.
     *
     * @return the lowest index of a last applied event, this node's included; 0 if one is unknown
     */
    long appliedByAll();

    /**
     * The whole state was replaced by another node's, as the events between are forgotten: what was
     * derived from the state is to be made anew.
     */
    void onStateReplaced();
}
