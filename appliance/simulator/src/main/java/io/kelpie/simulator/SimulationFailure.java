package io.kelpie.simulator;

/** Ends a run: something that must hold does not. */
final class SimulationFailure extends IllegalStateException {
    private static final long serialVersionUID = 1;

    private final Kind kind;
    private final String rule;

    SimulationFailure(Kind kind, String rule, String detail) {
        super(rule + ": " + detail);
        this.kind = kind;
        this.rule = rule;
    }

    Kind kind() {
        return kind;
    }

    /** The rule that was broken, without the values. */
    String rule() {
        return rule;
    }

    /** What a failure means; each has its own exit code. */
    enum Kind {
        /** The code under test threw, for example a broken invariant. */
        CRASH(1),
        /** A client or a port saw what it must never see. */
        CORRECTNESS(2),
        /** Something did not end in its time, or was never given back. */
        LIVENESS(3),
        /** One seed gave two different runs. */
        DETERMINISM(4);

        private final int exitCode;

        Kind(int exitCode) {
            this.exitCode = exitCode;
        }

        int exitCode() {
            return exitCode;
        }
    }
}
