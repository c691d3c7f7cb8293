package io.kelpie.simulator;

/** What may go wrong among several nodes. The design claims to survive all of it. */
enum ClusterFault {
    /** A process dies; its host tells the others. */
    CRASH,
    /** A host dies without a word, and what was not synced with it. */
    HOST_CRASH,
    /** All hosts lose power at once. */
    POWER_LOSS,
    /** A node is stopped in an orderly way and started again. */
    CLEAN_RESTART,
    /** A process stands still for a while, perhaps longer than a lease. */
    PAUSE,
    /** Two hosts do not hear each other for a while. */
    CUT,
    /** One host does not hear another, which hears it well. */
    ONE_WAY_CUT,
    /** One host hears nobody and nobody hears it, the coordinator perhaps. */
    ISOLATION,
    /** What connects two hosts breaks. */
    RESET,
    /** Messages between two hosts take much longer. */
    SLOW_LINK,
    /** A host does not reach the coordinator. */
    COORDINATOR_CUT,
    /** Nobody reaches the coordinator. */
    COORDINATOR_OUTAGE,
    /** Answers of the coordinator get lost. */
    LOST_ANSWERS,
    /** The node that edits the map dies. */
    CONTROLLER_CRASH,
    /** A node loses its disk and comes back as a new one. */
    DISK_LOSS,
    /** A disk is slow. */
    SLOW_DISK,
    /** A disk does not end a sync for a while. */
    STUCK_SYNC,
    /** A disk has no room. */
    FULL_DISK,
    /** A disk breaks until its process is replaced. */
    BROKEN_DISK,
    /** A stored page fails its checksum. */
    ROT,
    /** The wall clock of a host jumps. */
    CLOCK_JUMP,
    /** A client's connection ends and it goes to another node. */
    RECONNECT
}
