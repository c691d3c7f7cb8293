package io.kelpie.cluster.recovery;

/** Where a learning session stands ({@code cluster.md} 16.3). */
public enum SessionState {
    /** Recovery is switched off, or all places are taken, here or at the learner. */
    WAIT_SLOT,
    /** Differences are found and pushed, later writes forwarded. */
    COPY,
    /** Everything is sent: writes need the learner now, what was sent before is awaited. */
    REQUIRE,
    /** The controller was asked; there is no way back but a newer partition epoch. */
    REQUESTED,
    /** Something went wrong; tried again after a while. */
    FAILED
}
