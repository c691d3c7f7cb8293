package io.kelpie.simulator;

import org.jspecify.annotations.Nullable;

/** Runs without a rule: seeds as they are drawn, and between them scripted crash points. */
final class MutationRuns {
    private static final int SCRIPTED_SHARE = 3;
    /**
     * Broken now and then with all rules in force, so its breach does not tell what was missing.
     */
    private static final String OFTEN_BROKEN = "a deleted disk leaves no data object";

    private MutationRuns() {}

    /** Runs a seed without a rule; what fails with all rules as well proves nothing. */
    static ClusterSimulation.Report run(long seed, MissingRule missing) {
        ClusterSimulation.Report report = runOnce(seed, missing);
        SimulationFailure failure = report.failure();
        if (failure == null) {
            return report;
        }
        boolean telling = failure.kind() == SimulationFailure.Kind.CORRECTNESS
                && !failure.rule().equals(OFTEN_BROKEN);
        return telling && runOnce(seed, null).failure() == null ? report : report.withoutFailure();
    }

    private static ClusterSimulation.Report runOnce(long seed, @Nullable MissingRule missing) {
        return seed % SCRIPTED_SHARE == 0
                ? ScriptedRuns.run(seed / SCRIPTED_SHARE, missing)
                : ClusterSimulation.run(seed, ClusterOptions.draw(seed, 0, missing));
    }
}
