package io.kelpie.simulator;

import io.kelpie.simulator.CrashPoint.Place;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** Systematic crash points: each type of message, each end of it, sooner and later. */
final class ScriptedRuns {
    private static final List<String> MESSAGES = List.of(
            "Replicate",
            "Acknowledge",
            "Query",
            "Info",
            "Push",
            "Activate",
            "ListRequest",
            "Listing",
            "AddLearner",
            "Request.Change",
            "Request.Allocate",
            "Response.Done",
            "MapUpdate",
            "VersionsRequest",
            "Versions",
            "Pull",
            "DigestRequest",
            "Digest",
            "Request.Discard",
            "Request.WriteInode",
            "Committed",
            "Suspicion",
            "HeartbeatReply",
            "ApplyUpTo");

    private ScriptedRuns() {}

    /** Runs one of them; the number sweeps types first, then ends, then the count. */
    static ClusterSimulation.Report run(long number) {
        return run(number, null);
    }

    static ClusterSimulation.Report run(long number, @Nullable MissingRule missing) {
        int type = (int) (number % MESSAGES.size());
        long rest = number / MESSAGES.size();
        Place place = Place.values()[(int) (rest % Place.values().length)];
        rest /= Place.values().length;
        boolean powerLoss = rest % 4 == 3;
        int count = 1 + (int) Math.min(rest * rest / 2 + rest, 5_000);
        CrashPoint point = new CrashPoint(MESSAGES.get(type), count, place, powerLoss);
        return ClusterSimulation.run(number, ClusterOptions.scripted(point, missing));
    }
}
