package io.kelpie.simulator;

/** Runs without a rule: seeds as they are drawn, and between them scripted crash points. */
final class MutationRuns {
    private static final int SCRIPTED_SHARE = 3;

    private MutationRuns() {}

    static ClusterSimulation.Report run(long seed, MissingRule missing) {
        return seed % SCRIPTED_SHARE == 0
                ? ScriptedRuns.run(seed / SCRIPTED_SHARE, missing)
                : ClusterSimulation.run(seed, ClusterOptions.draw(seed, 0, missing));
    }
}
