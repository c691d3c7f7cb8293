package io.kelpie.system;

/** What is done to a cluster, and how often compared with the others. */
enum FaultKind {
    /** The time before the first fault. */
    NONE(0),
    /** kill -9 of one node, started again at once or some seconds later. */
    KILL(6),
    /** kill -9 of two nodes at once. */
    KILL_TWO(2),
    /** kill -9 of every node at once. */
    KILL_ALL(1),
    /** A node is asked to end, as for an upgrade. */
    TERMINATE(2),
    /** SIGSTOP for 1 to 10 seconds. */
    FREEZE(5),
    /** One node loses its peers, not the coordinator. */
    CUT_PEERS(3),
    /** One node loses the coordinator, not its peers. */
    CUT_COORDINATOR(2),
    /** One node loses peers and coordinator; clients still reach it. */
    CUT_ALL(3),
    /** What one node sends to one other does not arrive. */
    MUTE(2),
    /** ZooKeeper is killed and starts again after 1 to 15 seconds. */
    ZOOKEEPER(3),
    /** A node dies while ZooKeeper is away. */
    ZOOKEEPER_AND_KILL(2),
    /** Bits flip in the files of a stopped node. */
    FLIP(2);

    private final int weight;

    FaultKind(int weight) {
        this.weight = weight;
    }

    int weight() {
        return weight;
    }
}
