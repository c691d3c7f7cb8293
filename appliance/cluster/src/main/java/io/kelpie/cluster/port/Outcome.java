package io.kelpie.cluster.port;

/** The result of a call that returns nothing but success. */
public enum Outcome {
    /** Done. */
    DONE
}
