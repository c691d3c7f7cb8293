package io.kelpie.cluster.model;

/** What a member does, as the map says. */
public enum MemberState {
    /** Takes part. */
    UP,
    /** Takes part, and its groups' primaries move away: it is about to leave. */
    DRAIN,
    /** Does not answer; keeps its place, and what it alone holds stays its own. */
    DOWN,
    /** Left for good: its data moves to others. */
    OUT;

    /**
     * Whether a member takes part.
     *
     * @return true while it serves
     */
    public boolean isAlive() {
        return this == UP || this == DRAIN;
    }
}
