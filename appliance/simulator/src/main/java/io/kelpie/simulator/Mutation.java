package io.kelpie.simulator;

/** Planted faults that the checkers must find: a simulator that cannot fail proves nothing. */
enum Mutation {
    /** An honest world. */
    NONE,
    /** A sync is reported but nothing reaches the disk. */
    SYNC_LIES,
    /** A crash of the process alone loses what the operating system should have kept. */
    FORGETS_PAGE_CACHE,
    /** Now and then a write is acknowledged and never applied. */
    DROPS_WRITES,
    /** Now and then a read returns the object as it was some writes ago. */
    STALE_READS,
    /** Now and then only the first half of a write of several pages is applied. */
    TEARS_WRITES,
    /** Now and then a write lands one page beside its place. */
    MISDIRECTS_WRITES,
    /** Damaged pages are served instead of refused. */
    SERVES_ROT,
    /** The coordinator forgets appended events when a node crashes. */
    FORGETS_EVENTS,
    /** A finished call is reported twice. */
    COMPLETES_TWICE,
    /** Now and then a call is never answered. */
    FORGETS_TO_COMPLETE
}
