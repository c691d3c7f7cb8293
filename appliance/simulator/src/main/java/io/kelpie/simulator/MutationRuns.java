package io.kelpie.simulator;

import org.jspecify.annotations.Nullable;

/** Runs without a rule: seeds as they are drawn, and between them scripted crash points. */
final class MutationRuns {
    private static final int SCRIPTED_SHARE = 3;

    private MutationRuns() {}

    /** Runs a seed without a rule; what fails with all rules as well proves nothing. */
    static ClusterSimulation.Report run(long seed, MissingRule missing) {
        ClusterSimulation.Report report = runOnce(seed, missing);
        return report.failure() != null && runOnce(seed, null).failure() != null
                ? report.withoutFailure()
                : report;
    }

    private static ClusterSimulation.Report runOnce(long seed, @Nullable MissingRule missing) {
        return seed % SCRIPTED_SHARE == 0
                ? ScriptedRuns.run(seed / SCRIPTED_SHARE, missing)
                : ClusterSimulation.run(seed, ClusterOptions.draw(seed, 0, missing));
    }
}
