package io.kelpie.wire.sheep;

/** How a node executes an opcode. */
public enum OperationClass {
    /** Object request of a client; routed to the nodes that hold the object. */
    GATEWAY,
    /** Executed under the cluster's total order of events. */
    CLUSTER,
    /** Answered by the receiving node from its own state. */
    LOCAL,
    /** Object request between upstream nodes; executed on local storage only. */
    PEER
}
