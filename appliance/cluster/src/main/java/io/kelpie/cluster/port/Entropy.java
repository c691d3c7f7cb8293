package io.kelpie.cluster.port;

/** Source of randomness for ids and jitter; seeded in the simulator. Core loop only. */
public interface Entropy {
    /**
     * Draws 64 random bits.
     *
     * @return any value
     */
    long next();
}
