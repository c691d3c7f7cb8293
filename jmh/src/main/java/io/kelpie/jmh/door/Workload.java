package io.kelpie.jmh.door;

import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * One row: what is done to each peer.
 *
 * @param name words with dashes
 * @param unit what is compared
 * @param tools programs it needs
 * @param peers who is measured, the one that others are compared with first
 * @param action runs it once on a peer
 */
record Workload(
        String name, Unit unit, Set<Tool> tools, Function<World, List<Peer>> peers, Action action) {
    /** What is compared. */
    enum Unit {
        /** Requests each second; CPU in microseconds for each request. */
        REQUESTS("req/s", "us CPU/req"),
        /** MiB each second; CPU in seconds for each GiB. */
        BYTES("MiB/s", "s CPU/GiB");

        private final String speed;
        private final String cost;

        Unit(String speed, String cost) {
            this.speed = speed;
            this.cost = cost;
        }

        String speed() {
            return speed;
        }

        String cost() {
            return cost;
        }
    }

    /** Runs a workload. */
    interface Action {
        /** Once on a peer, for about so many seconds. */
        Result run(World world, Peer peer, int seconds);
    }
}
