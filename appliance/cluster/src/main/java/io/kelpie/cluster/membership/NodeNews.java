package io.kelpie.cluster.membership;

/** News of this node's part in the cluster, for what is composed above. Core loop only. */
public interface NodeNews {
    /**
     * The cluster's state is known here: heartbeats may begin, and this node may become the
     * controller. Before that it must not, as it would edit without knowing of formats.
     */
    void onLoaded();

    /**
     * The node is something else now, or waits for something else.
     *
     * @param state what it is
     */
    default void onState(NodeState state) {}

    /**
     * A format begins: requests must be refused with NOT_FORMATTED from now on. The store is
     * emptied when the task was run, or after ten seconds; from then on no write of the groups of
     * the map in force may reach the store. The next map ends it.
     *
     * @param idle to be run when no request is in flight any more, perhaps at once
     */
    void onFormat(Runnable idle);

    /**
     * This process should end.
     *
     * @param reason why
     */
    void onStop(StopReason reason);

    /** Why a process should end. */
    enum StopReason {
        /** An operator stopped this node: leave, then end. */
        KILLED,
        /** The cluster was stopped: finish what is in flight, mark the store clean, end. */
        CLUSTER_SHUTDOWN,
        /** Another process took over this node's identity: end at once, without leaving. */
        TAKEN_OVER
    }
}
