package io.kelpie.simulator;

import java.util.Locale;

/**
 * A fault that was drawn before the run, so that it can be left out of another run of the seed.
 *
 * @param timeNanos when, after the load began
 * @param kind what
 * @param first number of the node concerned
 * @param second number of the other node, if there is one
 * @param lengthNanos how long it lasts
 * @param draw decides what else there is to decide
 */
record PlannedFault(
        long timeNanos, ClusterFault kind, int first, int second, long lengthNanos, long draw) {
    /** For people. */
    String describe() {
        return String.format(
                Locale.ROOT,
                "%8.3f s %s n%d%s for %.3f s",
                timeNanos / 1e9,
                kind,
                first,
                second == first ? "" : " n" + second,
                lengthNanos / 1e9);
    }
}
